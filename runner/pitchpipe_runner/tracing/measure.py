"""What a real step on this machine's CPU takes, by the events of torch's allocator."""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from pitchpipe_runner.tracing import weightless
from pitchpipe_runner.tracing.step import (
    Batch,
    Loss,
    MakeOptimizer,
    optimizer_step,
    own_loss,
)


@dataclass(frozen=True, slots=True)
class Measured:
    """Bytes of live tensors. `weights` are those that the model held before the first step.

    `peak` counts the weights too; `after` is what was alive when the last step had ended.
    """

    peak: int
    weights: int
    after: int
    seconds: float


def measure(
    model: nn.Module,
    batch: Callable[[], Batch],
    optimizer: MakeOptimizer,
    *,
    loss: Loss = own_loss,
    max_grad_norm: float | None = 1.0,
    steps: int = 2,
) -> Measured:
    """Trains `model` for `steps` steps and says what they took. It must have no gradients yet."""
    take = optimizer_step(model, batch, optimizer, loss=loss, max_grad_norm=max_grad_norm)

    def work() -> None:
        for _ in range(steps):
            take()

    return measure_work(model, work)


def measure_work(model: nn.Module, work: Callable[[], object]) -> Measured:
    """As `measure`, of whatever `work` does with `model`.

    What was allocated before, beside the model's own tensors, is not counted.
    """
    weights = storage_bytes(tensor for _, tensor in weightless.held(model))
    gc.collect()  # what dies in between would be counted
    began = time.perf_counter()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        work()
    seconds = time.perf_counter() - began
    events = profiler.profiler.kineto_results.events()  # type: ignore[union-attr]  # it has run
    changes = sorted(_allocations(events), key=lambda change: change[0])
    levels = list(itertools.accumulate((size for _, size in changes), initial=weights))
    return Measured(max(levels), weights, levels[-1], seconds)


def storage_bytes(tensors: Iterable[torch.Tensor]) -> int:
    """Bytes of the tensors' storages, each once."""
    return sum({(s := t.untyped_storage())._cdata: s.nbytes() for t in tensors}.values())


def _allocations(events: Iterable[Any]) -> list[tuple[int, int]]:
    """(nanoseconds, bytes) of each allocation; bytes given back are negative.

    Read from the profiler's raw events: of its public views, torch 2.13 has none with each of them.
    """
    return [
        (e.start_ns(), e.nbytes())
        for e in events
        if e.name() == "[memory]" and e.device_type().name == "CPU"
    ]
