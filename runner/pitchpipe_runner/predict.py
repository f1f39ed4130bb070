"""What training will take, told before its first step, and set against what it took."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from pitchpipe.costs.changing import sayable
from pitchpipe.costs.step import Batch
from pitchpipe.estimate import (
    Estimate,
    Interval,
    Records,
    Step,
    decode,
    decode_fragments,
    estimate,
)
from pitchpipe.estimate.calibration import (
    SPEED_VARIES,
    Learnt,
    Likeness,
    Observation,
    Setting,
    calibrate,
    from_json,
    kind_of,
    machine_digest,
)
from pitchpipe.estimate.choices import Change, changes
from pitchpipe.estimate.time import flops
from pitchpipe.modules import ModelShape
from pitchpipe.plan import Plan
from pitchpipe.schema import Schema
from pitchpipe_runner import expecting, resources
from pitchpipe_runner.device import Device
from pitchpipe_runner.events import Events
from pitchpipe_runner.expecting import Passes
from pitchpipe_runner.metering import Reading
from pitchpipe_schemas import recorded

_TOLERANCE = 0.03  # of the memory of tensors, where the model's structure is known
_CLEARLY_LESS = 0.9
_LONG_ENOUGH = 0.1  # seconds of a pass

_NOTHING: dict[str, float | None] = {
    "context_bytes": None,
    "reserved_ratio": None,
    "process_bytes": None,
    "flops_per_second": None,
}


class Forecast:
    """What is predicted of a training that `model` is ready for.

    `earlier` is what other runs showed.
    """

    def __init__(
        self, plan: Plan, device: Device, model: Any, earlier: Sequence[Observation]
    ) -> None:
        self._plan = plan
        self._device = device
        self._model = model
        self.setting = setting_of(device, model)
        self._calibration = calibrate(
            earlier,
            kind=device.kind,
            machine=self.setting.machine,
            name=self.setting.name,
            torch=self.setting.torch,
        )
        t = plan.training
        self._compiled = t.torch_compile or bool(t.torch_compile_backend or t.torch_compile_mode)
        self._known: tuple[ModelShape, Records] | None = None
        self._largest: Batch | None = None
        self._speed: Speed | None = None

    def of(self, batch: Batch) -> Estimate | None:
        """What the step on `batch` takes; None before `tell`."""
        if self._known is None:
            return None
        shape, records = self._known
        return estimate(shape, self._step(shape, batch), records, self._calibration)

    def remedy(self, memory: int, schema: Schema) -> tuple[int, Change, int] | None:
        """The cheapest change with which the largest batch likely fits in `memory` bytes.

        With what it needs now before it, and what it would need behind. None where no change of one
        key is enough, or nothing was told. What was predicted to fit, and did not, must need a
        tenth less at least.
        """
        if self._known is None or self._largest is None:
            return None
        shape, records = self._known
        step = self._step(shape, self._largest)

        def needs(other: Step) -> int:
            return estimate(shape, other, records, self._calibration).total.likely

        now = needs(step)
        bound = min(memory, round(now * _CLEARLY_LESS))
        for change in changes(shape, step):
            if sayable(change, schema) and (then := needs(change.step)) <= bound:
                return now, change, then
        return None

    def tell(self, passes: Passes, steps: int, accumulation: int, events: Events) -> None:
        """Emits `prediction`. `steps` are those that this process has to take."""
        shape = expecting.shape_of(self._model)
        records = _records(shape.model_type)
        each = [
            (batch, estimate(shape, self._step(shape, batch), records, self._calibration))
            for batch in passes.largest
        ]
        batch, found = max(each, key=lambda pair: pair[1].allocated.likely)
        kind = kind_of(shape, self._step(shape, batch))
        speed, overhead = self._calibration.speed(kind), self._calibration.overhead(kind)
        if speed is not None:
            self._speed = self._foretold(shape, passes, batch, steps * accumulation, speed)
        self._known, self._largest = (shape, records), batch
        learnt = [taught for taught in (speed, overhead) if taught is not None]
        cpu = found.reserved is None
        events.emit(
            "prediction",
            stage="train",
            batch=asdict(batch),
            steps=steps,
            exact=found.exact and not self._compiled,
            moment=found.peak.moment,
            where=_where(found.peak.where),
            parts=[{"name": part.name, "bytes": part.bytes} for part in found.peak.parts],
            allocated=_ends(found.allocated),
            reserved=None if found.reserved is None else _ends(found.reserved),
            context_bytes=found.context,
            device=None if cpu else _ends(found.total),
            process=_ends(found.total if cpu else found.host),
            tokens_per_second=None if self._speed is None else self._speed.around("tokens"),
            seconds=None if self._speed is None else self._speed.around("seconds"),
            reasons=list(found.allocated.reasons),
            learnt_from=max((taught.n for taught in learnt), default=0),
            learnt_like=learnt[0].like if learnt else None,
        )

    def compare(
        self, reading: Reading, step: int, total_steps: int, events: Events, *, final: bool
    ) -> None:
        """Emits `measurement`: what was read up to `step`, and how far off the prediction was."""
        compared = self._compared(reading, final=final)
        events.emit(
            "measurement",
            stage="train",
            step=step,
            total_steps=total_steps,
            final=final,
            setting={
                **asdict(self.setting),
                "method": self._plan.method.type,
                "model_type": None if self._known is None else self._known[0].model_type,
                "parameters": None if self._known is None else self._known[0].numel,
                "dtype": str(self._device.dtype).removeprefix("torch."),
                "threads": torch.get_num_threads(),
            },
            batch=None if reading.batch is None else asdict(reading.batch),
            memory={
                "allocated_bytes": reading.allocated,
                "reserved_bytes": reading.reserved,
                "device_used_bytes": reading.used,
                "peak_rss_bytes": reading.process,
                "rss_bytes": reading.rss,
            },
            speed={
                "steps": reading.steps,
                "tokens": reading.tokens,
                "positions": reading.positions,
                "seconds": round(reading.seconds, 4),
            },
            compared=compared,
            learnt=self._learnt(reading),
        )
        if final and not self._compiled:
            self._complain(compared["allocated_bytes"]["error"], reading, events)

    def _step(self, shape: ModelShape, batch: Batch) -> Step:
        return expecting.taken(self._plan, self._device, self._model, shape, batch)

    def _foretold(
        self, shape: ModelShape, passes: Passes, batch: Batch, n: int, learnt: Learnt
    ) -> Speed:
        """From what earlier runs achieved on this machine."""
        _, needed = flops(shape, self._step(shape, batch))
        seconds = passes.positions * needed / learnt.value
        return Speed(passes.tokens / seconds, seconds * n, learnt.like)

    def _compared(self, reading: Reading, *, final: bool) -> dict[str, dict[str, float | None]]:
        """The memory that the very batch was to take which took most."""
        found = None if reading.batch is None else self.of(reading.batch)
        reserved = None if found is None else found.reserved
        process = None if found is None else found.total if reserved is None else found.host
        speed, pace = self._speed, reading.tokens / reading.seconds if reading.seconds else None
        return {
            "allocated_bytes": _both(found and found.allocated.likely, reading.allocated),
            "reserved_bytes": _both(reserved and reserved.likely, reading.reserved),
            "process_bytes": _both(process and process.likely, reading.process),
            "tokens_per_second": _both(speed and speed.tokens_per_second, pace),
            "seconds": _both(speed and speed.seconds, reading.total_seconds)
            if final
            else _both(None, None),
        }

    def _complain(self, error: float | None, reading: Reading, events: Events) -> None:
        """Terms of tensors are exact or wrong; nothing is refitted to hide the latter.

        Less may be measured than predicted where the largest batch came in the first step alone.
        """
        if error is None or reading.batch is None or abs(error) <= _TOLERANCE:
            return
        if error > 0 and not reading.settled:
            return
        found = self.of(reading.batch)
        if found is not None and found.exact:
            events.log(
                f"the memory of tensors was predicted {100 * abs(error):.1f} % too "
                f"{'high' if error > 0 else 'low'} although the model's structure is known: that "
                "is a bug; please report it with plan.json and the `prediction` and `measurement` "
                "lines of events.jsonl",
                level="warning",
            )

    def _learnt(self, reading: Reading) -> dict[str, float | None]:
        """What no formula knows. A smoke run's tiny model teaches nothing of another's."""
        if self._plan.smoke:
            return _NOTHING
        return {**_NOTHING, **overheads(self.setting.kind, reading), **self._rate(reading)}

    def _rate(self, reading: Reading) -> dict[str, float | None]:
        """Steps that are over at once tell how long Python takes, not the device."""
        if self._known is None or reading.batch is None or not reading.steps:
            return {}
        accumulated = max(1, self._plan.training.gradient_accumulation_steps)
        if reading.seconds / (reading.steps * accumulated) < _LONG_ENOUGH:
            return {}
        shape, _ = self._known
        _, needed = flops(shape, self._step(shape, reading.batch))
        return {"flops_per_second": reading.positions * needed / reading.seconds}


@dataclass(frozen=True, slots=True)
class Speed:
    """`seconds` are those of all steps; `like`: how much the runs were like this one."""

    tokens_per_second: float
    seconds: float
    like: Likeness

    def around(self, of: Literal["tokens", "seconds"]) -> dict[str, float]:
        slow, fast = SPEED_VARIES[self.like]
        if of == "tokens":
            low, value, high = (self.tokens_per_second * f for f in (slow, 1.0, fast))
        else:
            low, value, high = (self.seconds / f for f in (fast, 1.0, slow))
        return {"low": round(low, 3), "likely": round(value, 3), "high": round(high, 3)}


def handed_over(run: Path) -> list[Observation]:
    """What the terminal put into the run folder; nothing where it could not, or is none."""
    try:
        content = json.loads((run / "calibration.json").read_text(encoding="utf-8"))
        found = [from_json(o) for o in content["observations"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    return [o for o in found if o is not None]


def _records(model_type: str) -> Records:
    shard = recorded.activations(model_type)
    return Records(None if shard is None else decode(shard), decode_fragments(recorded.adapters()))


def _where(place: str) -> str:
    """A layer and a module in it, either of which may be missing."""
    return ", ".join(name for name in place.split(":") if name)


def _ends(interval: Interval) -> dict[str, int]:
    return {"low": interval.low, "likely": interval.likely, "high": interval.high}


def setting_of(device: Device, model: Any) -> Setting:
    return Setting(
        machine_digest(platform.node()),
        device.kind,
        resources.device_name(device.kind),
        torch.__version__,
        str(model.config._attn_implementation),
    )


def overheads(kind: str, reading: Reading) -> dict[str, float | None]:
    """What the device and the process need beside tensors."""
    tensors = reading.allocated
    if not tensors:
        return {}
    if kind == "cpu":
        return {} if reading.process is None else {"process_bytes": reading.process - tensors}
    if kind != "cuda" or reading.reserved is None or reading.used is None:
        return {}
    return {
        "context_bytes": reading.used - torch.cuda.memory_reserved(),
        "reserved_ratio": reading.reserved / tensors,
    }


def _both(predicted: float | None, measured: float | None) -> dict[str, float | None]:
    error = None if predicted is None or not measured else predicted / measured - 1
    return {"predicted": predicted, "measured": measured, "error": error}
