"""PEFT itself on a model without weights, beside what `pitchpipe.targets` says of it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import peft
import torch

from pitchpipe.modules import ModelShape
from pitchpipe.targets import Choice, Method, Targets, targets
from support.architectures import LAYERS, Architecture, build

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


def inject(
    architecture: Architecture,
    said: Targets,
    choice: Choice,
    method: Method,
    *,
    layers: int = LAYERS,
) -> Injected:
    model = build(architecture, layers=layers)
    with warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")
        try:
            config = configuration(architecture, said, choice, method)
            adapted = peft.get_peft_model(model, config)
        except Exception as error:  # noqa: BLE001  # whatever PEFT raises is the result
            return Injected(error=error)
    tuner: Any = adapted.base_model
    return Injected(
        frozenset(tuner.targeted_module_names),
        frozenset(tuner.targeted_parameter_names),
        sum(p.numel() for p in adapted.parameters() if p.requires_grad),
    )


def configuration(architecture: Architecture, said: Targets, choice: Choice, method: Method) -> Any:
    asked = said.asked
    keys: dict[str, Any] = {
        "task_type": _TASKS.get(architecture.head),
        "target_modules": None if choice.target_modules is None else _listed(asked.target_modules),
        "target_parameters": _listed(asked.target_parameters),
        "exclude_modules": _listed(choice.exclude_modules),
        "modules_to_save": _listed(choice.modules_to_save),
        "layers_to_transform": _listed(choice.layers_to_transform),
        "layers_pattern": _listed(choice.layers_pattern),
        "ensure_weight_tying": choice.ensure_weight_tying,
    }
    keys = {k: v for k, v in keys.items() if k == "target_modules" or v}
    return _CONFIGS[method.type](**keys, **_of_method(method))


def _listed(value: Any) -> Any:
    """PEFT wants lists, and leaves a key alone that is not given."""
    return list(value) if isinstance(value, tuple) else value or None


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
        }
    if method.rank_pattern:
        keys["rank_pattern"] = dict(method.rank_pattern)
    if method.bias != "none":
        keys["bias"] = "all" if method.bias == "all" else f"{method.type}_only"
    return keys


def difference(
    architecture: Architecture,
    shape: ModelShape,
    choice: Choice,
    method: Method | None = None,
    *,
    layers: int = LAYERS,
) -> str | None:
    """How PEFT and the simulation differ; None where they don't."""
    method = method or Method()
    said = targets(shape, choice, method)
    did = inject(architecture, said, choice, method, layers=layers)
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
