"""What earlier runs on a machine showed, and what it means for the next estimate.

Only what no formula can know is learnt: the context, what the allocator reserves beyond what
tensors need, what the process takes beside tensors, and speed. The terms of tensors never are.

Runs of other models teach little of this one: each estimate takes the runs that are most like its
own step, and says how alike they are.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pitchpipe.estimate.step import Step
from pitchpipe.modules import ModelShape

_RECENT = 8  # runs; drivers and settings change, so older ones say less

# How many runs a default counts for: much where it is as good as a run, little where it is a guess.
_CONTEXT_DEFAULT, _RATIO_DEFAULT, _PROCESS_DEFAULT, _RATE_DEFAULT = 0.1, 1.0, 0.1, 0.02

# What lies outside is no measurement: another process used the device, or a clock was set.
_CREDIBLE_CONTEXT = (0, 4 << 30)  # bytes
_CREDIBLE_RATIO = (1.0, 4.0)
_CREDIBLE_RATE = (1e6, 1e17)  # floating-point operations a second


Likeness = Literal["run", "step", "machine"]
"""Of what was learnt from: runs of the same kind, of the same step with other models, any runs."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What of a model and its step decides speed and overhead. "" is not known, and equals nothing.

    `method` is `Step.method`, "qlora" where the base is quantized. Models with fewer than four
    times as many parameters have the same `size` or the next one.
    """

    model_type: str = ""
    method: str = ""
    dtype: str = ""
    attention: str = ""
    size: int | None = None

    @property
    def keys(self) -> dict[Likeness, tuple[object, ...] | None]:
        """By which runs are found that are so alike, the most alike first. None: there are none."""
        step = (self.method, self.dtype, self.attention)
        whole = (self.model_type, *step, self.size)
        return {
            "run": None if "" in whole or self.size is None else whole,
            "step": None if "" in step else step,
            "machine": (),
        }


def kind_of(shape: ModelShape, step: Step) -> Kind:
    quantized = step.method == "lora" and step.quantization is not None
    method = "qlora" if quantized else step.method
    return Kind(shape.model_type, method, step.dtype, step.attention, size_of(shape.numel))


def size_of(parameters: int) -> int:
    """The kind of size that a model with so many parameters has."""
    return round(math.log(max(parameters, 1), 4))


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a run ran, as far as it decides what can be learnt from it.

    `machine` is a digest (see `machine_digest`), `name` the device's own: "NVIDIA L4", or the
    processor's with its number of threads. `kind` is "cpu", "cuda" or "mps".
    """

    machine: str
    kind: str
    name: str
    torch: str
    attention: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What one run showed; None where there was nothing to measure.

    `at` is in seconds since 1970, `method` a `pitchpipe.estimate.Method`. `reserved_ratio` is the
    allocator's peak over the tensors', `process_bytes` the process's peak less the tensors' on a
    CPU, `flops_per_second` counts what the model needs, not what was computed again. `model_type`,
    `dtype` and `parameters` are not known of runs of older versions.
    """

    run: str
    at: float
    setting: Setting
    method: str
    model_type: str = ""
    dtype: str = ""
    parameters: int | None = None
    context_bytes: int | None = None
    reserved_ratio: float | None = None
    process_bytes: int | None = None
    flops_per_second: float | None = None

    @property
    def of(self) -> Kind:
        size = None if self.parameters is None else size_of(self.parameters)
        return Kind(self.model_type, self.method, self.dtype, self.setting.attention, size)


@dataclass(frozen=True, slots=True)
class Learnt:
    """The median of `n` runs, which are so alike."""

    value: float
    n: int
    like: Likeness = "machine"

    def towards(self, default: float, weight: float) -> float:
        """The mean of the runs' value and of `default`, which counts for `weight` runs."""
        return (self.n * self.value + weight * default) / (self.n + weight)


@dataclass(frozen=True, slots=True)
class Lessons:
    """What some runs teach; None: nothing."""

    context_bytes: Learnt | None = None
    reserved_ratio: Learnt | None = None
    process_bytes: Learnt | None = None
    flops_per_second: Learnt | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """What `n` runs in the same setting taught, by the keys of their kinds."""

    n: int = 0
    lessons: Mapping[tuple[object, ...], Lessons] = field(
        default_factory=dict[tuple[object, ...], Lessons]
    )

    def context(self, kind: Kind, default: int) -> int:
        learnt = self._nearest(kind, lambda lessons: lessons.context_bytes)
        return round(_drawn(learnt, default, _CONTEXT_DEFAULT))

    def ratio(self, kind: Kind, default: float) -> float:
        learnt = self._nearest(kind, lambda lessons: lessons.reserved_ratio)
        return _drawn(learnt, default, _RATIO_DEFAULT)

    def process(self, kind: Kind, default: int) -> int:
        learnt = self._nearest(kind, lambda lessons: lessons.process_bytes)
        return round(_drawn(learnt, default, _PROCESS_DEFAULT))

    def speed(self, kind: Kind) -> Learnt | None:
        """Floating-point operations a second."""
        return self._nearest(kind, lambda lessons: lessons.flops_per_second)

    def overhead(self, kind: Kind) -> Learnt | None:
        """What memory beside tensors was learnt from: the allocator's reserve, or the process."""
        return self._nearest(kind, lambda lessons: lessons.reserved_ratio or lessons.process_bytes)

    def _nearest(self, kind: Kind, of: Callable[[Lessons], Learnt | None]) -> Learnt | None:
        if not self.lessons:
            return None
        for key in kind.keys.values():
            lessons = None if key is None else self.lessons.get(key)
            if lessons is not None and (learnt := of(lessons)) is not None:
                return learnt
        return None


