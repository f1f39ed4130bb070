"""One model on the meta device → what it consists of and how long its lists are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from pitchpipe.modules import Kind, Parameter
from pitchpipe_runner.cataloguing.describe import kind_of, parameters_of


@dataclass(frozen=True, slots=True)
class Module:
    name: str
    class_name: str
    kind: Kind
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Built:
    """`lists`: full names of ModuleLists, and of ModuleDicts with numbered keys; their lengths."""

    modules: tuple[Module, ...]
    lists: dict[str, int]


def build(model_class: Any, config: Any) -> Built:
    """Raises whatever the model's constructor raises."""
    with torch.device("meta"):
        model = model_class(config)
    owners: dict[int, str] = {}
    modules: list[Module] = []
    lists: dict[str, int] = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.ModuleList) or _numbered(module):
            lists[name] = len(module)
        if parameters := parameters_of(name, module, owners):
            modules.append(
                Module(name, type(module).__name__, kind_of(module, parameters), parameters)
            )
    return Built(tuple(modules), lists)


def _numbered(module: nn.Module) -> bool:
    keys = list(module) if isinstance(module, nn.ModuleDict) else []
    stem = keys[0].rstrip("0123456789") if keys else ""
    return bool(keys) and keys == [f"{stem}{i}" for i in range(len(keys))]
