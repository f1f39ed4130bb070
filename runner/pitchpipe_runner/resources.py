"""Memory and processor use: of the process and the device now, and over time beside the work."""

from __future__ import annotations

import contextlib
import platform
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from pitchpipe_runner.events import Events

_EVERY = 2.0  # seconds


class Sampler(threading.Thread):
    """Emits a `resources` event every two seconds, and one at the end."""

    def __init__(self, events: Events) -> None:
        super().__init__(name="resources", daemon=True)
        self._events = events
        self._ended = threading.Event()
        self._process = psutil.Process()
        self._process.cpu_percent()
        self._peak = 0

    def run(self) -> None:
        while not self._ended.wait(_EVERY):
            self._sample()

    def end(self) -> None:
        self._ended.set()
        if self.is_alive():
            self.join()
        self._sample()

    def _sample(self) -> None:
        rss = self._process.memory_info().rss
        self._peak = max(self._peak, rss)
        cuda = torch.cuda.is_available() and torch.cuda.is_initialized()
        with contextlib.suppress(OSError):  # a full disk is for the stage to report
            self._events.emit(
                "resources",
                rss_bytes=rss,
                peak_rss_bytes=self._peak,
                cpu_percent=self._process.cpu_percent(),
                device_bytes=torch.cuda.memory_allocated() if cuda else None,
                device_peak_bytes=torch.cuda.max_memory_allocated() if cuda else None,
            )


@dataclass(frozen=True, slots=True)
class DeviceMemory:
    """Bytes on an accelerator since the process began; None where its backend doesn't tell.

    `peak` is the most that tensors took, `reserved` the most that the allocator held for them,
    `used` what the whole device has in use now, other processes included.
    """

    peak: int | None
    reserved: int | None
    used: int | None


def device_memory(kind: str) -> DeviceMemory:
    if kind == "cuda":
        free, total = torch.cuda.mem_get_info()
        peak, reserved = torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()
        return DeviceMemory(peak, reserved, total - free)
    if kind == "mps":  # keeps no peaks, but what its driver holds it seldom gives back
        held = torch.mps.driver_allocated_memory()
        return DeviceMemory(None, held, held)
    return DeviceMemory(None, None, None)


def rss() -> int:
    """Of this process now, in bytes."""
    return psutil.Process().memory_info().rss


def peak_rss() -> int | None:
    """Of this process since it began, in bytes; None where the system keeps none."""
    if sys.platform == "win32":
        return getattr(psutil.Process().memory_info(), "peak_wset", None)
    import resource  # noqa: PLC0415  # Windows has no such module

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def device_name(kind: str) -> str:
    """As in "NVIDIA L4"; of a CPU its model and the number of threads that torch uses."""
    if kind == "cuda":
        return torch.cuda.get_device_name()
    processor = _processor()
    return processor if kind == "mps" else f"{processor}, threads: {torch.get_num_threads()}"


def _processor() -> str:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
            for line in text.splitlines():
                name, _, value = line.partition(":")
                if name.strip() == "model name":
                    return value.strip()
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        with contextlib.suppress(OSError):
            said = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
            if said.stdout.strip():
                return said.stdout.strip()
    return platform.processor() or platform.machine()
