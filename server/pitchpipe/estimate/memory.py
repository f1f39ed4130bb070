"""The memory of one training step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

from pitchpipe.estimate import coarse, surroundings
from pitchpipe.estimate.adapters import Adapters, Fragment
from pitchpipe.estimate.calibration import NOTHING_LEARNT, Calibration
from pitchpipe.estimate.formats import CODES
from pitchpipe.estimate.ledger import INDEX, Ledger
from pitchpipe.estimate.losses import loss
from pitchpipe.estimate.model_pass import ModelPass
from pitchpipe.estimate.numbers import Numbers, size_of
from pitchpipe.estimate.optimizers import OptimizerBytes, optimizer_bytes
from pitchpipe.estimate.passing import Passing
from pitchpipe.estimate.programs import Activations, Program, Stack
from pitchpipe.estimate.result import Estimate, Peak
from pitchpipe.estimate.step import Step
from pitchpipe.estimate.weights import Totals, Weights
from pitchpipe.modules import ModelShape

T = TypeVar("T")


_EIGHT_BITS = 0.15
"""What layers of 8 bits keep for the backward pass is not derived (bitsandbytes 0.50): 12 steps of
this runner on a CPU took 3.5 to 14.7 % more.
"""

_SCANS = 0.5
"""Kernels keep none of what torch's own operations keep for each state of a scan."""


@dataclass(frozen=True, slots=True)
class Records:
    """What the catalogue knows of a model's computation (None: nothing) and of PEFT's layers."""

    activations: Activations | None
    fragments: Mapping[str, Fragment]

    def program(self, shape: ModelShape, step: Step) -> Program | None:
        """FlashAttention's package is called where torch's own attention would be.

        An architecture that has no use for torch's has code of its own, which counts as eager.
        """
        if self.activations is None:
            return None
        masks = ["", "+mask"]
        if step.attention != "flash_attention_2":
            if step.packed and self.activations.packs is not False:
                masks = ["+packed", "+mask", ""]
            elif step.packed or step.padding is not False:
                masks = ["+mask", ""]
        kinds = ["eager"] if step.attention == "eager" else ["sdpa", "eager"]
        programs = self.activations.programs
        names = (f"{shape.head}/{kind}{mask}" for kind in kinds for mask in masks)
        return next((programs[n] for n in names if n in programs), None)

    def doubts(self, shape: ModelShape, step: Step) -> tuple[surroundings.Doubt, ...]:
        """What is known to stand against the record of the model, and how much it may matter."""
        found: list[surroundings.Doubt] = []
        off = self.activations.off.get(shape.head, 0.0) if self.activations else 0.0
        if off:
            text = f"real steps of this architecture came out up to {off:.0%} apart from its record"
            found.append((text, off))
        if step.quantization == "int8":
            text = "real steps beside layers of 8 bits took up to 15 % more than is derived"
            found.append((text, _EIGHT_BITS))
        program = self.program(shape, step)
        if step.device == "cuda" and program is not None and program.scans:
            found.append(("its scans may be computed by kernels of other packages", _SCANS))
        return tuple(found)

    def pads(self, attention: str) -> bool:
        """This runner pads the rows of packs for such a model, since it would mix them.

        FlashAttention's package finds the rows by their positions in any model.
        """
        known = self.activations
        return known is not None and known.packs is False and attention != "flash_attention_2"


def estimate(
    shape: ModelShape,
    step: Step,
    records: Records,
    calibration: Calibration = NOTHING_LEARNT,
) -> Estimate:
    """What `step` takes, on one of its devices."""
    (found, totals, optimizer), missing = _worked_out(_Same(shape), step, _Same(records))
    ends = coarse.ends(found, step, totals, optimizer) if missing else None
    doubts = () if missing else records.doubts(shape, step)
    return surroundings.finish(
        shape, step, found, totals, optimizer, calibration, missing, ends, doubts
    )


class _Same(Generic[T]):
    """Equal to what holds the very same object, for a cache of what can't be hashed."""

    __slots__ = ("of",)

    def __init__(self, of: T) -> None:
        self.of = of

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.of is self.of  # pyright: ignore[reportUnknownMemberType]

    def __hash__(self) -> int:
        return id(self.of)


@lru_cache(maxsize=128)
def _worked_out(
    same_shape: _Same[ModelShape], step: Step, same_records: _Same[Records]
) -> tuple[tuple[list[Peak], Totals, OptimizerBytes], str]:
    """The peaks, and why they are those of a stand-in ("" where they are not).

    Cached, since an editor asks again at every key that is pressed, and most change no step.
    """
    shape, records = same_shape.of, same_records.of
    program = records.program(shape, step)
    missing = "" if program else "how this architecture computes is not in the catalogue"
    if program is not None:
        try:
            return peaks(shape, step, program, records.fragments), ""
        except (KeyError, AssertionError, ValueError) as error:
            missing = f"this model is built otherwise than the catalogue has it ({error})"
    return coarse.peaks(shape, step, records.fragments), missing


def forget() -> None:
    """Empties the cache, for who measures."""
    _worked_out.cache_clear()


_HEADS = (
    *("num_attention_heads", "n_head", "num_heads", "n_heads", "attention_heads"),
    *("decoder_attention_heads", "num_decoder_attention_heads"),
)


