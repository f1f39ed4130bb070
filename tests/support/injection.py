"""PEFT itself on a model without weights, beside what `pitchpipe.targets` says of it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import peft
import torch

from pitchpipe.modules import ModelShape
from pitchpipe.targets import Choice, Method, Targets, targets
from support.architectures import Architecture, build

_TASKS = {"sequence-classification": "SEQ_CLS", "token-classification": "TOKEN_CLS"}
_CONFIGS: dict[str, Any] = {
    "lora": peft.LoraConfig,
    "adalora": peft.AdaLoraConfig,
    "ia3": peft.IA3Config,
    "loha": peft.LoHaConfig,
    "lokr": peft.LoKrConfig,
    "vera": peft.VeraConfig,
    "oft": peft.OFTConfig,
    "hra": peft.HRAConfig,
    "ln_tuning": peft.LNTuningConfig,
}


@dataclass(frozen=True)
class Injected:
    """What PEFT did: names that it reports, the count that it would train, or what it said."""

    modules: frozenset[str] = frozenset()
    parameters: frozenset[str] = frozenset()
    trainable: int = 0
    error: Exception | None = None


def inject(architecture: Architecture, said: Targets, choice: Choice, method: Method) -> Injected:
    model = build(architecture)
    with warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")
        try:
            config = configuration(architecture, said, choice, method)
            adapted = peft.get_peft_model(model, config, low_cpu_mem_usage=True)
        except Exception as error:  # noqa: BLE001  # whatever PEFT raises is the result
            return Injected(error=error)
    tuner: Any = adapted.base_model
    return Injected(
        frozenset(tuner.targeted_module_names),
        frozenset(tuner.targeted_parameter_names),
        sum(p.numel() for p in adapted.parameters() if p.requires_grad),
    )


def configuration(architecture: Architecture, said: Targets, choice: Choice, method: Method) -> Any:
    asked, wanted = said.asked, choice.target_modules
    modules = asked.target_modules if wanted is not None else None
    keys: dict[str, Any] = {
        "task_type": _TASKS.get(architecture.head),
        "target_modules": list(modules) if isinstance(modules, tuple) else modules,
        "modules_to_save": list(choice.modules_to_save) or None,
        "exclude_modules": (
            list(choice.exclude_modules)
            if isinstance(choice.exclude_modules, tuple)
            else choice.exclude_modules
        )
        or None,
    }
    if choice.layers_to_transform is not None:
        keys["layers_to_transform"] = list(choice.layers_to_transform)
    if choice.layers_pattern:
        keys["layers_pattern"] = list(choice.layers_pattern)
    if asked.target_parameters:
        keys["target_parameters"] = list(asked.target_parameters)
    if choice.ensure_weight_tying:
        keys["ensure_weight_tying"] = True
    return _CONFIGS[method.type](**keys, **_of_method(method))


def _of_method(method: Method) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    if method.type in {"lora", "loha", "lokr", "vera", "hra"}:
        keys["r"] = method.r
    if method.type == "adalora":
        keys |= {"init_r": method.r, "total_step": 100, "tinit": 1, "tfinal": 1}
    if method.type == "oft":
        keys |= {"oft_block_size": method.oft_block_size, "block_share": method.block_share}
    if method.type == "lokr":
        keys["decompose_both"] = method.decompose_both
        keys["decompose_factor"] = method.decompose_factor
    if method.type == "ia3" and method.feedforward_modules is not None:
        keys["feedforward_modules"] = list(method.feedforward_modules)
    if method.type == "lora":
        keys |= {
            "use_dora": method.use_dora,
            "lora_bias": method.lora_bias,
            "lora_dropout": method.lora_dropout,
            "rank_pattern": dict(method.rank_pattern),
        }
    if method.bias != "none":
        keys["bias"] = "all" if method.bias == "all" else f"{method.type}_only"
    return keys


def difference(
    architecture: Architecture, shape: ModelShape, choice: Choice, method: Method | None = None
) -> str | None:
    """How PEFT and the simulation differ; None where they don't."""
    method = method or Method()
    said = targets(shape, choice, method)
    did = inject(architecture, said, choice, method)
    if did.error is not None:
        return _of_error(did.error, said)
    if said.refusals:
        return f"PEFT does not refuse: {said.refusals[0]}"
    for what, ours, theirs in (
        ("modules", frozenset(said.module_names), did.modules),
        ("parameters", frozenset(said.parameter_names), did.parameters),
    ):
        if ours != theirs:
            return (
                f"{what}: only ours {sorted(ours - theirs)[:3]} ({len(ours - theirs)}), "
                f"only PEFT's {sorted(theirs - ours)[:3]} ({len(theirs - ours)})"
            )
    if said.trainable != did.trainable:
        return f"trainable: ours {said.trainable:,}, PEFT's {did.trainable:,}"
    return None


def _of_error(error: Exception, said: Targets) -> str | None:
    message = f"{type(error).__name__}: {error}"
    short = message if len(message) < 300 else f"{message[:120]} … {message[-170:]}"
    if not said.refusals:
        return f"PEFT refuses: {short}".replace("\n", " ")
    if any(refusal.says in message for refusal in said.refusals):
        return None
    return f"PEFT says {short}, we say {said.refusals[0]}".replace("\n", " ")
