"""What earlier runs on a machine showed, and what it means for the next estimate.

Only what no formula can know is learnt: the context, what the allocator reserves beyond what
tensors need, what the process takes beside tensors, and speed. The terms of tensors never are.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

_RECENT = 8  # runs; drivers and settings change, so older ones say less

# How many runs a default counts for: much where it is as good as a run, little where it is a guess.
_CONTEXT_DEFAULT, _RATIO_DEFAULT, _PROCESS_DEFAULT, _RATE_DEFAULT = 0.1, 1.0, 0.1, 0.02

# What lies outside is no measurement: another process used the device, or a clock was set.
_CREDIBLE_CONTEXT = (0, 4 << 30)  # bytes
_CREDIBLE_RATIO = (1.0, 4.0)
_CREDIBLE_RATE = (1e6, 1e17)  # floating-point operations a second


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
    CPU, `flops_per_second` counts what the model needs, not what was computed again.
    """

    run: str
    at: float
    setting: Setting
    method: str
    context_bytes: int | None = None
    reserved_ratio: float | None = None
    process_bytes: int | None = None
    flops_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Learnt:
    """The median of `n` runs."""

    value: float
    n: int

    def towards(self, default: float, weight: float) -> float:
        """The mean of the runs' value and of `default`, which counts for `weight` runs."""
        return (self.n * self.value + weight * default) / (self.n + weight)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What `n` runs in the same setting taught; None: nothing, the default holds.

    `flops_per_second` is by method.
    """

    n: int = 0
    context_bytes: Learnt | None = None
    reserved_ratio: Learnt | None = None
    process_bytes: Learnt | None = None
    flops_per_second: Mapping[str, Learnt] = field(default_factory=dict[str, Learnt])

    def context(self, default: int) -> int:
        return round(_drawn(self.context_bytes, default, _CONTEXT_DEFAULT))

    def ratio(self, default: float) -> float:
        return _drawn(self.reserved_ratio, default, _RATIO_DEFAULT)

    def process(self, default: int) -> int:
        return round(_drawn(self.process_bytes, default, _PROCESS_DEFAULT))

    def rate(self, method: str, default: float) -> float:
        """Floating-point operations a second; shrunk on a logarithmic scale, as rates err."""
        learnt = self.flops_per_second.get(method)
        if learnt is None:
            return default
        logarithm = Learnt(math.log(learnt.value), learnt.n)
        return math.exp(logarithm.towards(math.log(default), _RATE_DEFAULT))


NOTHING_LEARNT = Calibration()


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
    attention: str | None = None,
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
        and attention in (None, o.setting.attention)
    ]
    own = [o for o in fitting if machine in (None, o.setting.machine)]
    chosen = own or (fitting if name is not None else [])
    return Calibration(
        n=len(chosen),
        context_bytes=_learnt(chosen, lambda o: o.context_bytes, _CREDIBLE_CONTEXT),
        reserved_ratio=_learnt(chosen, lambda o: o.reserved_ratio, _CREDIBLE_RATIO),
        process_bytes=_learnt(chosen, lambda o: o.process_bytes, (0, math.inf)),
        flops_per_second=_rates(chosen),
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
            _whole(value.get("context_bytes")),
            _number(value.get("reserved_ratio")),
            _whole(value.get("process_bytes")),
            _number(value.get("flops_per_second")),
        )
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _learnt(
    chosen: Iterable[Observation],
    of: Callable[[Observation], float | None],
    credible: tuple[float, float],
) -> Learnt | None:
    low, high = credible
    values = [v for o in chosen if (v := of(o)) is not None and low <= v <= high][:_RECENT]
    return Learnt(median(values), len(values)) if values else None


def _rates(chosen: list[Observation]) -> dict[str, Learnt]:
    found: dict[str, Learnt] = {}
    for method in sorted({o.method for o in chosen}):
        its = [o for o in chosen if o.method == method]
        learnt = _learnt(its, lambda o: o.flops_per_second, _CREDIBLE_RATE)
        if learnt is not None:
            found[method] = learnt
    return found


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
