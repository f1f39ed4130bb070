"""The tolerant reader's scalars: plain, quoted and block ones, with their tags and anchors."""

from __future__ import annotations

import re
from typing import NamedTuple

from pitchpipe.syntax import problems, quotes
from pitchpipe.syntax.characters import (
    BLANKS,
    BREAK,
    ENDS,
    NAME,
    NOT_BREAK,
    PROPERTY,
    breaks,
)
from pitchpipe.syntax.cursor import DASH, Cursor, Line
from pitchpipe.syntax.nodes import Alias, Broken, Node, Scalar, Style
from pitchpipe.syntax.scalars import valued

QUESTION = re.compile(rf"\?{ENDS}")
COLON = re.compile(rf"[ \t]*:{ENDS}")
ALIAS = re.compile(rf"\*{NAME}")
PLAIN_MORE = re.compile(
    rf"(?:[^{BLANKS}:#]+|:(?=[^{BLANKS}])|(?<=[^{BLANKS}])#"
    rf"|[ \t]+(?=[^{BLANKS}#:]|:[^{BLANKS}]))*"
)
PLAIN = re.compile(
    rf"(?:[^{BLANKS}\-?:,\[\]{{}}#&*!|>'\"%@`]|[-?:](?=[^{BLANKS}])){PLAIN_MORE.pattern}"
)
FLOW_PLAIN_MORE = re.compile(
    rf"(?:[^{BLANKS}:#,\[\]{{}}]+|:(?=[^{BLANKS},\[\]{{}}])|(?<=[^{BLANKS}])#"
    rf"|[ \t]+(?=[^{BLANKS}#:,\[\]{{}}]|:[^{BLANKS},\[\]{{}}]))*"
)
FLOW_PLAIN = re.compile(
    rf"(?:[^{BLANKS}\-?:,\[\]{{}}#&*!|>'\"%@`]|-(?=[^{BLANKS},\[\]{{}}]))" + FLOW_PLAIN_MORE.pattern
)
FLOW_INDICATOR = re.compile(r"[,\[\]{}]")
OPENERS = frozenset("[{")
CLOSERS = frozenset("]}")
QUOTES = frozenset("'\"")
BLOCK_STYLES = frozenset("|>")
_CARRIES_ON = frozenset("]},")
_NAMED = frozenset("*&")

_SINGLE_QUOTED = r"'[^']*(?:''[^']*)*'(?!')"
_DOUBLE_QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_QUOTED = {"'": re.compile(_SINGLE_QUOTED), '"': re.compile(_DOUBLE_QUOTED, re.DOTALL)}
_BRACKETS = re.compile(
    rf"{_SINGLE_QUOTED}|{_DOUBLE_QUOTED}|(?<=[{BLANKS}])#[^\r\n]*|[\[\]{{}}]", re.DOTALL
)
_PROPERTY = re.compile(PROPERTY)
_BLOCK_HEADER = re.compile(
    rf"[|>](?P<marks>[-+][1-9]?|[1-9]?[-+]?)[ \t]*(?:#{NOT_BREAK}*)?(?={BREAK}|\Z)"
)
_GAP_TO_END = re.compile(rf"[ \t]*(?={BREAK}|\Z)")
_DASH_GAP = re.compile(r"-[ \t]+")
_SPACES = re.compile(r" *")


class Properties(NamedTuple):
    """A node's tag and anchor, and where they end."""

    tag: str | None = None
    anchor: str | None = None
    end: int = -1

    @property
    def given(self) -> bool:
        return self.end >= 0


NO_PROPERTIES = Properties()


class KeyPlace(NamedTuple):
    """A key with its colon on one line: where the key begins and ends, and where the colon ends."""

    start: int
    end: int
    behind_colon: int
    properties: Properties


def closed_at(text: str, open_at: int, end: int) -> int | None:
    """Where the quote or bracket that begins at `open_at` is closed, wherever its lines begin."""
    depth = 0
    for match in _BRACKETS.finditer(text, open_at, end):
        token = match.group()
        if token in "[{":
            depth += 1
        elif token in "]}":
            depth -= 1
        if depth <= 0 and not token.startswith("#"):
            return match.end()
    return None