NOTHING_LEARNT = Calibration()


SPEED_VARIES: Mapping[Likeness, tuple[float, float]] = {
    "run": (0.75, 1.25),
    "step": (0.5, 2.0),
    "machine": (0.25, 4.0),
}
"""Ends of a speed that was learnt from runs so alike, as parts of it: assumptions, as other batches
and other programs on the machine change it."""


def drawn_rate(learnt: Learnt, default: float) -> float:
    """A speed between the learnt one and `default`; on a logarithmic scale, as rates err."""
    logarithm = Learnt(math.log(learnt.value), learnt.n)
    return math.exp(logarithm.towards(math.log(default), _RATE_DEFAULT))


def machine_digest(name: str) -> str:
    """What stands for a machine in files that people send around. `name` is its host name."""
    return hashlib.sha256(f"pitchpipe:{name}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def calibrate(
    observations: Iterable[Observation],
    *,
    kind: str,
    machine: str | None = None,
    name: str | None = None,
    torch: str | None = None,
) -> Calibration:
    """What the latest runs teach that ran in such a setting; None means any.

    Where this machine has none, those of equal devices on other machines count.
    """
    fitting = [
        o
        for o in sorted(observations, key=lambda o: o.at, reverse=True)
        if o.setting.kind == kind
        and name in (None, o.setting.name)
        and torch in (None, o.setting.torch)
    ]
    own = [o for o in fitting if machine in (None, o.setting.machine)]
    chosen = own or (fitting if name is not None else [])
    alike: dict[tuple[object, ...], tuple[Likeness, list[Observation]]] = {}
    for observation in chosen:
        for like, key in observation.of.keys.items():
            if key is not None:
                alike.setdefault(key, (like, []))[1].append(observation)
    return Calibration(
        len(chosen), {key: _lessons(runs, like) for key, (like, runs) in alike.items()}
    )


def to_json(observation: Observation) -> dict[str, Any]:
    setting = observation.setting
    return {
        "run": observation.run,
        "at": observation.at,
        "machine": setting.machine,
        "kind": setting.kind,
        "name": setting.name,
        "torch": setting.torch,
        "attention": setting.attention,
        "method": observation.method,
        "model_type": observation.model_type,
        "dtype": observation.dtype,
        "parameters": observation.parameters,
        "context_bytes": observation.context_bytes,
        "reserved_ratio": observation.reserved_ratio,
        "process_bytes": observation.process_bytes,
        "flops_per_second": observation.flops_per_second,
    }


def from_json(value: Mapping[str, Any]) -> Observation | None:
    """None where it is not what `to_json` gives; keys that it doesn't know are passed over."""
    try:
        setting = Setting(
            *(_text(value[k]) for k in ("machine", "kind", "name", "torch", "attention"))
        )
        return Observation(
            _text(value["run"]),
            float(value["at"]),
            setting,
            _text(value["method"]),
            _text(value.get("model_type") or ""),
            _text(value.get("dtype") or ""),
            _whole(value.get("parameters")),
            _whole(value.get("context_bytes")),
            _number(value.get("reserved_ratio")),
            _whole(value.get("process_bytes")),
            _number(value.get("flops_per_second")),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _lessons(runs: list[Observation], like: Likeness) -> Lessons:
    return Lessons(
        _learnt((o.context_bytes for o in runs), _CREDIBLE_CONTEXT, like),
        _learnt((o.reserved_ratio for o in runs), _CREDIBLE_RATIO, like),
        _learnt((o.process_bytes for o in runs), (0, math.inf), like),
        _learnt((o.flops_per_second for o in runs), _CREDIBLE_RATE, like),
    )


def _learnt(
    values: Iterator[float | None], credible: tuple[float, float], like: Likeness
) -> Learnt | None:
    low, high = credible
    recent = [v for v in values if v is not None and low <= v <= high][:_RECENT]
    return Learnt(_median(recent), len(recent), like) if recent else None


def _drawn(learnt: Learnt | None, default: float, weight: float) -> float:
    return default if learnt is None else learnt.towards(default, weight)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not math.isfinite(float(value)):
        raise TypeError
    return float(value)


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else round(number)


def _median(values: Sequence[float]) -> float:
    """As in `statistics`, which takes as long to import as an estimate to be made."""
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
