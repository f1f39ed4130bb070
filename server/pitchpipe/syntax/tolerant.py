"""The tolerant reader: lines and indentation, and never a failure.

Indentation alone says which mapping or list a line belongs to, whatever is typed on it; quotes and
brackets end at the latest where a line isn't indented deeper than what holds them. On valid YAML
the tree is the strict reader's; on anything else the broken piece is one `Broken` node, a key
without a colon or a value cut short, and its neighbours survive.
"""

from __future__ import annotations

import re

from pitchpipe.findings import Edit, Fix
from pitchpipe.span import Span
from pitchpipe.syntax import problems
from pitchpipe.syntax.characters import BLANKS, ENDS, folded
from pitchpipe.syntax.cursor import DASH
from pitchpipe.syntax.loose_flow import FlowReader, entry_of
from pitchpipe.syntax.loose_scalars import (
    ALIAS,
    BLOCK_STYLES,
    COLON,
    NO_PROPERTIES,
    OPENERS,
    PLAIN,
    PLAIN_MORE,
    QUESTION,
    QUOTES,
    KeyPlace,
    Properties,
)
from pitchpipe.syntax.nodes import Broken, Entry, Mapping, Node, Scalar, Sequence, Style
from pitchpipe.syntax.reading import DEEPEST, Kind, LooseReading, Reading

_MARKER = re.compile(rf"---{ENDS}")
_NO_SPACE = re.compile(rf"(?P<key>[A-Za-z_][\w.-]*):(?!//)(?=[^{BLANKS}:])")


def read(
    text: str, base: int = 0, kind: Kind = Kind.ANY, column: int = 0, above: int = 0
) -> LooseReading:
    """The tree of a text, which has `above` collections around it.

    With a `kind` the text is that, its lines at `column`, whatever it looks like. Spans count from
    the start of `text`, plus `base`.
    """
    reader = _BlockReader(text, base)
    node = reader.root(kind, column, above)
    reader.problems.sort(key=lambda problem: problem.span)
    reader.anchors.sort(key=lambda anchor: anchor[0])
    reading = Reading(node, tuple(reader.problems), tuple(reader.anchors), tuple(reader.aliases))
    broken = sorted(reader.broken, key=lambda problem: problem.span)
    return LooseReading(reading, tuple(broken), reader.open_at)


