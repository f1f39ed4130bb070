"""The book of a traced step: every storage's bytes, its birth, its death and what it is for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

Phase = Literal["setup", "forward", "backward", "optimizer"]

Part = Literal[
    "weights",  # of the base model, trained or not, and its buffers
    "adapters",  # what PEFT adds
    "gradients",
    "optimizer",
    "inputs",
    "workspace",  # of libraries
    "activations",  # made going forward and kept for going back
    "temporaries",  # all else, what is computed again under checkpointing among it
]
PARTS: tuple[Part, ...] = (
    "weights",
    "adapters",
    "gradients",
    "optimizer",
    "inputs",
    "workspace",
    "activations",
    "temporaries",
)


@dataclass(slots=True, eq=False)
class Entry:
    """A storage. `bytes` as the allocator rounds them; `op` made it, with a tensor of `shape`.

    `part` is None as long as nobody said what it is; then it was kept for going back, or was not.
    """

    bytes: int
    phase: Phase
    op: str
    dtype: str
    shape: tuple[int, ...]
    part: Part | None = None
    name: str | None = None
    kept: bool = False

    def purpose(self) -> Part:
        if self.part is not None:
            return self.part
        return "activations" if self.kept else "temporaries"


@dataclass(frozen=True, slots=True)
class Peak:
    """The moment at which most bytes are alive: while `op` of `phase` runs."""

    bytes: int
    phase: Phase
    op: str
    alive: tuple[Entry, ...]

    def parts(self) -> dict[Part, int]:
        found: Counter[Part] = Counter()
        for entry in self.alive:
            found[entry.purpose()] += entry.bytes
        return {part: found[part] for part in PARTS}


class Ledger:
    """Births and deaths in order. `granularity`: what the allocator rounds up to, in bytes."""

    def __init__(self, granularity: int = 1) -> None:
        self._granularity = granularity
        self._log: list[tuple[bool, Entry]] = []
        self._alive: set[Entry] = set()
        self._bytes = 0
        self._peak = (0, 0, "setup", "")  # bytes, place in the log, phase, op
        self.phase: Phase = "setup"

    @property
    def bytes(self) -> int:
        """Alive now."""
        return self._bytes

    def born(
        self, bytes: int, op: str, dtype: str, shape: tuple[int, ...], part: Part | None = None
    ) -> Entry:
        rounded = -(-bytes // self._granularity) * self._granularity
        entry = Entry(rounded, self.phase, op, dtype, shape, part)
        self._log.append((True, entry))
        self._alive.add(entry)
        self._bytes += rounded
        if self._bytes > self._peak[0]:
            self._peak = (self._bytes, len(self._log), self.phase, op)
        return entry

    def dead(self, entry: Entry) -> None:
        if entry in self._alive:
            self._alive.remove(entry)
            self._log.append((False, entry))
            self._bytes -= entry.bytes

    def begin(self, phase: Phase) -> None:
        """What was made going forward and is alive where going back begins is kept for it."""
        if phase == "backward" and self.phase == "forward":
            for entry in self._alive:
                entry.kept = entry.kept or entry.phase == "forward"
        self.phase = phase

    def peak(self) -> Peak:
        size, place, phase, op = self._peak
        alive: dict[Entry, None] = {}
        for birth, entry in self._log[:place]:
            if birth:
                alive[entry] = None
            else:
                del alive[entry]
        return Peak(size, phase, op, tuple(alive))