class ScalarReader(Cursor):
    """Reads scalars; knows what a key looks like."""

    def properties(self) -> Properties:
        """The tag and the anchor at the cursor, which moves behind them."""
        tag = anchor = None
        end = -1
        while match := self.is_at(_PROPERTY):
            written = match.group()
            if written.startswith("&") and anchor is None:
                anchor = written[1:]
            elif written.startswith("!") and tag is None:
                tag = _short_tag(written)
            else:
                break
            end = self.at = match.end()
            self.skip_gap()
        return Properties(tag, anchor, end)

    def scalar(
        self,
        start: int,
        end: int,
        raw: str,
        style: Style,
        properties: Properties = NO_PROPERTIES,
    ) -> Scalar:
        tag, anchor, _ = properties
        value = valued(raw, style, tag)
        scalar = Scalar(self.span(start, end), value, raw, style, tag, anchor)
        self.name(scalar)
        return scalar

    def alias(self, match: re.Match[str]) -> Alias:
        alias = Alias(self.span(match.start(), match.end()), match.group()[1:])
        self.aliases.append(alias)
        self.at = match.end()
        return alias

    # Keys

    def key_place(self) -> KeyPlace | None:
        """The key at the cursor; None if no colon follows it on the line. The cursor stays."""
        saved, line = self.at, self.lines[self.line]
        properties = self.properties()
        start, self.at = self.at, saved
        end = self._key_end(start, line.end)
        colon = None if end is None else COLON.match(self.text, end, line.end)
        if end is None or colon is None:
            return None
        if start == end and properties.given:
            start = end = properties.end
        return KeyPlace(start, end, colon.end(), properties)

    def _key_end(self, start: int, line_end: int) -> int | None:
        character = self.text[start : start + 1]
        if character in OPENERS:
            return closed_at(self.text, start, line_end)
        pattern = _QUOTED.get(character) or (ALIAS if character == "*" else PLAIN)
        match = pattern.match(self.text, start, line_end)
        if match:
            return match.end()
        return start if character == ":" else None

    def is_key(self) -> bool:
        """Whether a key and its colon, or a `? `, stand at the cursor."""
        return self.is_at(QUESTION) is not None or self.key_place() is not None

    def is_key_on(self, i: int) -> bool:
        """Whether line `i` is an entry, be it the first one of an item."""
        saved = self.line, self.at
        self.line, self.at = i, self.lines[i].content
        while match := self.is_at(_DASH_GAP):
            self.at = match.end()
        found = self.is_key()
        self.line, self.at = saved
        return found

    def key_scalar(self, place: KeyPlace) -> Scalar:
        start, end, _, properties = place
        text = self.text[start:end]
        if text[:1] == "'":
            return self.scalar(start, end, quotes.single(text[1:-1]), Style.SINGLE, properties)
        if text[:1] == '"':
            return self.scalar(start, end, quotes.double(text[1:-1]), Style.DOUBLE, properties)
        return self.scalar(start, end, text, Style.PLAIN, properties)

    # Scalars by style

    def ends_flow(self, i: int, limit: int) -> bool:
        """Whether line `i` isn't part of a flow collection inside something at column `limit`.

        YAML wants its lines deeper than that; libyaml and people don't, so one in the same column
        counts if it is no entry and no item.
        """
        line = self.lines[i]
        if line.column > limit or self.text[line.content] in _CARRIES_ON:
            return False
        return line.column < limit or self.starts(i, DASH) or self.is_key_on(i)

    def plain_lines(self, end: int, parent: int, more: re.Pattern[str]) -> tuple[int, int]:
        """Where a plain scalar ends whose first line goes up to `end`, and on which line."""
        last = self.line
        if _GAP_TO_END.match(self.text, end) is None:
            return end, last
        for i in range(self.line + 1, len(self.lines)):
            line = self.lines[i]
            if line.blank:
                continue
            in_flow = more is FLOW_PLAIN_MORE
            ends = self.ends_flow(i, parent) if in_flow else line.column <= parent
            if line.comment or ends:
                break
            match = more.match(self.text, line.content, line.end)
            if match is None or match.end() == line.content:
                break
            whole = _GAP_TO_END.match(self.text, match.end())
            if whole is None and not in_flow and not self.rest_at(match.end()):
                break
            end, last = match.end(), i
            if whole is None:
                break
        return end, last

    def unreadable(self) -> Broken:
        """A value that begins with a character that YAML gives no meaning there."""
        start, end = self.at, self.ends_before_comment()
        character = self.text[start : start + 1]
        if character in CLOSERS:
            message = f"nothing is open that this `{character}` could close"
        elif character in _NAMED:
            kind = "an alias" if character == "*" else "an anchor"
            message = f"`{character}` begins {kind}, whose name is missing"
        else:
            message = f"a value can't begin with `{character}` unless it is in quotes"
        self.wrong(message, start, max(end, start + 1), self.quoting(start, end))
        self.at = end
        return self.broken_node(start, end)

    def quoted(self, limit: int, properties: Properties) -> Scalar:
        start, quote = self.at, self.text[self.at]
        match = self.quote_match(limit)
        if match is not None:
            end = match.end()
            content = self.text[start + 1 : end - 1]
            self.go_to(end)
        else:
            end = self.line_end()
            if self.closers and (near := FLOW_INDICATOR.search(self.text, start + 1, end)):
                end = near.start()
            content = self.text[start + 1 : end]
            self.wrong("this quote is not closed", start, end)
            self.open_at = start if self.open_at is None else self.open_at
            self.at = end
        if quote == "'":
            return self.scalar(start, end, quotes.single(content), Style.SINGLE, properties)
        return self.scalar(start, end, quotes.double(content), Style.DOUBLE, properties)

    def quote_match(self, limit: int) -> re.Match[str] | None:
        pattern = _QUOTED[self.text[self.at]]
        match = pattern.match(self.text, self.at)
        if match is None:
            return None
        for line in self.lines[self.line + 1 :]:
            if line.start >= match.end():
                break
            if not line.blank and line.column <= limit:
                return None
        return match

    def block_scalar(self, parent: int, properties: Properties) -> Node:
        start = self.at
        header = self.is_at(_BLOCK_HEADER)
        if header is None:
            end = self.line_end()
            shown = problems.quoted(self.text[start + 1 : end])
            message = f"{shown} can't stand behind `{self.text[start]}`: the text begins below"
            self.wrong(message, start + 1, end)
            self.at = end
            return self.broken_node(start, end)
        marks = header["marks"]
        first = self.line + 1
        digit = marks.strip("+-")
        indent = max(parent, 0) + int(digit) if digit else self.block_indent(first, parent)
        style = Style.FOLDED if self.text[start] == ">" else Style.LITERAL
        raw, last = self.block_content(first, indent, style, marks.strip("123456789"))
        self.line, self.at = last, self.lines[last].end
        if last < first:
            self.at = header.end()
        end = start + len(self.text[start : self.at].rstrip(BLANKS))
        return self.scalar(start, end, raw, style, properties)

    def spaces(self, line: Line) -> int:
        match = _SPACES.match(self.text, line.start)
        return match.end() - line.start if match else 0

    def block_indent(self, first: int, parent: int) -> int:
        """The column of a block scalar's text, from its first line and the blank ones before."""
        deepest = 0
        for line in self.lines[first:]:
            spaces = self.spaces(line)
            deepest = max(deepest, spaces)
            if line.start + spaces < line.end:
                break
        return max(deepest, parent + 1, 1)

    def block_content(
        self, first: int, indent: int, style: Style, chomping: str
    ) -> tuple[str, int]:
        """The text of a block scalar, and its last line."""
        pieces: list[str] = []
        empty: list[str] = []  # breaks of blank lines that nothing has followed yet
        line_break = ""
        after_text = False  # whether the last line of text can be joined with the next
        last = first - 1
        for i in range(first, len(self.lines)):
            line = self.lines[i]
            at = line.start + min(self.spaces(line), indent)
            own_break = breaks(self.text[line.end : self._next_start(i)])
            if at == line.end:
                if own_break:
                    empty.append(own_break)
                    last = i
                    continue
                break
            if at - line.start < indent:
                break
            text = self.text[at : line.end]
            spaced = text[0] in " \t"
            if style is Style.FOLDED and after_text and not spaced and line_break == "\n":
                pieces.append("" if empty else " ")
            else:
                pieces.append(line_break)
            pieces += empty
            empty = []
            pieces.append(text)
            line_break, after_text, last = own_break, not spaced, i
        if chomping != "-":
            pieces.append(line_break)
        if chomping == "+":
            pieces += empty
        return "".join(pieces), last

    def _next_start(self, i: int) -> int:
        return self.lines[i + 1].start if i + 1 < len(self.lines) else len(self.text)


def _short_tag(written: str) -> str:
    """A tag as the strict reader names it."""
    if written.startswith("!<"):
        verbatim = written[2:-1]
        long = "tag:yaml.org,2002:"
        return "!!" + verbatim[len(long) :] if verbatim.startswith(long) else verbatim
    return written
