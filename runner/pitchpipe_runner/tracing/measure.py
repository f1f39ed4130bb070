"""What a real step on this machine's CPU takes, by the events of torch's allocator."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile, record_function

from pitchpipe_runner.tracing import weightless
from pitchpipe_runner.tracing.step import (
    Batch,
    Loss,
    MakeOptimizer,
    TakeStep,
    optimizer_step,
    own_loss,
)

_STEP = "pitchpipe.step"


@dataclass(frozen=True, slots=True)
class Measured:
    """Bytes of live tensors. `weights` are those that the model held before the first step.

    `peak` counts the weights too; `after` is what was alive when the last step had ended. `steps`
    has one peak a step: optimizer states are made in the first and are there throughout the second.
    """

    peak: int
    weights: int
    after: int
    steps: tuple[int, ...]
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
    return measure_steps(model, take, steps)


def measure_steps(model: nn.Module, take: TakeStep, steps: int = 2) -> Measured:
    """As `measure`, of any way to take a step.

    What `take` has already allocated on the CPU, beside the model's own tensors, is not counted.
    """
    weights = storage_bytes(tensor for _, tensor in weightless.held(model))
    began = time.perf_counter()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        for _ in range(steps):
            with record_function(_STEP):
                take()
    seconds = time.perf_counter() - began
    events = profiler.profiler.kineto_results.events()  # type: ignore[union-attr]  # it has run
    ends = sorted(e.end_ns() for e in events if e.name() == _STEP)
    changes = sorted(_allocations(events), key=lambda change: change[0])
    alive, at = weights, 0
    peaks: list[int] = []
    for end in ends:
        peak = alive
        while at < len(changes) and changes[at][0] <= end:
            alive += changes[at][1]
            peak = max(peak, alive)
            at += 1
        peaks.append(peak)
    return Measured(max(peaks), weights, alive, tuple(peaks), seconds)


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
