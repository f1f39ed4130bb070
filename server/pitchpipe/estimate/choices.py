"""What else one could do: changes that save, all methods side by side, what a device can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from pitchpipe.estimate.adapted import adapted_names, other_ranks
from pitchpipe.estimate.calibration import NOTHING_LEARNT, Calibration
from pitchpipe.estimate.memory import Records, estimate, layer_types
from pitchpipe.estimate.numbers import size_of
from pitchpipe.estimate.result import Estimate
from pitchpipe.estimate.step import Step
from pitchpipe.modules import ModelShape
from pitchpipe.targets import Choice, Method, targets

ROWS = "training.per_device_train_batch_size"
STEPS = "training.gradient_accumulation_steps"
LEAST_LENGTH = 32
MOST_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a step, and what one pays for it, for people.

    `keys` are the workflow's keys with their new values; none where no key says it, and `words` do.
    """

    step: Step
    cost: str
    keys: tuple[tuple[str, bool | int | str], ...] = ()
    words: str = ""

    @property
    def text(self) -> str:
        return self.words or ", ".join(f"{key}: {_written(value)}" for key, value in self.keys)


@dataclass(frozen=True, slots=True)
class Saving:
    """`bytes` is what is needed less with a change."""

    change: Change
    bytes: int


def changes(shape: ModelShape, step: Step) -> Iterator[Change]:
    """What one could do with less memory, those that cost least first."""
    if step.optimizer == "adamw_torch":
        other = replace(step, optimizer="adamw_torch_fused")
        yield Change(other, "nothing", (("training.optim", "adamw_torch_fused"),))
    if not step.checkpointing:
        yield Change(
            replace(step, checkpointing=True),
            "a second forward pass: up to a third more time",
            (("training.gradient_checkpointing", True),),
        )
    if step.batch_size > 1:
        half = step.batch_size // 2
        share = half / step.batch_size
        other = replace(
            step,
            batch_size=half,
            accumulation=step.accumulation * 2,
            learnt_tokens=None if step.learnt_tokens is None else round(step.learnt_tokens * share),
        )
        yield Change(
            other,
            "the same batch in smaller pieces: somewhat slower",
            ((ROWS, half), (STEPS, other.accumulation)),
        )
    if step.loss in ("full", "full-shifted"):
        yield Change(
            replace(step, loss="fused"),
            "another package; CUDA only",
            words="a fused loss (Liger)",
        )
    whole = step.method in ("full", "freeze") or bool(step.modules_to_save)
    if whole and "8bit" not in step.optimizer:
        yield Change(
            replace(step, optimizer="adamw_bnb_8bit"),
            "bitsandbytes; moments with 8 bits",
            (("training.optim", "adamw_bnb_8bit"),),
        )
    if step.method not in ("full", "freeze") and step.quantization is None:
        yield Change(
            replace(step, quantization="nf4"),
            "slower, and a base that is rounded to 4 bits",
            (("method.type", "qlora"),) if step.method == "lora" else (),
            "" if step.method == "lora" else "a base in 4 bits",
        )
    if step.method in ("full", "freeze"):
        yield Change(
            _as_lora(shape, step),
            "an adapter instead of all weights: less room to change the model",
            (("method.type", "lora"),),
        )
    elif (step.trained_dtype or "float32") != step.dtype:
        yield Change(
            replace(step, trained_dtype=step.dtype),
            "small updates are rounded away",
            words=f"adapters in {step.dtype}",
        )
    if step.length > LEAST_LENGTH:
        shorter = step.length // 2
        columns = None if step.logits_columns is None else min(step.logits_columns, shorter)
        learnt = None if step.learnt_tokens is None else step.learnt_tokens // 2
        yield Change(
            replace(step, length=shorter, logits_columns=columns, learnt_tokens=learnt),
            "longer rows are cut or left out",
            (("data.max_length", shorter),),
        )


