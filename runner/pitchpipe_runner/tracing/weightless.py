"""Models without weights: built on the meta device, then held as fake tensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from pitchpipe_runner.tracing import four_bit


def from_config(auto: Any, config: Any, dtype: torch.dtype, attention: str) -> Any:
    """What `auto.from_pretrained` would load for `config`, on the meta device.

    It goes through `from_pretrained` itself, which keeps some weights in float32.
    """
    cls = auto._model_mapping[type(config)]
    with torch.device("meta"):
        bare = cls._from_config(config, dtype=dtype, attn_implementation=attention)
    names: dict[int, str] = {}
    for name, tensor in bare.state_dict(keep_vars=True).items():
        names.setdefault(id(tensor), name)
    state = {n: t for n, t in bare.state_dict().items() if n in set(names.values())}
    return cls.from_pretrained(
        None,
        config=config,
        state_dict=state,
        dtype=dtype,
        attn_implementation=attention,
        device_map="meta",
    )


def place(model: nn.Module, fakes: FakeTensorMode, device: str) -> None:
    """Puts a fake tensor on `device` in place of each meta tensor of `model`; ties stay tied."""
    placed: dict[int, torch.Tensor] = {}
    for module in model.modules():
        tables: tuple[Any, Any] = (module._parameters, module._buffers)
        for tensors in tables:
            for name, tensor in tensors.items():
                if tensor is not None:
                    if id(tensor) not in placed:
                        placed[id(tensor)] = _placed(tensor, fakes, device)
                    tensors[name] = placed[id(tensor)]


def held(model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """All tensors that `model` keeps by their names, those of quantized weights among them."""
    yield from model.named_buffers()
    for name, parameter in model.named_parameters():
        yield name, parameter
        for part in four_bit.held(parameter):
            yield f"{name} (statistics)", part


def _placed(tensor: torch.Tensor, fakes: FakeTensorMode, device: str) -> torch.Tensor:
    def empty(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        with fakes:
            return torch.empty(shape, dtype=dtype, device=device)

    if four_bit.is_four_bit(tensor):
        return four_bit.placed(tensor, empty)
    with fakes:
        fake = torch.empty_strided(
            tensor.size(), tensor.stride(), dtype=tensor.dtype, device=device
        )
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(fake, requires_grad=tensor.requires_grad)
    return fake