class _BlockReader(FlowReader):
    """Reads blocks. `level` counts the collections around what is read."""

    # Whole texts

    def root(self, kind: Kind, column: int, level: int) -> Node | None:
        if not self._go_to_first():
            return None
        if kind is not Kind.ANY and self.column() != column:
            self.tell_of_indentation()
        if kind is Kind.MAPPING:
            return self.mapping(-1, level + 1)
        if kind is Kind.SEQUENCE:
            return self.sequence(-1, level + 1, whole=True)
        start = self.at
        node = self.finished(self.node(-1, level, block=True), start, -1, level)
        if self.next_line():
            self.go_on()
            self.tell_of_indentation()
        return node

    def _go_to_first(self) -> bool:
        """Moves to the first content, behind directives and the marker of a document's start."""
        self.line = -1
        while self.next_line():
            self.go_on()
            line = self.lines[self.line]
            if self.text.startswith("%", line.start):
                continue
            marker = _MARKER.match(self.text, line.start)
            if marker is None:
                return True
            self.at = marker.end()
            self.skip_gap()
            if not self.at_rest():
                return True
        return False

    # Nodes

    def node(
        self,
        parent: int,
        level: int,
        *,
        block: bool,
        indentless: bool = False,
        properties: Properties = NO_PROPERTIES,
    ) -> Node:
        """The node at the cursor, inside a collection at column `parent`.

        `block` says that entries or items may begin here: not right behind a key. `indentless`
        says that a list below may stand in column `parent` itself.
        """
        dash = self.is_at(DASH)
        if dash or (block and self.is_key()):
            if level >= DEEPEST:
                return self.too_deep(parent)
            if not block:
                message = "a list begins on its own line below the key, not behind its `:`"
                self.wrong(message, self.at, self.line_end())
            if dash:
                return self.sequence(parent, level + 1, properties)
            return self.mapping(parent, level + 1, properties)
        if not properties.given:
            properties = self.properties()
            if properties.given:
                return self.with_properties(properties, parent, level, block, indentless)
        character = self.text[self.at : self.at + 1]
        if character in OPENERS:
            return self.flow(parent, level + 1, properties)
        if character in QUOTES:
            return self.quoted(parent, properties)
        if character in BLOCK_STYLES:
            return self.block_scalar(parent, properties)
        if match := self.is_at(ALIAS):
            return self.alias(match)
        return self.plain(parent, level, block, properties)

    def with_properties(
        self, properties: Properties, parent: int, level: int, block: bool, indentless: bool
    ) -> Node:
        """The node behind its tag and anchor, on the same line or below."""
        if not self.at_rest():
            return self.node(parent, level, block=False, properties=properties)
        if self.deeper(parent):
            self.go_on()
            return self.node(parent, level, block=True, properties=properties)
        if indentless and self.dash_at(parent) and level < DEEPEST:
            self.go_on()
            return self.sequence(parent - 1, level + 1, properties, indentless=True)
        self.at = properties.end
        return self.scalar(properties.end, properties.end, "", Style.PLAIN, properties)

    def below(self, parent: int, level: int, empty_at: int, *, indentless: bool) -> Node:
        """The node on the lines below; an empty one at `empty_at` if they don't belong here."""
        if self.deeper(parent):
            self.go_on()
            start = self.at
            return self.finished(self.node(parent, level, block=True), start, parent, level)
        if indentless and self.dash_at(parent) and level < DEEPEST:
            self.go_on()
            return self.sequence(parent - 1, level + 1, indentless=True)
        return self.scalar(empty_at, empty_at, "", Style.PLAIN)

    def finished(
        self, node: Node, start: int, parent: int, level: int, *, entry: bool = False
    ) -> Node:
        """The node that began at `start`, once what stands behind it on its lines is dealt with.

        `entry` says that the line one column deeper is more likely an entry out of line.
        """
        if isinstance(node, (Mapping, Sequence)) and not node.flow:
            return node  # which has looked at its lines itself
        if not self.at_rest():
            node = self.stray_text(node, start)
        line = self.next_line()
        if line is None or line.column <= parent:
            return node
        if entry and line.column == parent + 1:
            return node
        return self.stray_lines(node, start, parent, level)

    def stray_text(self, node: Node, start: int) -> Node:
        """A broken node where something stands behind a value on the same line."""
        end = self.ends_before_comment()
        style = node.style if isinstance(node, Scalar) else None
        adjoining = self.text[self.at] not in BLANKS
        if style is Style.PLAIN and self.is_at(COLON):
            message = "a `: ` can't stand in a value without quotes"
            self.wrong(message, self.at, end, self.quoting(start, end))
        elif style is Style.SINGLE and adjoining:
            self.wrong("a `'` inside single quotes is written `''`", self.at - 1, self.at)
        else:
            self.skip_gap()
            shown = problems.quoted(self.text[self.at : end])
            self.wrong(f"{shown} can't stand behind the value", self.at, end)
        self.at = end
        return self.kept_or_broken(node, start)

    def stray_lines(self, node: Node, start: int, parent: int, level: int) -> Node:
        """What becomes of a complete value that has lines indented below it.

        Entries and items below are taken for the value; other lines belong to its broken piece.
        """
        value_end = self.at
        self.go_on()
        if self.is_key() or self.is_at(DASH):
            value = problems.quoted(self.text[start:value_end])
            message = f"{value} and the lines indented below can't both be the value"
            self.wrong(message, start, value_end)
        else:
            message = f"{problems.quoted(self.text[self.at : self.line_end()])} can't stand here"
            self.wrong(message, self.at, self.line_end())
        while not (self.is_key() or self.is_at(DASH)):
            self.at = self.line_end()
            if not self.deeper(parent):
                return self.kept_or_broken(node, start)
            self.go_on()
        below = self.node(parent, level, block=True)
        return node if isinstance(node, (Mapping, Sequence)) else below

    def kept_or_broken(self, node: Node, start: int) -> Node:
        if isinstance(node, (Mapping, Sequence)):
            return node
        return self.broken_node(start, self.at)

    def too_deep(self, parent: int) -> Broken:
        start = self.at
        self.go_to_end()
        while self.deeper(parent):
            self.go_on()
            self.go_to_end()
        end = start + len(self.text[start : self.at].rstrip(BLANKS))
        self.broken.append(problems.too_deep(self.span(start, min(start + 1, end))))
        return self.broken_node(start, end)

    def plain(self, parent: int, level: int, block: bool, properties: Properties) -> Node:
        start = self.at
        line = self.lines[self.line]
        match = PLAIN.match(self.text, start, line.end)
        if match is None:
            return self.unreadable()
        end, last = self.plain_lines(match.end(), parent, PLAIN_MORE)
        if block and level < DEEPEST and not properties.given:
            i = self.following[last + 1]
            if i < len(self.lines) and self.lines[i].column > parent:
                if self.starts(i, DASH) and self.lines[i].column == self.column():
                    return self.sequence(parent, level + 1)
                if self.is_key_on(i):
                    return self.mapping(parent, level + 1)
        self.line, self.at = last, end
        return self.scalar(start, end, folded(self.text[start:end]), Style.PLAIN, properties)

    # Block collections

    def mapping(self, parent: int, level: int, properties: Properties = NO_PROPERTIES) -> Mapping:
        """The block mapping whose first key is at the cursor."""
        start, column = self.at, self.column()
        entries: list[Entry] = []
        while True:
            entries.append(self.entry(column, level))
            line = self.next_line()
            if line is None or line.column <= parent:
                break
            self.go_on()
            if line.column != column:
                self.tell_of_indentation()
        return self.mapping_of(entries, start, None, False, properties)

    def tell_of_indentation(self) -> None:
        line = self.lines[self.line]
        shown = problems.quoted(self.text[line.content : line.end])
        message = f"{shown} is indented like none of the lines around it"
        self.wrong(message, line.content, max(self.line_end(), line.content))

    def entry(self, column: int, level: int) -> Entry:
        """The entry at the cursor, of a mapping at `column`."""
        if self.is_at(QUESTION):
            return self.explicit_entry(column, level)
        place = self.key_place()
        if place is None:
            return self.half_typed(column, level)
        key = self.key_at(place)
        self.at = place.behind_colon
        return entry_of(key, self.value(column, level))

    def key_at(self, place: KeyPlace) -> Scalar:
        character = self.text[place.start]
        if character not in OPENERS and character != "*":
            return self.key_scalar(place)
        self.at = place.start
        # Read for what is named or wrong inside it.
        return self.key_of(self.flow_node(-1, 0))

    def value(self, column: int, level: int) -> Node:
        """The value behind the colon at the cursor, on the same line or below."""
        behind = self.at
        self.skip_gap()
        if self.at_rest():
            self.at = behind
            return self.below(column, level, behind, indentless=True)
        start = self.at
        node = self.node(column, level, block=False, indentless=True)
        node = self.finished(node, start, column, level, entry=True)
        if isinstance(node, (Scalar, Broken)) and self.dash_at(column) and level < DEEPEST:
            value = problems.quoted(self.text[start : self.at])
            self.wrong(f"{value} and the list below can't both be the value", start, self.at)
            self.go_on()
            return self.sequence(column - 1, level + 1, indentless=True)
        return node

    def explicit_entry(self, column: int, level: int) -> Entry:
        """`? key`, and the `: value` on a line of its own."""
        key = self.key_of(self.explicit_part(column, level))
        line = self.next_line()
        if line and line.column == column and COLON.match(self.text, line.content):
            self.go_on()
            return entry_of(key, self.explicit_part(column, level))
        end = key.span.end - self.base
        return entry_of(key, self.scalar(end, end, "", Style.PLAIN), colon=False)

    def explicit_part(self, column: int, level: int) -> Node:
        """What stands behind the `?` or `:` at the cursor."""
        self.at += 1
        behind = self.at
        self.skip_gap()
        if self.at_rest():
            self.at = behind
            return self.below(column, level, behind, indentless=True)
        start = self.at
        return self.finished(
            self.node(column, level, block=True, indentless=True), start, column, level
        )

    def half_typed(self, column: int, level: int) -> Entry:
        """An entry without a colon: a key that is being typed, or no key at all."""
        start, line = self.at, self.lines[self.line]
        if match := _NO_SPACE.match(self.text, start, line.end):
            at = match.end()
            fix = Fix("Insert a space", (Edit(self.span(at, at), " "),))
            self.wrong(f"a space is missing behind `{match.group()}`", start, at, fix)
            self.at = at
            key = self.scalar(start, match.end("key"), match["key"], Style.PLAIN)
            return entry_of(key, self.value(column, level))
        match = PLAIN.match(self.text, start, line.end)
        if match is None or not self.rest_at(match.end()):
            return self.no_entry(column)
        end = self.at = match.end()
        word = match.group()
        self.wrong(f"{problems.quoted(word)} is no `key: value`: a `:` is missing", start, end)
        key = Scalar(self.span(start, end), word, word)
        return entry_of(key, self.below(column, level, end, indentless=True), colon=False)

    def no_entry(self, column: int) -> Entry:
        """A line that is no entry, with all that is indented below it, as one broken value."""
        start = self.at
        end = max(self.line_end(), start)
        line = self.text[start:end]
        self.wrong(f"{problems.quoted(line)} is no `key: value`", start, end)
        key = Scalar(self.span(start, end), line, line)
        self.skip_deeper(column)
        return entry_of(key, self.broken_node(start, self.at), colon=False)

    def skip_deeper(self, column: int) -> None:
        self.at = self.line_end()
        while self.deeper(column):
            self.go_on()
            self.at = self.line_end()

    def sequence(
        self,
        parent: int,
        level: int,
        properties: Properties = NO_PROPERTIES,
        *,
        whole: bool = False,
        indentless: bool = False,
    ) -> Sequence:
        """The block sequence whose first dash is at the cursor.

        `whole` says that nothing stands around it, so that every line is one of its own;
        `indentless` that the keys of the mapping around it stand in the same column.
        """
        start, column = self.at, self.column()
        items: list[Node] = []
        while True:
            items.append(self.item(column, level))
            line = self.next_line()
            if line is None or line.column <= parent:
                break
            i = self.following[self.line + 1]
            dash = self.starts(i, DASH)
            level_with = line.column == column and not indentless
            being_typed = not dash and level_with and not self.is_key_on(i)
            if not (dash or whole or being_typed or line.column > column):
                break
            self.go_on()
            if dash and line.column != column:
                self.tell_of_indentation()
        span = Span(start + self.base, items[-1].span.end)
        sequence = Sequence(span, tuple(items), False, properties.tag, properties.anchor)
        self.name(sequence)
        return sequence

    def item(self, column: int, level: int) -> Node:
        if not self.is_at(DASH):
            start = self.at
            end = max(self.line_end(), start)
            shown = problems.quoted(self.text[start:end])
            self.wrong(f"{shown} is no item of the list: a `- ` is missing", start, end)
            self.skip_deeper(column)
            return self.broken_node(start, self.at)
        self.at += 1
        behind = self.at
        self.skip_gap()
        if self.at_rest():
            self.at = behind
            return self.below(column, level, behind, indentless=False)
        start = self.at
        return self.finished(self.node(column, level, block=True), start, column, level)
