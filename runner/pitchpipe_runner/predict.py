"""What training will take, told before its first step, and set against what it took."""

from __future__ import annotations

import platform
from dataclasses import asdict
from typing import Any

import torch

from pitchpipe.estimate.calibration import Setting, machine_digest
from pitchpipe.plan import Plan
from pitchpipe_runner import resources
from pitchpipe_runner.device import Device
from pitchpipe_runner.events import Events
from pitchpipe_runner.metering import Reading

_NOTHING: dict[str, float | None] = {
    "context_bytes": None,
    "reserved_ratio": None,
    "process_bytes": None,
    "flops_per_second": None,
}


class Forecast:
    """What is predicted of a training that `model` is ready for."""

    def __init__(self, plan: Plan, device: Device, model: Any) -> None:
        self._plan = plan
        self._dtype = str(device.dtype).removeprefix("torch.")
        self.setting = setting_of(device, model)

    def tell(self, steps: int, events: Events) -> None:
        """Emits `prediction`. `steps` are those that this process has to take."""

    def compare(
        self, reading: Reading, step: int, total_steps: int, events: Events, *, final: bool
    ) -> None:
        """Emits `measurement`: what was read up to `step`, and how far off the prediction was."""
        measured = _measured(reading, final=final)
        events.emit(
            "measurement",
            stage="train",
            step=step,
            total_steps=total_steps,
            final=final,
            setting={
                **asdict(self.setting),
                "method": self._plan.method.type,
                "dtype": self._dtype,
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
            compared={name: _compared(None, value) for name, value in measured.items()},
            learnt=self._learnt(reading),
        )

    def _learnt(self, reading: Reading) -> dict[str, float | None]:
        """What no formula knows. A smoke run's tiny model teaches nothing of another's."""
        if self._plan.smoke:
            return _NOTHING
        return {**_NOTHING, **overheads(self.setting.kind, reading)}


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


def _measured(reading: Reading, *, final: bool) -> dict[str, float | None]:
    return {
        "allocated_bytes": reading.allocated,
        "reserved_bytes": reading.reserved,
        "process_bytes": reading.process,
        "tokens_per_second": reading.tokens / reading.seconds if reading.seconds else None,
        "seconds": reading.total_seconds if final else None,
    }


def _compared(predicted: float | None, measured: float | None) -> dict[str, float | None]:
    error = None if predicted is None or not measured else predicted / measured - 1
    return {"predicted": predicted, "measured": measured, "error": error}
