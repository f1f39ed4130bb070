"""A document's text with its pieces where they are to stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from pitchpipe.document import Document
from pitchpipe.ide.formatting.columns import (
    Level,
    NotUnderstood,
    Place,
    Steps,
    is_understood,
    places,
    steps,
)
from pitchpipe.ide.pieces import Piece
from pitchpipe.ide.pieces import pieces as pieces_of
from pitchpipe.syntax.nodes import Scalar, Style

_COMMENT_GAP = 2  # blanks before a comment behind something
_EXPLICIT = re.compile(r"[|>][+-]?([1-9])")
_BLOCKS = {Style.LITERAL, Style.FOLDED}


def formatted(document: Document, unit: int) -> str:
    """The text with `unit` columns a level.

    Raises:
        NotUnderstood: there is something in it that the tree doesn't tell of.
    """
    pieces = list(pieces_of(document))
    if not is_understood(document, pieces):
        raise NotUnderstood
    writer = _Writer(document, pieces, steps(document, unit))
    writer.write()
    breaks = document.text.count("\n")
    newline = "\r\n" if document.text.count("\r\n") * 2 > breaks else "\n"
    text = newline.join(_aligned(writer.rows))
    mark = "\ufeff" if document.text.startswith("\ufeff") else ""
    return mark + text + (newline if text and writer.ends_line else "")


@dataclass(slots=True)
class _Row:
    """A line. `comment` stands behind something, and stood in column `at`."""

    text: str
    comment: str = ""
    at: int = 0


class _Writer:
    def __init__(self, document: Document, pieces: list[Piece], steps: Steps) -> None:
        self.rows: list[_Row] = []
        self._text = document.text
        self._lines = document.lines
        self._pieces = pieces
        self._steps = steps
        self._places = places(document, pieces, steps)
        self._columns = self._all_columns()

    @property
    def ends_line(self) -> bool:
        """Whether a line break may end the text: behind a block scalar it would be its own."""
        last = self._pieces[-1]
        return self._text.endswith("\n") or not _is_block(last) or "-" in self._header(last)

    def write(self) -> None:
        for index, piece in enumerate(self._pieces):
            breaks = self._breaks(index)
            if piece.kind == "comment" and self._is_behind(piece, breaks):
                self.rows += (_Row("") for _ in range(breaks))
                self.rows[-1].at = self._old_column(piece)
                self.rows[-1].comment = self._written(piece).rstrip()
                continue
            if breaks or not self.rows:
                self.rows += (_Row("") for _ in range(breaks - 1))
                self.rows.append(_Row(" " * self._columns[index]))
            else:
                self.rows[-1].text += self._gap(self._pieces[index - 1], piece)
            first, *more = self._relaid(index)
            self.rows[-1].text += first
            self.rows += map(_Row, more)
        if self._pieces and _keeps(self._header(self._pieces[-1])):
            blank = self._text[self._pieces[-1].span.end :].count("\n") - 1
            self.rows += (_Row("") for _ in range(blank))

    def _is_behind(self, comment: Piece, breaks: int) -> bool:
        """Whether a comment stands behind something, or goes on below one that does."""
        if not breaks or not self.rows:
            return bool(self.rows)
        above = self.rows[-1]
        return breaks == 1 and bool(above.comment) and above.at == self._old_column(comment)

    def _breaks(self, index: int) -> int:
        """Line breaks before a piece: at most one blank line, but all that belong to a text."""
        if not index:
            return 0
        before = self._pieces[index - 1]
        breaks = self._text.count("\n", before.span.end, self._pieces[index].span.start)
        return breaks if _keeps(self._header(before)) else min(breaks, 2)

    def _gap(self, left: Piece, right: Piece) -> str:
        """What stands between two pieces on one line."""
        written = self._text[left.span.end : right.span.start]
        as_is = " " if written else ""
        if left.kind == "other" or right.kind == "other":
            return written
        one = self._written(left) if left.kind == "mark" else ""
        other = self._written(right) if right.kind == "mark" else ""
        if one in ("[", "{") and other in ("]", "}"):
            return ""
        if one in ("[", "{") or other in ("]", "}"):
            return as_is
        if other in (",", ":"):
            ends = one in ("]", "}") or left.kind == "node"
            # `*name:` would be the name of another alias.
            sticks = other == ":" and self._written(left).startswith("*")
            return "" if ends and not sticks else as_is
        return " " if one or left.kind in ("anchor", "tag") else as_is

    def _relaid(self, index: int) -> list[str]:
        """The lines of a piece."""
        piece, place = self._pieces[index], self._places[index]
        lines = [line.removesuffix("\r") for line in self._written(piece).split("\n")]
        if place is None or len(lines) == 1:
            return [lines[0].rstrip() if place is None else lines[0], *lines[1:]]
        if _is_block(piece):
            return self._block(lines, place)
        if lines[0][0] in "[{":  # as a key, which the tree doesn't look into
            return lines
        return [_end(lines[0], piece), *(_further(line, place, piece) for line in lines[1:])]

    def _block(self, lines: list[str], place: Place) -> list[str]:
        """The header and the lines of a block scalar."""
        header, body = lines[0].rstrip(), lines[1:]
        level = place.levels[-1] if place.levels else None
        explicit = _EXPLICIT.match(header)
        first = next((line for line in body if line.strip(" ")), "")
        old = len(first) - len(first.lstrip(" "))
        new = level.new + self._steps.unit if level else old
        if explicit and level:
            old, new = (at + int(explicit[1]) for at in (level.old, level.new))
        elif explicit:
            return [header, *body]
        return [header, *(" " * new + line[old:] if line[old:] else "" for line in body)]

    def _all_columns(self) -> list[int]:
        """Of every piece, where it stands if it begins a line."""
        columns = [place.column if place else 0 for place in self._places]
        for index, place in enumerate(self._places):
            if place is None:
                columns[index] = self._of_comment(index)
        return columns

    def _of_comment(self, index: int) -> int:
        """Where a comment belongs: to the block in whose column it stood, before it or behind it.

        One that is deeper than all of them, such as a key that is commented out, stays deeper.
        """
        old = self._old_column(self._pieces[index])
        before, behind = self._neighbour(index, -1), self._neighbour(index, 1)
        levels: list[Level] = []
        if before is not None:
            place = self._place(before)
            if place.inside is not None:
                return place.inside
            levels += place.levels
        if behind is not None:
            level = Level(self._old_column(self._pieces[behind]), self._place(behind).column)
            if level.old == old:
                return level.new
            levels.append(level)
        found = max((v for v in levels if v.old <= old), key=lambda v: v.old, default=None)
        if found is None:
            return levels[-1].new if behind is not None and levels else 0
        column = found.new + self._scaled(old - found.old)
        # Deeper it would be a part of the text above.
        if before is not None and _is_block(self._pieces[before]):
            column = min(column, max((v.new for v in self._place(before).levels), default=0))
        return column

    def _scaled(self, offset: int) -> int:
        whole, rest = divmod(offset, self._steps.old_unit)
        return offset if rest else whole * self._steps.unit

    def _neighbour(self, index: int, step: int) -> int | None:
        """The next piece on one side that is no comment."""
        index += step
        while 0 <= index < len(self._places):
            if self._places[index] is not None:
                return index
            index += step
        return None

    def _place(self, index: int) -> Place:
        place = self._places[index]
        assert place is not None
        return place

    def _old_column(self, piece: Piece) -> int:
        line, column = self._lines.position(piece.span.start)
        return column - (not line and self._text.startswith("\ufeff"))

    def _written(self, piece: Piece) -> str:
        return self._text[piece.span.start : piece.span.end]

    def _header(self, piece: Piece) -> str:
        """The first word of a block scalar, "" of anything else."""
        return self._written(piece).split(maxsplit=1)[0] if _is_block(piece) else ""


def _aligned(rows: list[_Row]) -> Iterator[str]:
    """The lines with their comments: those that stood below each other still do."""
    for (has_comment, _), group in groupby(rows, key=lambda row: (bool(row.comment), row.at)):
        together = list(group)
        column = max(len(row.text) for row in together) + _COMMENT_GAP
        for row in together:
            yield row.text.ljust(column) + row.comment if has_comment else row.text


def _end(line: str, piece: Piece) -> str:
    """A line of a quoted or plain text without blanks at its end, but for an escaped one."""
    bare = line.rstrip(" \t")
    escaped = isinstance(piece.node, Scalar) and piece.node.style is Style.DOUBLE
    return line if escaped and bare.endswith("\\") else bare


def _further(line: str, place: Place, piece: Piece) -> str:
    bare = _end(line, piece).lstrip(" \t")
    return " " * place.deeper + bare if bare else ""


def _is_block(piece: Piece) -> bool:
    return isinstance(piece.node, Scalar) and piece.node.style in _BLOCKS


def _keeps(header: str) -> bool:
    """Whether the line breaks behind a block scalar are a part of it."""
    return "+" in header
