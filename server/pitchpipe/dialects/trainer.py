"""The arguments of transformers' trainer, as tools built upon it take them from a file."""

from __future__ import annotations

from typing import Literal

from pitchpipe.dialects import optimizers
from pitchpipe.dialects.foreign import Foreign
from pitchpipe.syntax.nodes import Data

_What = Literal["eval", "save"]
_LOGGED = 500  # transformers' own steps between lines and checkpoints


def lower(foreign: Foreign, optimizer: str) -> None:
    """`optimizer` is the tool's default."""
    optimizers.lower(foreign, "optim", optimizer)
    _dtype(foreign)
    _rate(foreign)
    _warmup(foreign)
    _logging(foreign)
    for what in ("eval", "save"):
        _strategy(foreign, what)
        _steps(foreign, what)
    best = foreign.given("metric_for_best_model")
    if isinstance(best, str) and best.startswith("eval_"):
        foreign.put(
            "training.metric_for_best_model", best.removeprefix("eval_"), "metric_for_best_model"
        )
    _kept_activations(foreign)


def order(foreign: Foreign, in_order: str) -> None:
    """In which order rows come; `in_order` is the tool's key for leaving them as they are."""
    for key, strategy in ((in_order, "sequential"), ("group_by_length", "group_by_length")):
        if foreign.given(key) is True:
            foreign.put("training.train_sampling_strategy", strategy, key)
            return


def _dtype(foreign: Foreign) -> None:
    if foreign.given("pure_bf16") is True:
        foreign.put("training.bf16", False, "pure_bf16")
    for key, dtype in (("bf16", "bfloat16"), ("pure_bf16", "bfloat16"), ("fp16", "float16")):
        if foreign.given(key) is True:
            foreign.put("model.dtype", dtype, key)
            return


def _rate(foreign: Foreign) -> None:
    rate = foreign.given("learning_rate")
    if isinstance(rate, str):
        value = number(rate)
        if isinstance(value, str):
            foreign.drop("training.learning_rate")
            foreign.wrong("training.learning_rate", "learning_rate")
        else:
            foreign.put("training.learning_rate", value, "learning_rate")


def number(value: Data) -> Data:
    """What a string says that holds a number; everything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        found = float(value)
    except ValueError:
        return value
    return int(found) if found.is_integer() and "." not in value else found


def _warmup(foreign: Foreign) -> None:
    """Steps go before a share."""
    if foreign.given("warmup_steps"):
        steps = foreign.given("warmup_steps")
        foreign.put("training.warmup_steps", steps, "warmup_steps", same=True)
    elif foreign.given("warmup_ratio") is not None:
        share = foreign.given("warmup_ratio")
        foreign.put("training.warmup_steps", share, "warmup_ratio", same=True)


def _logging(foreign: Foreign) -> None:
    steps = foreign.given("logging_steps")
    if isinstance(steps, (int, float)) and steps >= 1:
        whole = steps == int(steps)
        foreign.put("training.logging_steps", int(steps), "logging_steps", same=whole)


def _strategy(foreign: Foreign, what: _What) -> None:
    key = f"{what}_strategy"
    if what == "eval" and not foreign.says(key):
        key = "evaluation_strategy"
    given = foreign.given(key)
    if given is False:  # `no`, as YAML 1.1 reads it
        foreign.put(f"training.{what}_strategy", "no", key)
    elif isinstance(given, str) and given:
        foreign.put(f"training.{what}_strategy", given, key, same=True)


def _steps(foreign: Foreign, what: _What) -> None:
    """Shares of all steps are known in steps where `max_steps` is."""
    key, native = f"{what}_steps", f"training.{what}_steps"
    said = foreign.given(key)
    if isinstance(said, (int, float)) and said:
        value = whole_steps(said, foreign.given("max_steps"))
        if value is not None:
            foreign.put(native, value, key, same=value == said)
        else:
            strategy = f"training.{what}_strategy"
            foreign.put(strategy, "epoch", key)
            again = {"eval": "the model is evaluated", "save": "a checkpoint is saved"}[what]
            foreign.note("lost", key, f"`{key}`: {again} every epoch, not {said:g} of the steps")
        return
    usual: Data = _LOGGED if what == "save" else foreign.given("logging_steps")
    whole = usual if isinstance(usual, int) and usual >= 1 else _LOGGED
    foreign.default(native, whole)


def whole_steps(steps: float, total: Data) -> int | None:
    """As many steps, or that share of `total`; None where nobody knows that."""
    if steps >= 1:
        return int(steps)
    if isinstance(total, int) and total > 0:
        return max(1, round(steps * total))
    return None


def _kept_activations(foreign: Foreign) -> None:
    kept = foreign.given("disable_gradient_checkpointing")
    if foreign.reading.schema.at(("disable_gradient_checkpointing",)) is None:
        return
    foreign.default("training.gradient_checkpointing", True)
    if isinstance(kept, bool):
        foreign.put("training.gradient_checkpointing", not kept, "disable_gradient_checkpointing")
