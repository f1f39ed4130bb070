"""A training step on fake tensors: what a real one takes, to the byte, without any of it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.utils._python_dispatch import _disable_current_modes
from torch.utils._pytree import tree_iter, tree_map_only

from pitchpipe_runner.tracing import weightless
from pitchpipe_runner.tracing.cuda import CudaFunctions, workspace
from pitchpipe_runner.tracing.ledger import Ledger, Peak
from pitchpipe_runner.tracing.step import (
    Batch,
    Loss,
    MakeOptimizer,
    optimizer_step,
    own_loss,
)
from pitchpipe_runner.tracing.surroundings import as_in_a_real_step
from pitchpipe_runner.tracing.tracker import Tracker


@dataclass(frozen=True, slots=True)
class Traced:
    """`peak` is that of all steps, `after` what is alive when the last one has ended."""

    peak: Peak
    after: int
    operations: int
    seconds: float


def trace(
    model: nn.Module,
    batch: Callable[[], Batch],
    optimizer: MakeOptimizer,
    *,
    loss: Loss = own_loss,
    max_grad_norm: float | None = 1.0,
    steps: int = 2,
    granularity: int = 1,
) -> Traced:
    """Traces what `measure` measures. `model` lies on the meta device, `batch` gives real tensors.

    The model holds fake tensors afterwards. `granularity`: what the allocator rounds up to, bytes.
    """

    def work(tracker: Tracker) -> object:
        def fake_batch() -> Batch:
            with _disable_current_modes():
                real = batch()
            return given(tracker, real)

        take = optimizer_step(model, fake_batch, optimizer, loss=loss, max_grad_norm=max_grad_norm)
        for _ in range(steps):
            take()
        return take

    return trace_work(model, work, granularity=granularity)


def trace_work(
    model: nn.Module,
    work: Callable[[Tracker], object],
    *,
    granularity: int = 1,
    device: str = "cpu",
    kernels: str = "cpu",
    seconds: float = math.inf,
) -> Traced:
    """As `trace`, of whatever `work` does with `model` once that holds fake tensors.

    They say that they lie on `device`, which torch must have; the memory that operations borrow is
    that of the kernels for `kernels`. What `work` returns is alive where the trace ends.

    Raises:
        TimeoutError: it was not done in so many `seconds`.
        Unknown: what is computed depends on values that only the weights would give.
    """
    began = time.perf_counter()
    fakes = FakeTensorMode()
    weightless.place(model, fakes, device)
    tracker = Tracker(
        fakes,
        Ledger(granularity),
        device=device,
        kernels_of=kernels,
        deadline=time.monotonic() + seconds,
    )
    with ExitStack() as stack:
        stack.enter_context(as_in_a_real_step())
        stack.enter_context(_labels(model, tracker))
        if kernels == "cuda":
            size = workspace()
            tracker.ledger.born(size, "cublasSetWorkspace", "uint8", (size,), "workspace")
        if kernels == "cuda" != device:
            stack.enter_context(CudaFunctions())
        stack.enter_context(fakes)
        stack.enter_context(tracker)
        kept = work(tracker)
        after = tracker.ledger.bytes
        del kept
    took = time.perf_counter() - began
    return Traced(tracker.ledger.peak(), after, tracker.operations, took)


def given(tracker: Tracker, value: Any) -> Any:
    """A batch, or a part of it, with fake tensors whose values are known."""
    fake = tree_map_only(torch.Tensor, tracker.fake, value)
    for tensor in tree_iter(fake):
        if isinstance(tensor, torch.Tensor):
            tracker.hold(tensor, "inputs")
    return fake


@contextmanager
def _labels(model: nn.Module, tracker: Tracker) -> Iterator[None]:
    """Says of the model's tensors, their gradients and the optimizer's states what they are."""
    ledger, thread = tracker.ledger, threading.get_ident()

    def update(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        if threading.get_ident() == thread:
            ledger.begin("optimizer")

    def updated(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        if threading.get_ident() == thread:
            for tensor in tree_iter(list(optimizer.state.values())):
                if isinstance(tensor, torch.Tensor):
                    tracker.hold(tensor, "optimizer")

    handles = [
        register_optimizer_step_pre_hook(update),
        register_optimizer_step_post_hook(updated),
        model.register_forward_pre_hook(lambda *_: ledger.begin("forward")),
    ]
    for name, tensor in weightless.held(model):
        tracker.hold(tensor, "adapters" if _is_added(name) else "weights", name)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            handles.append(
                parameter.register_post_accumulate_grad_hook(_grad_holder(tracker, name))
            )
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _grad_holder(tracker: Tracker, name: str) -> Callable[[torch.Tensor], None]:
    def hold(parameter: torch.Tensor) -> None:
        if parameter.grad is not None:
            tracker.hold(parameter.grad, "gradients", name)

    return hold


def _is_added(name: str) -> bool:
    """Whether PEFT added a parameter of this name: factors, magnitudes, copies of whole modules."""
    return ".lora_" in name or ".modules_to_save." in name
