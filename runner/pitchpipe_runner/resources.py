"""Memory and processor use over time, sampled beside the work."""

from __future__ import annotations

import contextlib
import threading

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
