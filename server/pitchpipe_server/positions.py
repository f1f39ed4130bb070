"""Offsets in a text and LSP's positions, in the units that the client counts in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import TypeAlias

from lsprotocol.types import Position, PositionEncodingKind, Range

from pitchpipe.span import Lines, Span

Units: TypeAlias = Callable[[str], int]
"""How many units a stretch of text counts."""


def _utf16(text: str) -> int:
    return len(text) if text.isascii() else len(text) + sum(c > "\uffff" for c in text)


def _utf8(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


UNITS: dict[str, Units] = {
    PositionEncodingKind.Utf8.value: _utf8,
    PositionEncodingKind.Utf16.value: _utf16,
    PositionEncodingKind.Utf32.value: len,
}


class Positions:
    """Converts for one text. Positions outside of it count as its nearest place, as LSP says."""

    def __init__(self, text: str, lines: Lines, units: Units) -> None:
        self._text = text
        self._starts = lines.starts
        self._units = units

    def offset(self, position: Position) -> int:
        """The offset of a position. In the middle of a character it is that character's start."""
        line = min(max(position.line, 0), len(self._starts) - 1)
        if position.line > line:
            return len(self._text)
        start = self._starts[line]
        content = self._content(line)
        if self._units is len or content.isascii():
            return start + min(position.character, len(content))
        count = 0
        for index, char in enumerate(content):
            count += self._units(char)
            if count > position.character:
                return start + index
        return start + len(content)

    def position(self, offset: int) -> Position:
        line = bisect_right(self._starts, offset) - 1
        return Position(line, self._units(self._text[self._starts[line] : offset]))

    def span(self, found: Range) -> Span:
        return Span(self.offset(found.start), self.offset(found.end))

    def range(self, span: Span) -> Range:
        return Range(self.position(span.start), self.position(span.end))

    def _content(self, line: int) -> str:
        """A line without its break."""
        last = line + 1 == len(self._starts)
        end = len(self._text) if last else self._starts[line + 1]
        return self._text[self._starts[line] : end].rstrip("\r\n")