def numbers(shape: ModelShape, step: Step) -> dict[str, int]:
    """What the names in a program's sizes stand for."""
    config = shape.config
    found = {
        name: value
        for name, value in config.items()
        if isinstance(value, int) and not isinstance(value, bool)
    }
    heads = next((found[n] for n in _HEADS if found.get(n)), 1)
    hidden = next((found[n] for n in ("hidden_size", "n_embd", "d_model", "dim") if n in found), 0)
    if not found.get("head_dim"):
        found["head_dim"] = hidden // heads
    if not found.get("num_key_value_heads"):
        found["num_key_value_heads"] = heads
    if found.get("mamba_n_heads"):  # whose widths may be "auto" or left out
        wide = found.setdefault("mamba_d_ssm", found.get("mamba_expand", 2) * hidden)
        found.setdefault("mamba_d_head", wide // found["mamba_n_heads"])
    if "qk_nope_head_dim" in found and "qk_rope_head_dim" in found:
        found.setdefault("qk_head_dim", found["qk_nope_head_dim"] + found["qk_rope_head_dim"])
    length = step.length + (step.virtual_tokens if step.method == "prompt-tuning" else 0)
    columns = step.logits_columns or length if step.loss == "selected" else length
    found |= {
        "hidden": hidden,
        "B": step.batch_size,
        "S": length,
        "C": columns,
        "R": step.source_length or length,
    }
    return Numbers(found)


def layer_types(config: Mapping[str, Any]) -> tuple[str, ...] | None:
    for name in ("layer_types", "layers_block_type"):
        found: Any = config.get(name)
        if isinstance(found, list | tuple):
            return tuple(str(kind) for kind in cast("list[Any]", found))
    return None


def peaks(
    shape: ModelShape,
    step: Step,
    program: Program,
    fragments: Mapping[str, Fragment],
) -> tuple[list[Peak], Totals, OptimizerBytes]:
    """The highest moment of each phase, the highest of all first."""
    stacks = tuple(p.path for p in program.parts if isinstance(p, Stack))
    weights = Weights(shape, step, stacks)
    adapters = Adapters(fragments, step, weights)
    totals = all_totals(weights, adapters, shape)
    optimizer = optimizer_bytes(step, totals)
    ledger = Ledger(512 if step.device == "cuda" else 1)
    settle(ledger, step, totals, optimizer)
    base = "f4" if step.upcast_kbit else CODES[step.dtype]
    if step.method == "full":
        base = CODES[step.trained_dtype or step.dtype]
    passing = Passing(
        step, ledger, weights, adapters, program.sizes, numbers(shape, step), shape.config, base
    )
    ledger.begin("forward")
    run = ModelPass(passing, program, layer_types(shape.config))
    logits = run.forward()
    if step.loss == "selected":  # it is computed behind the model, where autocast has ended
        passing.end_autocast()
    total = loss(passing, logits, _classes(shape), upcast=shape.head == "causal-lm")
    passing.let_go()
    passing.end_autocast()
    head = passing.tape.nodes
    passing.tape.nodes = []
    ledger.begin("start of backward")
    total.grad = ledger.new(4, INDEX["temporaries"])
    passing.tape.backward(head)
    run.backward()
    ledger.finish()
    found = [*ledger.peaks.values(), optimizer_step(step, totals, optimizer)]
    return sorted(found, key=lambda p: -p.bytes), totals, optimizer


def all_totals(weights: Weights, adapters: Adapters, shape: ModelShape) -> Totals:
    """Of the model with its adapters.

    Prompts and prefixes (peft 0.21, tuners/prompt_tuning and tuners/prefix_tuning): an embedding
    for each virtual token, or keys and values of every layer.
    """
    model, added = weights.totals(), adapters.totals()
    step = weights.step
    virtual = 0
    if step.method == "prompt-tuning":
        virtual = step.virtual_tokens * numbers(shape, step)["hidden"]
    elif step.method == "prefix-tuning":
        named = numbers(shape, step)
        layers = sum(len(found) for found in weights.layers.values())
        wide = named["num_key_value_heads"] * named["head_dim"]
        virtual = step.virtual_tokens * layers * 2 * wide
    trained = [(virtual, "f4", 1)] if virtual else []
    return Totals(
        model.weights,
        model.constants,
        model.adapters + added.adapters + 4 * virtual,
        model.parameters + added.parameters + virtual,
        model.trained + added.trained + trained,
        model.idle,
        model.tables,
    )


def settle(ledger: Ledger, step: Step, totals: Totals, optimizer: OptimizerBytes) -> None:
    """What is there all the time, from the second step on."""
    for name, size in (
        ("weights", totals.weights),
        ("quantization constants", totals.constants),
        ("adapters", totals.adapters),
        ("optimizer states", optimizer.states),
        ("gradients", totals.gradient_bytes if step.accumulation > 1 else 0),
    ):
        ledger.new(size, INDEX[name])
    ledger.new(3 * 8 * step.tokens, INDEX["activations: other"])  # ids, mask and labels, int64


def optimizer_step(step: Step, totals: Totals, optimizer: OptimizerBytes) -> Peak:
    ledger = Ledger(1)
    settle(ledger, step, totals, optimizer)
    ledger.begin("optimizer step")
    if step.accumulation == 1:
        ledger.new(totals.gradient_bytes, INDEX["gradients"])
    ledger.new(optimizer.temporaries, INDEX["temporaries"])
    ledger.finish()
    return ledger.peaks["optimizer step"]


def _classes(shape: ModelShape) -> int:
    config = shape.config
    if shape.head in ("sequence-classification", "token-classification"):
        labels: Any = config.get("id2label")
        named = len(cast("dict[Any, Any]", labels)) if isinstance(labels, dict) else 0
        return named or size_of(config, "num_labels") or 2
    return size_of(config, "vocab_size") or 1
