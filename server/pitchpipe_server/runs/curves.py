"""What was measured while a run trained, as curves that only grow by what is new in its events."""

from __future__ import annotations

import math
import re
from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pitchpipe.thinning import kept
from pitchpipe_facts import runs
from pitchpipe_facts.runs import Event
from pitchpipe_server.runs.loosely import mapping, number

_PIECE = 2**20  # bytes read at a time; other threads get their turn all the same
_HEAD = re.compile(rb'"t": (\d+(?:\.\d+)?), "kind": "([a-z-]+)"')
_HEAD_ENDS = 160  # bytes of a line that hold when it was written, and its kind
_TELLING = frozenset({b"metrics", b"resources", b"run-started"})


@dataclass(slots=True)
class Curve:
    """Columns of one length: optimizer step, working time in seconds, value; NaN: not finite."""

    step: array[int] = field(default_factory=lambda: array("q"))
    seconds: array[float] = field(default_factory=lambda: array("d"))
    value: array[float] = field(default_factory=lambda: array("d"))

    def add(self, step: int, seconds: float, value: float) -> None:
        self.step.append(step)
        self.seconds.append(seconds)
        self.value.append(value)

    def drop_from(self, step: int) -> None:
        while self.step and self.step[-1] >= step:
            self.step.pop()
            self.seconds.pop()
            self.value.pop()

    def thinned(self, most: int) -> Curve:
        """About `most` points with the lowest and the highest of each stretch."""
        order = kept(self.value, most)
        return Curve(
            array("q", [self.step[i] for i in order]),
            array("d", [self.seconds[i] for i in order]),
            array("d", [self.value[i] for i in order]),
        )


class Curves:
    """The curves of a run up to the byte `offset` of its events.

    `metrics` has them by name, without what a resumed run computed again. `memory` is that of the
    process and of the device, in bytes; its steps are 0.
    """

    def __init__(self) -> None:
        self.offset = 0
        self.metrics: dict[str, Curve] = {}
        self.memory: dict[Literal["process", "device"], Curve] = {
            "process": Curve(),
            "device": Curve(),
        }
        self._away = 0.0  # what to take from an event's time to get the working time
        self._began: float | None = None
        self._latest: float | None = None
        self._trained = False  # by the process at hand

    def read(self, events: Path, until: int) -> None:
        """Reads on to the byte `until`, the end of a line; a file that is gone has no more."""
        try:
            with events.open("rb") as file:
                file.seek(self.offset)
                while self.offset < until:
                    data = file.read(min(_PIECE, until - self.offset))
                    data += file.readline(until - self.offset - len(data))
                    if not data:
                        return
                    for line in data.split(b"\n"):
                        self._take_line(line)
                    self.offset += len(data)
        except FileNotFoundError:
            return

    def _take_line(self, line: bytes) -> None:
        """Most lines are of no interest but for their time, so they are not read as JSON."""
        head = _HEAD.search(line, 0, _HEAD_ENDS)
        if head is not None and head[2] not in _TELLING:
            self._at(float(head[1]))
            return
        event = runs.parse(line)
        if event is None or (t := number(event.get("t"))) is None:
            return
        if event["kind"] == "run-started":
            self._begin(t)
        self._at(t)
        if event["kind"] == "metrics":
            self._measured(event, t - self._away)
        elif event["kind"] == "resources":
            self._used(event, t - self._away)

    def _begin(self, t: float) -> None:
        """The time between two processes is nobody's."""
        worked = 0.0
        if self._began is not None and self._latest is not None:
            worked = self._began - self._away + max(0.0, self._latest - self._began)
        self._began, self._away, self._trained = t, t - worked, False

    def _at(self, t: float) -> None:
        if self._began is None:
            self._began = self._away = t
        self._latest = t

    def _measured(self, event: Event, seconds: float) -> None:
        step = number(event.get("step"))
        if step is None or event.get("stage", "train") != "train":
            return
        if not self._trained:
            self._trained = True
            for curve in self.metrics.values():
                curve.drop_from(int(step))
        for name, value in mapping(event.get("values")).items():
            found = number(value)
            curve = self.metrics.setdefault(name, Curve())
            curve.add(int(step), seconds, math.nan if found is None else found)

    def _used(self, event: Event, seconds: float) -> None:
        for name, curve in (
            ("rss_bytes", self.memory["process"]),
            ("device_bytes", self.memory["device"]),
        ):
            if (value := number(event.get(name))) is not None:
                curve.add(0, seconds, value)
