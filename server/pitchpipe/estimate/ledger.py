"""Live memory while a step is gone through, and the most that there was in each of its phases."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pitchpipe.estimate.result import Moment, Part, PartName, Peak

PARTS: tuple[PartName, ...] = (
    "weights",
    "quantization constants",
    "adapters",
    "gradients",
    "optimizer states",
    "activations: attention",
    "activations: mlp",
    "activations: norms",
    "activations: adapters",
    "activations: other",
    "layer inputs",
    "logits and loss",
    "temporaries",
)
INDEX: dict[str, int] = {name: index for index, name in enumerate(PARTS)}
TEMPORARY = INDEX["temporaries"]


class Block:
    """Allocated memory. It is free when nothing refers to it any more.

    `seen`: it is looked at through a view, so that autograd won't add to it in place.
    """

    __slots__ = ("bytes", "part", "refs", "seen")

    def __init__(self, size: int, part: int) -> None:
        self.bytes = size
        self.part = part
        self.refs = 1
        self.seen = False


@dataclass(frozen=True, slots=True)
class Change:
    """What a stretch of work left behind, and the most it needed above where it began, by part."""

    left: tuple[int, ...]
    most: tuple[int, ...]
    where: str

    def without(self, blocks: Iterable[Block]) -> Change:
        """The change of a stretch that does not leave `blocks` behind."""
        left = list(self.left)
        for block in {id(b): b for b in blocks}.values():
            left[block.part] -= block.bytes
        return Change(tuple(left), self.most, self.where)


class Ledger:
    """Counts what lives.

    `granule`: sizes are rounded up to its multiples (512 bytes in CUDA's caching allocator,
    c10/cuda/CUDACachingAllocator.h, kMinBlockSize).
    """

    def __init__(self, granule: int) -> None:
        self._granule = granule
        self.now = 0
        self.parts = [0] * len(PARTS)
        self.phase: Moment = "forward"
        self.where = ""
        self.peaks: dict[Moment, Peak] = {}
        self._top = -1
        self._top_parts: list[int] = []
        self._top_where = ""
        self._began: list[tuple[int, list[int], int, list[int], str]] = []

    def new(self, size: int, part: int) -> Block:
        granule = self._granule
        if granule > 1:
            size = -(-size // granule) * granule
        block = Block(size, part)
        self.now += size
        self.parts[part] += size
        if self.now > self._top:
            self._top, self._top_parts, self._top_where = self.now, self.parts[:], self.where
        return block

    def drop(self, block: Block) -> None:
        block.refs -= 1
        if block.refs == 0:
            self.now -= block.bytes
            self.parts[block.part] -= block.bytes

    def touch(self, size: int) -> None:
        """A temporary that is gone at once."""
        self.drop(self.new(size, TEMPORARY))

    def back(self, block: Block) -> None:
        """It was counted as free, and is not."""
        self.now += block.bytes
        self.parts[block.part] += block.bytes

    def move(self, block: Block, part: int) -> None:
        self.parts[block.part] -= block.bytes
        block.part = part
        self.parts[part] += block.bytes

    def begin(self, phase: Moment) -> None:
        """Ends the phase before; its peak is kept."""
        self._note()
        self.phase = phase
        self._top, self._top_parts, self._top_where = self.now, self.parts[:], self.where

    def finish(self) -> None:
        self._note()

    def _note(self) -> None:
        kept = self.peaks.get(self.phase)
        if self._top >= 0 and (kept is None or self._top > kept.bytes):
            parts = tuple(Part(p, b) for p, b in zip(PARTS, self._top_parts, strict=True) if b)
            self.peaks[self.phase] = Peak(self.phase, self._top, parts, self._top_where)

    def mark(self) -> None:
        """Begins a stretch whose `Change` is wanted. Stretches don't nest."""
        outer = (self._top, self._top_parts, self._top_where)
        self._began.append((self.now, self.parts[:], *outer))
        self._top, self._top_parts, self._top_where = self.now, self.parts[:], self.where

    def change(self) -> Change:
        """Ends the stretch."""
        _, parts, top, top_parts, top_where = self._began.pop()
        left = tuple(b - a for a, b in zip(parts, self.parts, strict=True))
        most = tuple(b - a for a, b in zip(parts, self._top_parts, strict=True))
        found = Change(left, most, self._top_where)
        if top >= self._top:
            self._top, self._top_parts, self._top_where = top, top_parts, top_where
        return found

    def repeat(self, change: Change, where: str) -> None:
        """The same stretch again."""
        most = [a + b for a, b in zip(self.parts, change.most, strict=True)]
        total = sum(most)
        if total > self._top:
            self._top, self._top_parts, self._top_where = total, most, where
        self.parts = [a + b for a, b in zip(self.parts, change.left, strict=True)]
        self.now = sum(self.parts)
