"""A cursor over the lines of a text, and what readers without a grammar of their own share."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pitchpipe.findings import Edit, Finding, Fix
from pitchpipe.span import Span
from pitchpipe.syntax import problems
from pitchpipe.syntax.characters import BREAK, ENDS, NOT_BREAK
from pitchpipe.syntax.nodes import Alias, Broken, Mapping, Node, Scalar, Sequence

DASH = re.compile(rf"-{ENDS}")
_LINE = re.compile(rf"(?P<indent>[ \t]*)(?P<content>{NOT_BREAK}*)(?P<end>{BREAK}|\Z)")
_GAP = re.compile(r"[ \t]*")
_REST = re.compile(rf"[ \t]*(?:#{NOT_BREAK}*)?(?={BREAK}|\Z)")
_COMMENT = re.compile(r"[ \t]+(?:#|\Z)")
_TAB_WIDTH = 2
_MOST_TOLD = 100
"""Faults of one text that are kept; only the first is shown."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the text: its offsets without the line break. `column` counts tabs as stops."""

    start: int
    content: int
    end: int
    column: int
    blank: bool
    comment: bool


def _lines(text: str) -> list[Line]:
    found: list[Line] = []
    for match in _LINE.finditer(text):
        indent, content = match["indent"], match["content"]
        column = len(indent.expandtabs(_TAB_WIDTH)) if "\t" in indent else len(indent)
        found.append(
            Line(
                match.start(),
                match.start("content"),
                match.end("content"),
                column,
                not content,
                content.startswith("#"),
            )
        )
        if not match["end"]:
            break
    return found


class Cursor:
    """A cursor over the lines: the next thing to read stands at `at` on the line `line`."""

    def __init__(self, text: str, base: int) -> None:
        self.text = text
        self.base = base
        self.lines = _lines(text)
        self.line = 0
        self.at = 0
        self.broken: list[Finding] = []
        self.problems: list[Finding] = []
        self.anchors: list[tuple[int, str, Node]] = []
        self.aliases: list[Alias] = []
        self.open_at: int | None = None
        self.tabs_told = False
        self.closers: list[str] = []
        self.following = self._following()

    def _following(self) -> list[int]:
        """For each line the next one, itself included, that is neither blank nor a comment."""
        following = [len(self.lines)] * (len(self.lines) + 1)
        for i in range(len(self.lines) - 1, -1, -1):
            line = self.lines[i]
            following[i] = following[i + 1] if line.blank or line.comment else i
        return following

    # Where the cursor is

    def span(self, start: int, end: int) -> Span:
        return Span(start + self.base, end + self.base)

    def column(self) -> int:
        line = self.lines[self.line]
        return line.column + self.at - line.content

    def is_at(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        return pattern.match(self.text, self.at)

    def skip_gap(self) -> None:
        self.at = _GAP.match(self.text, self.at).end()  # pyright: ignore[reportOptionalMemberAccess]

    def at_rest(self) -> bool:
        """Whether nothing but blanks and a comment is left on the line."""
        return self.is_at(_REST) is not None

    def next_line(self) -> Line | None:
        """The next line with content behind the cursor's."""
        i = self.following[self.line + 1]
        return self.lines[i] if i < len(self.lines) else None

    def deeper(self, column: int) -> bool:
        line = self.next_line()
        return line is not None and line.column > column

    def dash_at(self, column: int) -> bool:
        line = self.next_line()
        return (
            line is not None and line.column == column and bool(DASH.match(self.text, line.content))
        )

    def go_on(self) -> None:
        """Moves to the content of the next line that has some."""
        self.line = self.following[self.line + 1]
        self.at = self.lines[self.line].content
        self._tell_of_tabs()

    def go_to_end(self) -> None:
        self.at = self.lines[self.line].end

    def go_to(self, offset: int) -> None:
        """Moves to an offset on this line or a later one."""
        while self.line + 1 < len(self.lines) and self.lines[self.line + 1].start <= offset:
            self.line += 1
        self.at = offset

    def line_end(self) -> int:
        """Where what is written on the line from the cursor on ends, comments included."""
        line = self.lines[self.line]
        return max(self.at, self.at + len(self.text[self.at : line.end].rstrip(" \t")))

    def _tell_of_tabs(self) -> None:
        line = self.lines[self.line]
        if self.tabs_told or "\t" not in self.text[line.start : line.content]:
            return
        self.tabs_told = True
        edits = [
            Edit(self.span(each.start, each.content), " " * each.column)
            for each in self.lines
            if not each.blank and "\t" in self.text[each.start : each.content]
        ]
        fix = Fix("Indent with spaces", tuple(edits))
        self.broken.append(problems.tab_indentation(self.span(line.start, line.content), fix))

    def wrong(self, message: str, start: int, end: int, fix: Fix | None = None) -> None:
        if len(self.broken) < _MOST_TOLD:
            self.broken.append(problems.syntax(message, self.span(start, end), fix))

    def ends_before_comment(self) -> int:
        """Where what is written on the line from the cursor on ends, without a comment."""
        rest = self.text[self.at : self.line_end()]
        comment = _COMMENT.search(rest)
        return self.at + (comment.start() if comment else len(rest))

    def rest_at(self, offset: int) -> bool:
        """Whether nothing but blanks and a comment is left of the line behind an offset."""
        return _REST.match(self.text, offset) is not None

    def starts(self, i: int, pattern: re.Pattern[str]) -> bool:
        return pattern.match(self.text, self.lines[i].content) is not None

    # What was met

    def name(self, node: Scalar | Mapping | Sequence) -> None:
        if node.anchor:
            self.anchors.append((node.span.start, node.anchor, node))

    def broken_node(self, start: int, end: int) -> Broken:
        return Broken(self.span(start, end), self.text[start:end])

    def quoting(self, start: int, end: int) -> Fix | None:
        """A fix that puts what stands between two offsets of one line in quotes."""
        text = self.text[start:end]
        if not text or not text.isprintable():
            return None
        quoted = f'"{text}"' if not set(text) & set('"\\') else "'" + text.replace("'", "''") + "'"
        return Fix("Put the value in quotes", (Edit(self.span(start, end), quoted),))
