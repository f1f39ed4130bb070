"""Puts adapters onto a loaded model: what a file's `method` asks of PEFT, in PEFT's words."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import torch
from peft import LoraConfig, get_peft_model

from pitchpipe.placing import Placement, placement
from pitchpipe.plan import MethodPlan, Plan
from pitchpipe.targets import Reason
from pitchpipe_runner.cataloguing.describe import describe, with_roles
from pitchpipe_runner.failures import FILE_IS_WRONG, RunFailure

_NAMED = 3  # modules that a message lists


def adapted(
    plan: Plan, model: Any, say: Callable[[str], object] = lambda _: None
) -> torch.nn.Module:
    """The loaded `model` as it is trained: with an adapter unless all of it is trained.

    `say` is told what is adapted otherwise than the file's words tell.

    Raises:
        RunFailure: the model has no such module, or PEFT refuses it.
    """
    model.config.use_cache = False
    if plan.method.type == "full":
        return model
    if plan.training.gradient_checkpointing:
        model.enable_input_require_grads()
    placed = placement(plan.method, with_roles(describe(model, "causal-lm")))
    _demand(plan.method, placed, model)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", FutureWarning)
        ignore_its_own_patterns()
        with_adapter = _injected(plan.method, placed, model)
    for message in (*_remarks(plan.method, placed), *(f"PEFT: {w.message}" for w in warned)):
        say(message)
    return with_adapter


def _injected(method: MethodPlan, placed: Placement, model: Any) -> torch.nn.Module:
    try:
        return get_peft_model(model, lora_config(method, placed))
    except ValueError as error:
        said = str(error).splitlines()[0]
        message = f"PEFT can't place the adapter: {said}"
        raise _not_placed(message, "method.target_modules") from error


def ignore_its_own_patterns() -> None:
    """PEFT 0.21.2 warns of rank and alpha of fused experts, which it sets as it rewrites targets.

    To be called within `warnings.catch_warnings()`.
    """
    own = r"The following (rank|alpha)_pattern keys .*: \['\.\*\\\\\.gate_up_proj'\]\."
    warnings.filterwarnings("ignore", own)


def lora_config(method: MethodPlan, placed: Placement, task: str = "CAUSAL_LM") -> LoraConfig:
    """`task` is PEFT's `task_type`. A preset is spelt out, with what PEFT can't adapt excluded."""
    asked, choice = placed.targets.asked, placed.choice
    excluded = choice.exclude_modules if placed.left_out else method.exclude_modules
    kinds = {one.kind for one in placed.targets.modules}
    return LoraConfig(
        task_type=task,
        r=method.r,
        lora_alpha=method.lora_alpha,  # type: ignore[arg-type]  # PEFT says int and computes with any number
        lora_dropout=method.lora_dropout,
        rank_pattern=dict(method.rank_pattern),
        alpha_pattern=dict(method.alpha_pattern),
        target_modules=_listed(asked.target_modules or ()),
        target_parameters=list(asked.target_parameters or ()) or None,
        exclude_modules=_listed(excluded) or None,
        layers_to_transform=list(method.layers_to_transform or ()) or None,
        layers_pattern=list(method.layers_pattern) or None,
        modules_to_save=list(method.modules_to_save) or None,
        fan_in_fan_out=kinds == {"conv1d"},
        bias=method.bias,  # type: ignore[arg-type]
        use_rslora=method.use_rslora,
        use_dora=method.use_dora,
        ensure_weight_tying=choice.ensure_weight_tying,
    )


def _listed(names: str | tuple[str, ...]) -> str | list[str]:
    return names if isinstance(names, str) else list(names)


def _demand(method: MethodPlan, placed: Placement, model: torch.nn.Module) -> None:
    """PEFT passes over a name that it does not find, as long as it finds another."""
    for entry in placed.missing:
        near = f"; did you mean `{entry.nearest}`?" if entry.nearest else ""
        message = f"the model has no module `{entry.text}`{near}"
        raise _not_placed(message, "method.target_modules")
    if isinstance(method.target_modules, str) and _refused(placed, "no-match", "all-excluded"):
        message = f"`target_modules: {method.target_modules}` matches no module of the model"
        raise _not_placed(message, "method.target_modules")
    there = [name for name, _ in model.named_modules()]
    for name in method.modules_to_save:
        if not any(module == name or module.endswith(f".{name}") for module in there):
            raise _not_placed(f"the model has no module `{name}`", "method.modules_to_save")


def _refused(placed: Placement, *reasons: Reason) -> bool:
    return any(refusal.reason in reasons for refusal in placed.targets.refusals)


def _not_placed(message: str, path: str) -> RunFailure:
    return RunFailure(
        "target-modules-not-found",
        message,
        path=path,
        hint="`pitchpipe modules MODEL` lists the modules that there are",
        exit_code=FILE_IS_WRONG,
    )


def _remarks(method: MethodPlan, placed: Placement) -> Iterable[str]:
    if placed.left_out:
        yield (
            f"`{method.target_modules}` leaves out {_some(placed.left_out)}: "
            "Mamba's kernel reads these weights itself and would pass over an adapter"
        )
    rewriting = placed.targets.rewriting
    if rewriting is not None and rewriting.parameters:
        yield (
            f"the experts of this model are fused, so PEFT adapts {_some(rewriting.parameters)} "
            "in place of single experts' layers"
        )
    if placed.targets.lost:
        yield f"by that {_some(placed.targets.lost)} get no adapter although they were asked for"


def _some(paths: tuple[str, ...]) -> str:
    shown = [f"`{path.replace('{}', '*')}`" for path in paths[:_NAMED]]
    more = len(paths) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