def _written(value: bool | int | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _as_lora(shape: ModelShape, step: Step) -> Step:
    adapted, ranks = linear_layers(shape), ()
    if any(g.kind == "experts" for g in shape.groups):  # PEFT adapts their parameters with them
        found = targets(shape, Choice("all-linear"), Method(r=step.rank))
        adapted, ranks = adapted_names(found), other_ranks(found, step.rank)
    return replace(
        step,
        method="lora",
        adapted=adapted,
        ranks=ranks,
        modules_to_save=(),
        trained_dtype=None,
        autocast=None,
    )


def linear_layers(shape: ModelShape) -> tuple[str, ...]:
    """The groups that `all-linear` means: linear layers but the head. Experts come on top."""
    return tuple(
        g.path
        for g in shape.groups
        if g.kind in ("linear", "conv1d") and g.role != "head" and "{}" in g.path
    )


def compare(
    shape: ModelShape, step: Step, records: Records, calibration: Calibration = NOTHING_LEARNT
) -> dict[str, Estimate]:
    """The same batch with every method, by its name; `step`'s own modules where it has some.

    A method that trains nothing of the model, or of which nobody knows whether it does, is missing.
    """
    base = replace(step, adapted=(), quantization=None, upcast_kbit=False, use_dora=False)
    lora = _as_lora(shape, base)
    if step.adapted:
        lora = replace(lora, adapted=step.adapted, ranks=step.ranks)
    whole = replace(base, method="full", modules_to_save=(), dropout=0.0)
    steps = {
        "full": whole,
        "freeze": replace(whole, method="freeze"),
        "lora": lora,
        "dora": replace(lora, use_dora=True),
        "qlora": replace(lora, quantization="nf4"),
        "lora, 8 bits": replace(lora, quantization="int8"),
        "ia3": replace(lora, method="ia3"),
        "adalora": replace(lora, method="adalora"),
        "loha": replace(lora, method="loha"),
        "lokr": replace(lora, method="lokr"),
        "vera": replace(lora, method="vera"),
        "prompt-tuning": replace(lora, method="prompt-tuning", adapted=()),
        "prefix-tuning": replace(lora, method="prefix-tuning", adapted=()),
    }
    if not _takes_prefixes(shape, step, records):
        del steps["prefix-tuning"]
    found = {name: estimate(shape, s, records, calibration) for name, s in steps.items()}
    return {name: one for name, one in found.items() if one.trainable}


def _takes_prefixes(shape: ModelShape, step: Step, records: Records) -> bool:
    """Whether every layer is known to keep plain keys and values, which a prefix goes before.

    With peft 0.21 and transformers 5.23 linear attention and state spaces fail on a prefix, and
    latent attention keeps keys of another size than PEFT makes.
    """
    program = records.program(shape, step)
    if program is None or program.scans or shape.config.get("kv_lora_rank"):
        return False
    return _PLAIN.issuperset(layer_types(shape.config) or ())


_PLAIN = frozenset(("attention", "full_attention", "sliding_attention", "chunked_attention"))
"""Layers that keep keys and values, in transformers' words."""


def fits(found: Estimate, memory: int) -> bool | None:
    """Whether a device with so many bytes can do it; None where the interval has both answers."""
    if found.total.high <= memory:
        return True
    return False if found.total.low > memory else None


@dataclass(frozen=True, slots=True)
class Largest:
    """0 where not even the least fits: one row, or rows of 32 tokens."""

    batch_size: int
    length: int


def largest(
    shape: ModelShape,
    step: Step,
    records: Records,
    memory: int,
    calibration: Calibration = NOTHING_LEARNT,
) -> Largest:
    """The largest batch of rows this long and the longest rows in a batch this large.

    Those that likely fit; a length is at most what the model's configuration allows.
    """

    def holds(other: Step) -> bool:
        return estimate(shape, other, records, calibration).total.likely <= memory

    def tokens(n: int) -> Step:
        share = n / step.length
        columns = (
            None if step.logits_columns is None else max(1, round(step.logits_columns * share))
        )
        learnt = None if step.learnt_tokens is None else max(1, round(step.learnt_tokens * share))
        return replace(step, length=n, logits_columns=columns, learnt_tokens=learnt)

    limit = size_of(shape.config, "max_position_embeddings", "n_positions") or 1 << 17
    batch = _last(lambda n: holds(with_rows(step, n)), 1, MOST_BATCH)
    length = _last(lambda n: holds(tokens(n * 8)), LEAST_LENGTH // 8, limit // 8) * 8
    return Largest(batch, length)


def with_rows(step: Step, rows: int) -> Step:
    """The step with so many rows, each of which learns as much as now, at places of its own."""
    learnt, columns = step.learnt_tokens, step.logits_columns
    if learnt is not None:
        if columns is not None and rows > step.batch_size:
            predicted = max(1, step.length - 1)
            share = min(1.0, learnt / (step.batch_size * predicted))
            columns = max(columns, round(predicted * (1.0 - (1.0 - share) ** rows)))
        learnt = learnt * rows // step.batch_size
    return replace(step, batch_size=rows, logits_columns=columns, learnt_tokens=learnt)


def _last(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The largest number for which it holds, if it holds up to one; 0 where not even for `low`."""
    if not holds(low):
        return 0
    step = low
    while low + step <= high and holds(low + step):
        low += step
        step *= 2
    high = min(high, low + step)
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low
