"""A run folder, read as far as it has come; reading on costs only what is new."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pitchpipe_facts import runs
from pitchpipe_facts.runs import Event, RunInfo

ENDS = frozenset({"run-done", "failure", "interrupted"})
CHUNK = 2**18  # bytes read at a time where every event counts: some 50 ms of parsing at most
_PIECE = 2**21  # bytes read at a time where most lines are passed over

_KIND = re.compile(rb'"kind": "([a-z-]+)"')
_PROGRESS = re.compile(
    rb'"stage": "([^"]*)", "done": (-?\d+(?:\.\d+)?), "total": [^,]*, "unit": "([^"]*)"'
)
_HEAD = 160  # bytes of a line that hold its kind
_PASSING = frozenset({b"log", b"resolved", b"warning"})  # say nothing about a run's state


@dataclass(slots=True)
class Reading:
    """`run` is what the events up to the byte `offset` tell, without the lock's word.

    `failure` is the event of the failure that the run ended by, `best_loss` the lowest `eval_loss`
    so far. `started` is the last `run-started`, `worked` the seconds of the processes before it.
    """

    run: RunInfo
    offset: int = 0
    ended: bool = False
    best_loss: float | None = None
    failure: Event | None = None
    started: Event | None = None
    worked: float = 0.0
    _planned: RunInfo = field(init=False)

    def __post_init__(self) -> None:
        self._planned = self.run

    @property
    def events(self) -> Path:
        return self.run.folder / runs.EVENTS

    @property
    def seconds(self) -> float | None:
        """Working time so far; the time between two processes doesn't count. None before any."""
        run = self.run
        if run.began is None or run.updated is None:
            return None
        return self.worked + max(0.0, run.updated - run.began)

    def size(self) -> int:
        """Of the events, in bytes; 0 where there are none."""
        try:
            return self.events.stat().st_size
        except OSError:
            return 0

    def read_on(self) -> list[tuple[int, Event]]:
        """The next events, each with the offset behind it; none where there is nothing new.

        A last line that is half-written waits for its rest. Where the file has become shorter it is
        read from its beginning.
        """
        size = self.size()
        if size < self.offset:
            self._begin_again()
        return [] if size == self.offset else list(self._taken(self._read(CHUNK)))

    def skim(self, until: int | None = None) -> bool:
        """Reads on towards the byte `until`, or the end, only what later lines do not supersede.

        Some megabytes at a time; False when nothing more was there.
        """
        size = self.size()
        if size < self.offset:
            self._begin_again()
        left = (size if until is None else min(until, size)) - self.offset
        # A line that ends behind `until` is left to who reads on.
        data = self._read(_PIECE) if left > _PIECE else self._read(left, further=False)
        lines = data.split(b"\n")[:-1]
        for number in _lasting(lines):
            event = runs.parse(lines[number])
            if event is not None:
                self._take(event)
        self.offset += len(data)
        return bool(data)

    def drain(self) -> None:
        """Skims all that is there."""
        while self.skim():
            pass

    def _read(self, size: int, *, further: bool = True) -> bytes:
        """Whole lines within `size` bytes; `further`: a first line that is longer is read whole."""
        if size <= 0:
            return b""
        data = b""
        try:
            with self.events.open("rb") as file:
                file.seek(self.offset)
                while chunk := file.read(size):
                    data += chunk
                    if b"\n" in chunk or not further:
                        break
        except OSError:
            return b""
        return data[: data.rfind(b"\n") + 1]

    def _begin_again(self) -> None:
        self.run, self.offset, self.ended = self._planned, 0, False
        self.best_loss = self.failure = self.started = None
        self.worked = 0.0

    def _taken(self, data: bytes) -> Iterator[tuple[int, Event]]:
        for line in data.split(b"\n")[:-1]:
            self.offset += len(line) + 1
            event = runs.parse(line)
            if event is not None:
                self._take(event)
                yield self.offset, event

    def _take(self, event: Event) -> None:
        kind = event["kind"]
        if kind == "run-started":
            self.worked = self.seconds or 0.0
        self.run = runs.after(self.run, event)
        self.ended = kind in ENDS
        if kind == "run-started":
            self.started, self.failure = event, None
        elif kind == "failure":
            self.failure = event
        elif kind == "metrics" and "eval_loss" in self.run.metrics:
            loss = self.run.metrics["eval_loss"]
            if math.isfinite(loss):
                self.best_loss = loss if self.best_loss is None else min(loss, self.best_loss)


def begun(folder: Path) -> Reading | None:
    """A reading that has not read any event yet; None where the folder holds no readable plan."""
    run = runs.planned(folder)
    return None if run is None else Reading(run)


def _lasting(lines: list[bytes]) -> list[int]:
    """The numbers of the lines that make the same run as all of them would.

    Of progress the first is kept, and where it falls or counts something else, which is where
    counting begins anew; of that and of other numbers the last before each event that lasts. The
    line before a process begins says until when the one before it worked.
    """
    kept: list[int] = []
    latest: dict[bytes, int] = {}
    before: _Count | None = None
    for number, line in enumerate(lines):
        found = _KIND.search(line, 0, _HEAD)
        kind = found[1] if found else b""
        if kind in _PASSING:
            continue
        if kind == b"progress":
            count = _count(line)
            goes_on = before is not None and count is not None and count.goes_on_from(before)
            before = count
            if goes_on:
                latest[kind] = number
            else:
                kept += [*latest.values(), number]
                latest.clear()
        elif kind == b"resources" or (kind == b"metrics" and b'"eval_loss"' not in line):
            latest[kind] = number
        else:
            kept += [*latest.values(), number]
            if kind == b"run-started":
                kept.append(max(0, number - 1))
            latest.clear()
            before = None if kind.startswith((b"run-", b"stage-")) else before
    kept += latest.values()
    return sorted({*kept, len(lines) - 1}) if lines else []


class _Count(NamedTuple):
    """What a line of progress counts, and how far it is."""

    stage: bytes
    done: float
    unit: bytes

    def goes_on_from(self, before: _Count) -> bool:
        return (self.stage, self.unit) == (before.stage, before.unit) and self.done >= before.done


def _count(line: bytes) -> _Count | None:
    """None where it is not written as the runner does."""
    found = _PROGRESS.search(line)
    return _Count(found[1], float(found[2]), found[3]) if found else None
