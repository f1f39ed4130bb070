"""Values of fake tensors, as far as they follow from the batch alone.

A step asks for a few values: whether a mask is all ones, at which positions something is learnt,
how many optimizer steps were taken. None of them depends on a weight. So an operation whose inputs
are all known is carried out for real too, as long as it is small.
"""

from __future__ import annotations

from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils._mode_utils import no_dispatch
from torch.utils._pytree import tree_iter, tree_map_only
from torch.utils.weak import WeakTensorKeyDictionary

_LARGEST = 1 << 22  # elements; a mask of 2048 × 2048 positions
_CPU = torch.device("cpu")


class Unknown(RuntimeError):
    """A step asks for a value that depends on the weights."""


class Known:
    """The known values, by the fake tensor that stands for each."""

    def __init__(self) -> None:
        self._values = WeakTensorKeyDictionary()

    def tell(self, fake: torch.Tensor, value: torch.Tensor) -> None:
        self._values[fake] = value

    def value(self, tensor: torch.Tensor) -> torch.Tensor | None:
        """None where it is not known. A real tensor is its own value."""
        return self._values.get(tensor) if isinstance(tensor, FakeTensor) else tensor

    def follow(self, func: Any, args: Any, kwargs: Any, out: Any) -> None:
        """Notes what `func`, which gave `out` for fake tensors, does to the known values."""
        fakes = [t for t in tree_iter(out) if isinstance(t, FakeTensor)]
        small = sum(t.numel() for t in fakes) <= _LARGEST
        values = self.compute(func, args, kwargs) if small else None
        if values is None:
            for tensor in _written(func, args, kwargs):
                self._forget(tensor)
            if func is torch.ops.aten.topk.default:
                self._route(args[0], out[1])
            return
        real = [t for t in tree_iter(values) if isinstance(t, torch.Tensor)]
        for fake, value in zip(fakes, real, strict=True):
            self._values[fake] = value

    def compute(self, func: Any, args: Any, kwargs: Any) -> Any:
        """What `func` gives for real; None where an input is not known, or chance decides."""
        tensors = [t for t in tree_iter((args, kwargs)) if isinstance(t, torch.Tensor)]
        if any(self.value(t) is None for t in tensors):
            return None
        if torch.Tag.nondeterministic_seeded in func.tags:
            return _drawn(args, kwargs) if func is torch.ops.aten.rand.default else None
        args, kwargs = tree_map_only(torch.Tensor, self.value, (args, kwargs))
        args, kwargs = tree_map_only(torch.device, lambda _: _CPU, (args, kwargs))
        with no_dispatch():
            return func(*args, **kwargs)

    def scalar(self, tensor: torch.Tensor) -> bool | int | float:
        """What `tensor.item()` would give.

        A loss or a norm, which are only logged, are 1.0.

        Raises:
            Unknown: it is neither known nor a floating-point number.
        """
        value = self.value(tensor)
        if value is not None:
            with no_dispatch():
                return value.item()
        if tensor.is_floating_point():
            return 1.0
        raise Unknown(f"this step asks for a {tensor.dtype} that depends on the weights")

    def _route(self, scores: torch.Tensor, chosen: torch.Tensor) -> None:
        """A router's choice is not known; every expert is taken to get an equal share."""
        with no_dispatch():
            turns = (torch.arange(chosen.numel()) % scores.shape[-1]).view(chosen.shape)
        self._values[chosen] = turns

    def _forget(self, tensor: torch.Tensor) -> None:
        """Also what shares memory with it."""
        storage = tensor.untyped_storage()._cdata
        for other in [t for t in self._values if t.untyped_storage()._cdata == storage]:
            del self._values[other]


def _drawn(args: Any, kwargs: Any) -> torch.Tensor | None:
    """A single number is drawn so high that no layer is left out by chance."""
    if args[0] != []:
        return None
    with no_dispatch():
        return torch.ones((), dtype=kwargs.get("dtype"))


def _written(func: Any, args: Any, kwargs: Any) -> list[torch.Tensor]:
    """The tensors that `func` writes into."""
    if not func._schema.is_mutable:
        return []
    found: list[torch.Tensor] = []
    for place, argument in enumerate(func._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            given = args[place] if place < len(args) else kwargs.get(argument.name)
            found += [t for t in tree_iter(given) if isinstance(t, torch.Tensor)]
    return found
