"""Places in a text: half-open ranges of code points, and the lines they lie on."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

_LINE_BREAK = re.compile(r"\r\n|\n|\r")


class Span(NamedTuple):
    """A half-open range `[start, end)` of code-point offsets into a document's text.

    A tuple because a large document makes tens of thousands of them at a keystroke's pace.
    """

    start: int
    end: int

    def shifted(self, by: int) -> Span:
        return Span(self.start + by, self.end + by) if by else self


@dataclass(frozen=True, slots=True)
class Place:
    """Where a span lies, for people.

    Lines and columns count from 1, columns in code points, the end is exclusive.
    """

    line: int
    column: int
    end_line: int
    end_column: int


class Lines:
    r"""The offsets at which the lines of a text begin.

    `\n`, `\r\n` and a lone `\r` end a line, as in LSP.
    """

    def __init__(self, text: str) -> None:
        if "\r" in text:
            self.starts = [0, *(m.end() for m in _LINE_BREAK.finditer(text))]
        else:
            lengths = [len(line) + 1 for line in text.split("\n")]
            del lengths[-1]
            self.starts = [0, *accumulate(lengths)]

    def edited(self, text: str, start: int, end: int, by: int) -> Lines:
        """The lines of `text`, which was this one but for what is between `start` and `end`.

        It has become longer by `by`.
        """
        first = bisect_right(self.starts, max(0, start - 1)) - 1
        # A line that begins behind two unchanged characters begins as it did.
        kept = bisect_left(self.starts, end - by + 2)
        base = self.starts[first]
        last = kept == len(self.starts)
        stop = len(text) if last else self.starts[kept] + by
        found = [base + m.end() for m in _LINE_BREAK.finditer(text[base:stop])]
        if not last:
            del found[-1]
        made = object.__new__(Lines)
        made.starts = [*self.starts[: first + 1], *found, *[s + by for s in self.starts[kept:]]]
        return made

    def position(self, offset: int) -> tuple[int, int]:
        """(line, column), both counted from 0, column in code points."""
        line = bisect_right(self.starts, offset) - 1
        return line, offset - self.starts[line]

    def place(self, span: Span) -> Place:
        (line, column), (end_line, end_column) = self.position(span.start), self.position(span.end)
        return Place(line + 1, column + 1, end_line + 1, end_column + 1)
