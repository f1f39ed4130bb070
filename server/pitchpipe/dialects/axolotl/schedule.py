"""Steps, evaluations, checkpoints and the optimizer of Axolotl."""

from __future__ import annotations

from typing import Literal

from pitchpipe.dialects import optimizers, trainer
from pitchpipe.dialects.foreign import Foreign
from pitchpipe.syntax.nodes import Data

_What = Literal["eval", "save"]


def lower(foreign: Foreign) -> None:
    _batches(foreign)
    _evaluations(foreign)
    _often(foreign, "save")
    optimizers.lower(foreign, "optimizer", "adamw_torch_fused")
    rate = foreign.given("learning_rate")
    if isinstance(rate, (int, float, str)):
        value = trainer.number(rate)
        same = value is rate
        foreign.put("training.learning_rate", value, "learning_rate", same=same)
    settings = foreign.given("optim_args")
    if isinstance(settings, dict):
        written = ",".join(f"{name}={value}" for name, value in settings.items())
        foreign.put("training.optim_args", written, "optim_args")
    _trackers(foreign)
    trainer.order(foreign, "curriculum_sampling")
    best = foreign.given("metric_for_best_model")
    if isinstance(best, str):
        foreign.put("training.metric_for_best_model", best.removeprefix("eval_"), _METRIC)
    if not (foreign.given("warmup_steps") or foreign.says("warmup_ratio")):
        foreign.default("training.warmup_steps", 0.03)
    elif foreign.says("warmup_steps") and foreign.says("warmup_ratio"):
        foreign.put("training.warmup_steps", foreign.given("warmup_steps"), "warmup_steps")


_METRIC = "metric_for_best_model"
_TRACKERS = {
    "use_wandb": "wandb",
    "use_mlflow": "mlflow",
    "use_tensorboard": "tensorboard",
    "use_comet": "comet_ml",
    "use_trackio": "trackio",
}


def _trackers(foreign: Foreign) -> None:
    """Weights & Biases is also meant where its project is named."""
    on = [key for key in _TRACKERS if foreign.given(key) is True]
    if foreign.given("wandb_project") and foreign.given("use_wandb") is not False and not on:
        on = ["wandb_project"]
    if on:
        named: list[Data] = [_TRACKERS.get(key, "wandb") for key in on]
        foreign.put("training.report_to", named, on[0])
    run = foreign.given("wandb_name")
    if isinstance(run, str) and run:
        foreign.put("training.run_name", run, "wandb_name", same=True)


def _batches(foreign: Foreign) -> None:
    micro = foreign.value("micro_batch_size")
    whole = foreign.given("batch_size")
    if isinstance(whole, int) and isinstance(micro, int) and micro and whole >= micro:
        foreign.put("training.gradient_accumulation_steps", whole // micro, "batch_size")
    if isinstance(micro, int) and not foreign.says("eval_batch_size"):
        foreign.default("training.per_device_eval_batch_size", micro)


def _evaluations(foreign: Foreign) -> None:
    held = foreign.value("val_set_size")
    if not (held or foreign.given("test_datasets")):
        foreign.default("training.eval_strategy", "no")
        for key in ("eval_steps", "eval_strategy", "evaluation_strategy", "evals_per_epoch"):
            foreign.handled(key)
        return
    if not _often(foreign, "eval"):
        foreign.default("training.eval_strategy", "no")


def _often(foreign: Foreign, what: _What) -> bool:
    """When something is done; False where the file doesn't say.

    Axolotl turns how often an epoch into a share of all steps; ours are whole steps, which are
    known where `max_steps` is.
    """
    strategy, steps = f"training.{what}_strategy", f"training.{what}_steps"
    every, each = f"{what}_steps", f"{what}s_per_epoch"
    named = next((k for k in (f"{what}_strategy", _old(what)) if foreign.says(k)), None)
    whole, value = foreign.given("max_steps"), foreign.given(every)
    if isinstance(value, (int, float)) and value:
        apart = trainer.whole_steps(value, whole)
        if apart is not None:
            foreign.put(strategy, "steps", named or every)
            foreign.put(steps, apart, every, same=apart == value)
        else:
            foreign.put(strategy, "epoch", every)
            foreign.note("lost", every, f"`{every}`: {_LOST[what]}, not {value:g} of the steps")
        return True
    count = foreign.given(each)
    if isinstance(count, int) and count > 0:
        foreign.put(strategy, "epoch", each)
        if count > 1:
            foreign.note("lost", each, f"`{each}`: {_LOST[what]} once, not {count} times")
        return True
    if named is not None and isinstance(given := foreign.given(named), (str, bool)):
        foreign.put(strategy, "no" if given is False else given, named, same=isinstance(given, str))
        return True
    return False


_LOST = {
    "eval": "the model is evaluated in every epoch",
    "save": "a checkpoint is saved in every epoch",
}


def _old(what: _What) -> str:
    return "evaluation_strategy" if what == "eval" else "save_strategy"
