"""Sees every operation of a step on fake tensors and keeps the ledger."""

from __future__ import annotations

import time
import weakref
from typing import Any

import torch
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensorMode,
)
from torch.utils._mode_utils import no_dispatch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter, tree_map_only

from pitchpipe_runner.tracing import kernels
from pitchpipe_runner.tracing.known import Known, Unknown
from pitchpipe_runner.tracing.ledger import Entry, Ledger, Part

aten = torch.ops.aten


class Tracker(TorchDispatchMode):
    """Lies above a `FakeTensorMode` and, beside keeping the ledger, gives the values it lacks."""

    def __init__(
        self,
        fakes: FakeTensorMode,
        ledger: Ledger,
        *,
        device: str,
        kernels_of: str,
        deadline: float,
    ) -> None:
        super().__init__()
        self.known = Known()
        self.ledger = ledger
        self.operations = 0
        self._fakes = fakes
        self._device = device
        self._kernels_of = kernels_of
        self._deadline = deadline
        self._entries: dict[int, Entry] = {}  # by the storage's address

    def fake(self, value: torch.Tensor) -> torch.Tensor:
        """A fake tensor whose values are known."""
        fake = self._fakes.from_tensor(value)
        self.known.tell(fake, value)
        return fake

    def hold(
        self, tensor: torch.Tensor, part: Part | None, name: str | None = None, op: str = ""
    ) -> None:
        """Says what a tensor's storage is for, if it lies on the device. The first one is right."""
        if tensor.device.type != self._device:
            return
        storage = tensor.untyped_storage()
        entry = self._entries.get(storage._cdata)
        if entry is None:
            dtype = str(tensor.dtype).removeprefix("torch.")
            entry = self.ledger.born(storage.nbytes(), op, dtype, tuple(tensor.shape))
            self._entries[storage._cdata] = entry
            weakref.finalize(storage, self._died, storage._cdata, entry).atexit = False
        entry.part = entry.part or part
        entry.name = entry.name or name

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        self.operations += 1
        if time.monotonic() > self._deadline:
            raise TimeoutError(f"the trace was not done after {self.operations:,} operations")
        self._follow_autograd()
        if func is aten._local_scalar_dense.default:
            return self.known.scalar(args[0])
        if func is aten.index.Tensor or func is aten.index_put_.default:
            args = (args[0], self._as_places(args[1]), *args[2:])
        try:
            out = kernels.replaced(func)(*args, **kwargs)
        except (DataDependentOutputException, DynamicOutputShapeException) as error:
            values = self.known.compute(func, args, kwargs)
            if values is None:
                raise Unknown(f"the size of what `{func}` gives depends on the weights") from error
            out = tree_map_only(torch.Tensor, self.fake, values)
        else:
            self.known.follow(func, args, kwargs, out)
        for tensor in tree_iter(out):
            if isinstance(tensor, torch.Tensor):
                self.hold(tensor, None, op=str(func))
        if size := kernels.borrowed(func, args, self._kernels_of):
            self.ledger.dead(self.ledger.born(size, str(func), "uint8", (size,)))
        return out

    def _follow_autograd(self) -> None:
        """Going forward begins where the model is called, the rest is seen here."""
        going_back = torch._C._current_graph_task_id() != -1
        if going_back and self.ledger.phase == "forward":
            self.ledger.begin("backward")
        elif not going_back and self.ledger.phase == "backward":
            self.ledger.begin("optimizer")  # clipping is a part of it

    def _as_places(self, indices: list[torch.Tensor | None]) -> list[torch.Tensor | None]:
        """A mask among the indices as the places where it is true, as the kernels take it."""
        found: list[torch.Tensor | None] = []
        for index in indices:
            if index is None or index.dtype not in (torch.bool, torch.uint8):
                found.append(index)
                continue
            value = self.known.value(index)
            if value is None:
                raise Unknown("the size of a selection depends on the weights")
            with no_dispatch():
                real = value.nonzero(as_tuple=True)
            places = [self.fake(place) for place in real]
            for place in places:
                self.hold(place, None, op="aten.nonzero.default")
            found += places
        return found

    def _died(self, address: int, entry: Entry) -> None:
        if self._entries.get(address) is entry:
            del self._entries[address]
        self.ledger.dead(entry)
