"""One forward pass of a real model → its operations, what they make, and when Python lets go of it.

Values are tensors as autograd tells them apart, storages what is allocated; views share a storage.
Attention and dropout are recorded as one operation each, because what they allocate depends on the
device. Nothing that autograd saves is kept, so a storage ends where the model's own code ends it.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers.modeling_layers import GradientCheckpointingLayer

_SAME = frozenset((
    *("view", "_unsafe_view", "t", "transpose", "permute", "unsqueeze", "squeeze", "alias"),
    *("reshape", "view_as", "_reshape_alias", "lift_fresh"),
))
_PARTS = frozenset(("split", "split_with_sizes", "unbind", "chunk", "unsafe_split", "unsafe_chunk"))
_PART = frozenset(("slice", "select", "narrow", "as_strided", "diagonal"))


@dataclass(frozen=True, slots=True)
class Value:
    """`storage` is an index, or a parameter's name."""

    storage: int | str
    shape: tuple[int, ...]
    dtype: torch.dtype


@dataclass(slots=True)
class Operation:
    """`inputs` and `outputs` index values, `ends` are storages that die before the next operation.

    `chance`: the probability of dropout, None where there is none. `attended`: of attention, rows,
    heads, queries, keys, and the widths of keys and values.
    """

    name: str
    module: str
    inputs: list[int]
    outputs: list[int]
    chance: float | None = None
    attended: tuple[int, ...] = ()
    ends: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Span:
    """`module` made the operations from `begin` to `end`, of the value `given` the value `made`."""

    module: str
    begin: int
    end: int
    given: int
    made: int


def _attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None, p: float
) -> torch.Tensor:
    """What it makes lies in memory as the queries do (aten's flash kernels: `empty_like`)."""
    batch, heads, length, width = q.shape
    if width == v.shape[-1]:
        return torch.zeros_like(q)
    return q.new_zeros(batch, length, heads, v.shape[-1]).transpose(1, 2)


def _dropout(x: torch.Tensor, p: float) -> torch.Tensor:
    return torch.empty_like(x).copy_(x)


_library = torch.library.Library("pitchpipe", "DEF")
_library.define("attention(Tensor q, Tensor k, Tensor v, Tensor? mask, float p) -> Tensor")
_library.define("dropout(Tensor x, float p) -> Tensor")
_library.impl("attention", _attention, "CPU")
_library.impl("dropout", _dropout, "CPU")


