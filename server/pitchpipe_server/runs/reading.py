"""A run folder, read as far as it has come; reading on costs only what is new."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from pitchpipe_facts import runs
from pitchpipe_facts.runs import Event, RunInfo

ENDS = frozenset({"run-done", "failure", "interrupted"})
CHUNK = 2**18  # bytes read at a time: some milliseconds of parsing


@dataclass(slots=True)
class Reading:
    """`run` is what the events up to the byte `offset` tell, without the lock's word.

    `failure` is the event of the failure that the run ended by, `best_loss` the lowest `eval_loss`
    so far. `started` is the last `run-started`.
    """

    run: RunInfo
    offset: int = 0
    ended: bool = False
    best_loss: float | None = None
    failure: Event | None = None
    started: Event | None = None
    _planned: RunInfo = field(init=False)

    def __post_init__(self) -> None:
        self._planned = self.run

    @property
    def events(self) -> Path:
        return self.run.folder / runs.EVENTS

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
        if size == self.offset:
            return []
        if size < self.offset:
            self._begin_again()
        try:
            with self.events.open("rb") as file:
                file.seek(self.offset)
                data = _whole_lines(file)
        except OSError:
            return []
        return list(self._taken(data))

    def drain(self) -> None:
        """Reads all that is there."""
        before = -1
        while self.offset != before:
            before = self.offset
            self.read_on()

    def _begin_again(self) -> None:
        self.run, self.offset, self.ended = self._planned, 0, False
        self.best_loss = self.failure = self.started = None

    def _taken(self, data: bytes) -> Iterator[tuple[int, Event]]:
        for line in data.split(b"\n")[:-1]:
            self.offset += len(line) + 1
            event = runs.parse(line)
            if event is not None:
                self._take(event)
                yield self.offset, event

    def _take(self, event: Event) -> None:
        kind = event["kind"]
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


def _whole_lines(file: BinaryIO) -> bytes:
    """About `CHUNK` bytes of whole lines; a line that is longer is read whole."""
    data = b""
    while chunk := file.read(CHUNK):
        data += chunk
        if b"\n" in chunk:
            break
    return data[: data.rfind(b"\n") + 1]
