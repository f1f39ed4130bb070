"""What training steps take, measured while they run: memory at its peak, and time.

On a CPU torch keeps no count of what is allocated. There the allocator's own events are recorded,
in the first two steps and whenever a batch is larger than all behind the first step.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch._C import _autograd
from torch._C._profiler import RecordScope
from torch.autograd.profiler import profile
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

from pitchpipe.costs.step import Batch
from pitchpipe_runner import resources
from pitchpipe_runner.render import IGNORED
from pitchpipe_runner.tracing.measure import storage_bytes

_ALWAYS = 2  # steps; the optimizer's states are made in the first and are there from then on


@dataclass(frozen=True, slots=True)
class Reading:
    """What was measured so far. Peaks are those of training steps, in bytes; None: not known.

    `allocated` is what tensors took at most, `reserved` what the allocator held for them, `used`
    what the whole device has in use now. `process` is the process's peak, loading included.
    `batch` is the one that made the peak of `allocated`, or the largest where nobody can tell.
    `settled`: a batch as large as the largest came when the optimizer had its states.

    `tokens` (real ones) and `positions` (padding included) went through `steps` steps in `seconds`,
    evaluations and checkpoints left out; if there are more, so is the first step, which is slow.
    `total_seconds` are those of all steps.
    """

    allocated: int | None
    reserved: int | None
    used: int | None
    process: int | None
    rss: int
    batch: Batch | None
    settled: bool
    steps: int
    tokens: int
    positions: int
    seconds: float
    total_seconds: float


class Meter:
    """Measures one process's training steps.

    `begins` and `ends` enclose each forward and backward pass, of the last one in a step the
    optimizer's work too, but not the end of its gradients: on a CPU it is not seen when something
    goes that was there before. `step_ended` is called behind all that.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._steps = 0
        self._largest = 0
        self._largest_settled = 0
        self._allocated: int | None = None
        self._batch: Batch | None = None
        self._recording: tuple[_Allocations, Batch] | None = None
        self._before = 0
        self._tokens = self._positions = 0
        self._seconds = 0.0
        self._first: tuple[int, int, float] | None = None

    def begins(self, model: torch.nn.Module, optimizer: Any, inputs: Mapping[str, Any]) -> None:
        """`inputs` is what the collator made."""
        positions = inputs["input_ids"].numel()
        self._tokens += inputs["tokens"]
        self._positions += positions
        larger = positions > self._largest
        self._largest = max(self._largest, positions)
        if self._steps >= _ALWAYS and positions <= self._largest_settled:
            return
        if self._steps:
            self._largest_settled = max(self._largest_settled, positions)
        shape = batch_of(inputs)
        if self._kind == "cpu":
            self._recording = _Allocations(_alive(model, optimizer, inputs)), shape
        elif larger:
            self._batch = shape

    def ends(self) -> None:
        if self._recording is None:
            return
        (recorder, shape), self._recording = self._recording, None
        peak = recorder.peak()
        if self._allocated is None or peak > self._allocated:
            self._allocated, self._batch = peak, shape

    def step_began(self) -> None:
        self._before = resources.device_memory(self._kind).peak or 0

    def step_ended(self, seconds: float) -> None:
        """`seconds` is how long the step took."""
        self._steps += 1
        self._seconds += seconds
        peak = resources.device_memory(self._kind).peak
        # A peak that was there before the step may be an evaluation's.
        if peak is not None and peak > self._before:
            self._allocated = peak
        if self._first is None:
            self._first = self._tokens, self._positions, self._seconds

    def reading(self) -> Reading:
        device = resources.device_memory(self._kind)
        tokens, positions, seconds = (
            (self._first or (0, 0, 0.0)) if self._steps > 1 else (0, 0, 0.0)
        )
        return Reading(
            self._allocated,
            device.reserved,
            device.used,
            resources.peak_rss(),
            resources.rss(),
            self._batch,
            self._largest_settled >= self._largest,
            self._steps - 1 if self._steps > 1 else self._steps,
            self._tokens - tokens,
            self._positions - positions,
            self._seconds - seconds,
            self._seconds,
        )

    def close(self) -> None:
        """Also where a step failed half-way."""
        if self._recording is not None:
            self._recording[0].peak()
            self._recording = None


def batch_of(inputs: Mapping[str, Any]) -> Batch:
    """What the collator made, in numbers."""
    rows, length = inputs["input_ids"].shape
    learnt = inputs["labels"][:, 1:] != IGNORED
    return Batch(
        rows,
        length,
        int(learnt.any(dim=0).sum()),
        int(learnt.sum()),
        _gets_mask(inputs),
    )


def _gets_mask(inputs: Mapping[str, Any]) -> bool:
    """Whether attention does, for padding or because positions begin anew within a sequence."""
    if (mask := inputs.get("attention_mask")) is not None:
        return bool((mask == 0).any())
    positions = inputs.get("position_ids")
    return positions is not None and bool((positions[:, 1:] == 0).any())


def _alive(model: torch.nn.Module, optimizer: Any, inputs: Mapping[str, Any]) -> int:
    """Bytes of what a pass finds: the model, gradients, the optimizer's states, its own batch."""
    parameters = list(model.parameters())
    states = (state.values() for state in optimizer.state.values())
    tensors = itertools.chain(
        parameters,
        model.buffers(),
        (p.grad for p in parameters),
        itertools.chain.from_iterable(states),
        inputs.values(),
    )
    plain = (part for t in tensors if isinstance(t, torch.Tensor) for part in _parts(t))
    return storage_bytes(plain)


def _parts(tensor: Any) -> list[torch.Tensor]:
    """What a tensor really consists of: torchao's states only look as if they had 32 bits."""
    if not is_traceable_wrapper_subclass(tensor):
        return [tensor]
    names, _ = tensor.__tensor_flatten__()
    return [part for name in names for part in _parts(getattr(tensor, name))]


class _Allocations:
    """Records what this thread's CPU allocator gives and takes, from now on.

    The public profilers record every operation too, which takes several times as long; what lies
    beneath them can leave operations out.
    """

    _profiler: Any = _autograd  # its stub, of torch 2.13, lacks what is used here

    def __init__(self, alive: int) -> None:
        self._alive = alive
        settings = profile(profile_memory=True)
        activities = settings.kineto_activities
        self._profiler._prepare_profiler(settings.config(), activities)
        self._profiler._enable_profiler(settings.config(), activities, {RecordScope.USER_SCOPE})

    def peak(self) -> int:
        """The most bytes that were alive. Ends the recording."""
        changes = [
            (event.start_ns(), event.nbytes())
            for event in self._profiler._disable_profiler().events()
            if event.name() == "[memory]" and event.device_type().name == "CPU"
        ]
        changes.sort(key=lambda change: change[0])  # those of the same moment stay in order
        return max(itertools.accumulate((n for _, n in changes), initial=self._alive))
