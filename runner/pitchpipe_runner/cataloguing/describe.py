"""A real model, also one on the meta device → its `ModelShape`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import transformers
from torch import nn
from transformers.pytorch_utils import Conv1D

from pitchpipe.modules import Head, Kind, ModelShape, ModuleGroup, Parameter, Role, ShapeSource
from pitchpipe_runner.cataloguing.roles import role_of

_INDEX = re.compile(r"(?:^|(?<=\.))\d+(?=\.|$)")
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d)


def describe(model: Any, head: Head, roles: Mapping[str, Role] | None = None) -> ModelShape:
    """The shape of `model`. `roles` maps names of modules to their roles."""
    found: dict[tuple[Any, ...], list[tuple[int, ...]]] = {}
    owners: dict[int, str] = {}
    for name, module in model.named_modules():
        parameters = parameters_of(name, module, owners)
        if parameters:
            key = (
                _INDEX.sub("{}", name),
                kind_of(module, parameters),
                (roles or {}).get(name, "other"),
                type(module).__name__,
                parameters,
            )
            found.setdefault(key, []).append(tuple(map(int, _INDEX.findall(name))))
    return ModelShape(
        model_type=model.config.model_type,
        class_name=type(model).__name__,
        head=head,
        groups=tuple(
            ModuleGroup(path, tuple(at), kind, role, class_name, parameters)
            for (path, kind, role, class_name, parameters), at in found.items()
        ),
        config=_fields(model.config.get_text_config()),
        exact=True,
        source=ShapeSource("built", f"transformers {transformers.__version__}"),
    )


def _fields(config: Any) -> dict[str, Any]:
    """What is set, also under transformers' common names."""
    own = config.to_dict()
    aliases = type(config).attribute_map.items()
    return {**{alias: own[name] for alias, name in aliases if name in own}, **own}


def parameters_of(name: str, module: nn.Module, owners: dict[int, str]) -> tuple[Parameter, ...]:
    """The tensors that `module` holds itself. `owners` maps a tensor's id to its first name."""
    found: list[Parameter] = []
    for buffer, tensors in ((False, module._parameters), (True, module._buffers)):
        for own, tensor in tensors.items():
            if tensor is not None:
                full = f"{name}.{own}" if name else own
                owner = owners.setdefault(id(tensor), full)
                # bitsandbytes packs weights of 4 bits, and keeps with them what they stand for.
                stands_for = getattr(tensor, "quant_state", None) or tensor
                found.append(
                    Parameter(
                        own,
                        tuple(stands_for.shape),
                        tied_to=None if owner == full else owner,
                        buffer=buffer,
                        dtype=str(stands_for.dtype).removeprefix("torch."),
                    )
                )
    return tuple(found)


def kind_of(module: nn.Module, parameters: tuple[Parameter, ...]) -> Kind:
    if isinstance(module, nn.Linear):
        return "linear"
    if isinstance(module, Conv1D):
        return "conv1d"
    if isinstance(module, nn.Embedding):
        return "embedding"
    if isinstance(module, _CONVOLUTIONS):
        return "convolution"
    trained = [p for p in parameters if not p.buffer]
    if any(len(p.shape) == 3 for p in trained) and "xpert" in type(module).__name__:
        return "experts"
    if "norm" in type(module).__name__.lower() and all(len(p.shape) == 1 for p in trained):
        return "norm"
    return "other"


def with_roles(shape: ModelShape) -> ModelShape:
    """The same modules, with the roles that their paths, classes and kinds tell."""
    groups = (replace(g, role=role_of(g.path, g.class_name, g.kind)) for g in shape.groups)
    return replace(shape, groups=tuple(groups))
