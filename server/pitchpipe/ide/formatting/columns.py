"""In which column each piece of a text is to stand where it begins a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pitchpipe.document import Document
from pitchpipe.ide.pieces import Piece
from pitchpipe.syntax.nodes import Entry, Mapping, Node, Sequence

_ITEM = 2  # columns from a dash to what is behind it


class NotUnderstood(Exception):
    """There is something in the text that the tree doesn't tell of."""


@dataclass(frozen=True, slots=True)
class Level:
    """A block's column, as it was and as it is to be."""

    old: int
    new: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece stands if it begins a line.

    `deeper` is the column of its own further lines. `levels` are the blocks around it, outermost
    first. `inside` is the column of what follows it in brackets; None where it is in none.
    """

    column: int
    deeper: int
    levels: tuple[Level, ...] = ()
    inside: int | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    """How far blocks are indented from the section around them: sections, and the dashes of lists.

    `unit` is what it is to be, `old_unit` what it mostly was.
    """

    unit: int
    old_unit: int
    dash: int


def steps(document: Document, unit: int) -> Steps:
    """The steps that a document is to have: dashes stand as most of them do."""
    sections: Counter[int] = Counter()
    dashes: Counter[int] = Counter()
    waiting: list[Node] = [document.root] if document.root is not None else []
    while waiting:
        node = waiting.pop()
        if not isinstance(node, (Mapping, Sequence)) or node.flow:
            continue
        for part in node.entries if isinstance(node, Mapping) else node.items:
            if not isinstance(part, Entry):
                waiting.append(part)
                continue
            waiting.append(part.value)
            if _is_block(part.value) and not _inline(document, part):
                counter = dashes if isinstance(part.value, Sequence) else sections
                counter[_column(document, part.value) - _column(document, node)] += 1
    dash = min(dashes, key=lambda step: (-dashes[step], step <= 0, step), default=_ITEM)
    old = min(sections, key=lambda step: (-sections[step], step), default=unit)
    return Steps(unit, max(old, 1), max(_ITEM, min(dash, unit)) if dash > 0 else 0)


def places(document: Document, pieces: list[Piece], steps: Steps) -> list[Place | None]:
    """The place of every piece, None of comments."""
    placing = _Placing(document, pieces, steps)
    placing.everything()
    return placing.found


class _Placing:
    """Walks along the tree and the pieces at once; `_at` is the first piece without a place."""

    def __init__(self, document: Document, pieces: list[Piece], steps: Steps) -> None:
        self.found: list[Place | None] = []
        self._document = document
        self._pieces = pieces
        self._steps = steps

    def everything(self) -> None:
        root = self._document.root
        end = len(self._document.text)
        if root is not None:
            self._until(root.span.start, Place(0, 0))
            self._node(root, 0, (), Level(0, 0))
        self._until(end, Place(0, 0))

    def _until(self, end: int, place: Place, marks: Place | None = None) -> None:
        """Places all pieces that begin before `end`; `marks`: those that are one."""
        while self._next_start() < end:
            piece = self._pieces[len(self.found)]
            if piece.kind == "comment":
                self.found.append(None)
            else:
                self.found.append(marks if marks and piece.kind == "mark" else place)

    def _next_start(self) -> int:
        at = len(self.found)
        end = len(self._document.text)
        return self._pieces[at].span.start if at < len(self._pieces) else end

    def _node(self, node: Node, column: int, levels: tuple[Level, ...], base: Level) -> None:
        """`base` is the column that brackets are indented from."""
        if isinstance(node, (Mapping, Sequence)):
            if node.flow:
                self._flow(node, column, levels, base)
            elif isinstance(node, Mapping):
                self._mapping(node, column, levels)
            else:
                self._sequence(node, column, levels)
        elif node.span.end > node.span.start:
            deeper = base.new + self._steps.unit if levels else 0
            self._until(node.span.end, Place(column, deeper, levels))

    def _mapping(self, node: Mapping, column: int, levels: tuple[Level, ...]) -> None:
        level = Level(_column(self._document, node), column)
        levels = (*levels, level)
        step = column + self._steps.unit
        for entry in node.entries:
            self._until(max(entry.key.span), Place(column, step, levels))
            child = self._below(entry, column)
            own = Place(column, step, levels)
            self._until(entry.value.span.start, Place(child, step, levels), own)
            self._node(entry.value, child, levels, level)

    def _below(self, entry: Entry, column: int) -> int:
        """The column of what stands below an entry's key."""
        if _is_block(entry.value):
            if _inline(self._document, entry):
                return column + _ITEM
            if isinstance(entry.value, Sequence):
                return column + self._steps.dash
        return column + self._steps.unit

    def _sequence(self, node: Sequence, column: int, levels: tuple[Level, ...]) -> None:
        level = Level(_column(self._document, node), column)
        levels = (*levels, level)
        inner = column + _ITEM
        for item in node.items:
            dash = Place(column, inner, levels)
            self._until(item.span.start, Place(inner, inner, levels), dash)
            self._node(item, inner, levels, Level(_column(self._document, item), inner))

    def _flow(
        self, node: Mapping | Sequence, column: int, levels: tuple[Level, ...], base: Level
    ) -> None:
        """What stands between brackets is indented by their depth, whatever it is."""
        depth, unit, text = 0, self._steps.unit, self._document.text
        while (start := self._next_start()) < node.span.end:
            piece = self._pieces[len(self.found)]
            here = base.new + unit * depth if depth else column
            if piece.kind == "mark" and text[start] in "[{":
                depth += 1
            elif piece.kind == "mark" and text[start] in "]}":
                depth -= 1
                here = base.new + unit * depth
                # At the end one closes in the key's column or in that of what is inside.
                if not depth and levels and _position(self._document, start) > base.old:
                    here += unit
            inside = base.new + unit * depth if depth else None
            place = Place(here, here + unit, levels, inside)
            self.found.append(None if piece.kind == "comment" else place)


def _is_block(node: Node) -> bool:
    return isinstance(node, (Mapping, Sequence)) and not node.flow


def _inline(document: Document, entry: Entry) -> bool:
    """Whether a block begins on the line of its colon, as it may behind a `?`."""
    colon = document.text.rfind(":", entry.key.span.end, entry.value.span.start)
    return "\n" not in document.text[max(colon, entry.key.span.start) : entry.value.span.start]


def _column(document: Document, node: Node) -> int:
    return _position(document, node.span.start)


def _position(document: Document, offset: int) -> int:
    return document.lines.position(offset)[1]


def is_understood(document: Document, pieces: Iterable[Piece]) -> bool:
    """Whether all that the tree doesn't tell of stands outside of it."""
    root = document.root
    return root is None or not any(
        piece.kind == "other" and root.span.start <= piece.span.start < root.span.end
        for piece in pieces
    )