class Recorder(TorchDispatchMode):
    """Records while it is active."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.values: list[Value] = []
        self.operations: list[Operation] = []
        self.spans: list[Span] = []
        self.modules = [""]
        self.leaves: set[int | str] = set()  # storages that code asked a gradient for
        self.done = False
        self.result: Any = None  # held, so that what it consists of outlives the recording
        self._storages: dict[int, int] = {}
        self._known: dict[int, int] = {}
        self._count = itertools.count()
        self._parameters = {
            tensor.untyped_storage()._cdata: name
            for name, tensor in itertools.chain(model.named_buffers(), model.named_parameters())
        }

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = [t for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
        inputs = [self.value(t) for t in given]
        self.leaves.update(
            self.values[value].storage
            for t, value in zip(given, inputs, strict=True)
            if t.is_leaf and t.requires_grad
        )
        out = func(*args, **(kwargs or {}))
        made = [t for t in tree_leaves(out) if isinstance(t, torch.Tensor)]
        name = func._schema.name.rpartition("::")[2]
        if name in _SAME and made[0].numel() == given[0].numel():
            self._name(made[0], inputs[0])
            return out
        if name in _PART:
            name = "slice"
        elif name in _PARTS:
            name = "split"
        outputs = [self.value(t, new=True) for t in made]
        operation = Operation(name, self.modules[-1], inputs, outputs)
        if func.namespace == "pitchpipe":
            operation.chance = args[-1] or None
        if name == "attention":
            query, key, value = args[:3]
            operation.attended = (*query.shape[:3], *key.shape[2:], value.shape[3])
        self.operations.append(operation)
        return out

    def value(self, tensor: torch.Tensor, *, new: bool = False) -> int:
        found = None if new else self._known.get(id(tensor))
        if found is None:
            found = len(self.values)
            self.values.append(Value(self._storage(tensor), tuple(tensor.shape), tensor.dtype))
            self._name(tensor, found)
        return found

    def _name(self, tensor: torch.Tensor, value: int) -> None:
        self._known[id(tensor)] = value
        weakref.finalize(tensor, self._forget, id(tensor), value)

    def _forget(self, key: int, value: int) -> None:
        if self._known.get(key) == value:
            del self._known[key]

    def _storage(self, tensor: torch.Tensor) -> int | str:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._parameters:
            return self._parameters[key]
        if key not in self._storages:
            self._storages[key] = next(self._count)
            weakref.finalize(storage, self._end, key, self._storages[key])
        return self._storages[key]

    def _end(self, key: int, storage: int) -> None:
        if self._storages.get(key) == storage:
            del self._storages[key]
        if self.operations and not self.done:
            self.operations[-1].ends.append(storage)


@contextmanager
def _one_operation_each() -> Iterator[None]:
    """Attention and dropout as the operations defined above."""
    originals = functional.scaled_dot_product_attention, functional.dropout

    def attention(
        q: Any, k: Any, v: Any, attn_mask: Any = None, dropout_p: float = 0.0, **_: Any
    ) -> Any:
        return torch.ops.pitchpipe.attention(q, k, v, attn_mask, dropout_p)

    def dropout(x: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
        return torch.ops.pitchpipe.dropout(x, p) if training and p > 0 else x

    functional.scaled_dot_product_attention, functional.dropout = attention, dropout
    try:
        yield
    finally:
        functional.scaled_dot_product_attention, functional.dropout = originals


def record(model: nn.Module, watched: Collection[str] = (), **inputs: Any) -> Recorder:
    """Records `model(**inputs)`. The modules that are `watched` get their spans."""
    leaves = _leaves(model, inputs)
    found = _record(model, watched, inputs)
    for index in leaves:
        found.operations[index].name = "leaf"
    return found


def _leaves(model: nn.Module, inputs: Mapping[str, Any]) -> list[int]:
    """The operations whose results are made to need a gradient in a checkpointed layer.

    T5's attention does so with its biases. Its flag is there for recording alone, and set for a
    recording of its own, since the graph that hangs on such a leaf holds it.
    """
    flagged: list[Any] = [
        module
        for module in model.modules()
        if not isinstance(module, GradientCheckpointingLayer)
        and getattr(module, "gradient_checkpointing", None) is False
    ]
    if not flagged:
        return []
    for module in flagged:
        module.gradient_checkpointing = True
    found = _record(model, (), inputs)
    for module in flagged:
        module.gradient_checkpointing = False
    return [
        index
        for index, operation in enumerate(found.operations)
        if operation.name == "zeros" and found.values[operation.outputs[0]].storage in found.leaves
    ]


def _record(model: nn.Module, watched: Collection[str], inputs: Mapping[str, Any]) -> Recorder:
    recorder = Recorder(model)
    hooks: list[Any] = []
    begun: list[tuple[int, int]] = []

    def enter(module: nn.Module, args: Any, kwargs: Any) -> None:
        recorder.modules.append(names[module])
        if names[module] in watched:
            given = next(t for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor))
            begun.append((len(recorder.operations), recorder.value(given)))

    def leave(module: nn.Module, args: Any, out: Any) -> None:
        name = recorder.modules.pop()
        if name in watched:
            made = next(t for t in tree_leaves(out) if isinstance(t, torch.Tensor))
            begin, given = begun.pop()
            end = len(recorder.operations)
            recorder.spans.append(Span(name, begin, end, given, recorder.value(made)))

    names = {module: name for name, module in model.named_modules()}
    for module in names:
        hooks.append(module.register_forward_pre_hook(enter, with_kwargs=True))
        hooks.append(module.register_forward_hook(leave))
    nothing = torch.autograd.graph.saved_tensors_hooks(
        lambda _: None,
        lambda _: None,  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    )
    with _one_operation_each(), nothing, recorder:
        recorder.result = model(**inputs)
    recorder.done = True
    for hook in hooks:
        hook.remove()
    return recorder
