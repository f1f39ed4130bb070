"""The tolerant reader's flow collections: `[a, b]` and `{a: b}`."""

from __future__ import annotations

import re

from pitchpipe.span import Span
from pitchpipe.syntax import problems
from pitchpipe.syntax.characters import BLANKS, folded
from pitchpipe.syntax.loose_scalars import (
    ALIAS,
    CLOSERS,
    FLOW_INDICATOR,
    FLOW_PLAIN,
    FLOW_PLAIN_MORE,
    NO_PROPERTIES,
    OPENERS,
    QUOTES,
    Properties,
    ScalarReader,
    closed_at,
)
from pitchpipe.syntax.nodes import Broken, Entry, Mapping, Node, Scalar, Sequence, Style
from pitchpipe.syntax.reading import DEEPEST

_COLON = re.compile(rf":(?=[{BLANKS},\[\]{{}}]|\Z)")
_ENDS_NODE = frozenset(",]}")
_ENDS_KEY = frozenset(",]}:")


class FlowReader(ScalarReader):
    """Reads flow collections. They end at the latest where a line can't be part of them."""

    def flow_gap(self, limit: int) -> bool:
        """Moves over blanks, comments and line breaks to the next piece of a flow collection.

        False, and the cursor stays, where a line begins that can't be part of it.
        """
        saved = self.line, self.at
        self.skip_gap()
        while self.at_rest():
            i = self.following[self.line + 1]
            if i == len(self.lines) or self.ends_flow(i, limit):
                self.line, self.at = saved
                return False
            self.line, self.at = i, self.lines[i].content
        return True

    def flow(self, limit: int, level: int, properties: Properties = NO_PROPERTIES) -> Node:
        """The flow collection whose bracket is at the cursor."""
        start, opener = self.at, self.text[self.at]
        if level > DEEPEST:
            return self.too_deep_flow(limit)
        closer = "}" if opener == "{" else "]"
        self.closers.append(closer)
        self.at += 1
        items: list[Node] = []
        entries: list[Entry] = []
        closed = False
        end = self.line, self.at
        while not closed:
            end = self.line, self.at
            if not self.flow_gap(limit):
                break
            character = self.text[self.at]
            if character in CLOSERS:
                if character != closer and character in self.closers[:-1]:
                    break  # it closes what is around
                if character != closer:
                    message = f"`{character}` can't close this `{opener}`"
                    self.wrong(message, self.at, self.at + 1)
                self.at += 1
                closed = True
            elif character == ",":
                self.wrong("a value is missing before this `,`", self.at, self.at + 1)
                self.at += 1
            else:
                if opener == "{":
                    entries.append(self.flow_entry(limit, level))
                else:
                    items.append(self.flow_item(limit, level))
                self.flow_comma(limit)
        self.closers.pop()
        if not closed:
            self.line, self.at = end
            self.wrong(f"this `{opener}` is not closed by a `{closer}`", start, start + 1)
            self.open_at = start if self.open_at is None else self.open_at
        end = self.at
        if opener == "{":
            return self.mapping_of(entries, start, end, True, properties)
        sequence = Sequence(
            self.span(start, end), tuple(items), True, properties.tag, properties.anchor
        )
        self.name(sequence)
        return sequence

    def flow_comma(self, limit: int) -> None:
        """Moves behind the comma after an item, if there is one."""
        saved = self.line, self.at
        if self.flow_gap(limit):
            character = self.text[self.at]
            if character == ",":
                self.at += 1
                return
            if character not in CLOSERS:
                self.wrong("a `,` is missing before this", self.at, self.at + 1)
        self.line, self.at = saved

    def flow_entry(self, limit: int, level: int) -> Entry:
        key, _ = self.flow_key(limit, level)
        return self.flow_pair(key, limit, level)

    def flow_item(self, limit: int, level: int) -> Node:
        start = self.at
        node, explicit = self.flow_key(limit, level)
        if not explicit and not self.colon_follows(limit):
            return node
        entry = self.flow_pair(node, limit, level)
        return self.mapping_of([entry], start, entry.span.end - self.base, True)

    def flow_key(self, limit: int, level: int) -> tuple[Node, bool]:
        """The node at the cursor, and whether a `?` stands before it."""
        explicit = self.text[self.at] == "?"
        if explicit:
            self.at += 1
            if not self.flow_gap(limit) or self.text[self.at] in _ENDS_KEY:
                return self.scalar(self.at, self.at, "", Style.PLAIN), True
        if self.text[self.at] == ":" and self.is_at(_COLON):
            return self.scalar(self.at, self.at, "", Style.PLAIN), explicit
        return self.flow_node(limit, level), explicit

    def colon_follows(self, limit: int) -> bool:
        saved = self.line, self.at
        found = self.flow_gap(limit) and self.text[self.at] == ":"
        self.line, self.at = saved
        return found

    def flow_pair(self, node: Node, limit: int, level: int) -> Entry:
        """The entry of a flow mapping whose key has been read."""
        key = self.key_of(node)
        if not self.colon_follows(limit):
            end = key.span.end - self.base
            return entry_of(key, self.scalar(end, end, "", Style.PLAIN), colon=False)
        self.flow_gap(limit)
        self.at += 1
        behind = self.line, self.at
        if not self.flow_gap(limit) or self.text[self.at] in _ENDS_NODE:
            self.line, self.at = behind
            return entry_of(key, self.scalar(self.at, self.at, "", Style.PLAIN))
        return entry_of(key, self.flow_node(limit, level))

    def flow_node(self, limit: int, level: int) -> Node:
        properties = self.properties()
        if properties.given:
            saved = self.line, properties.end
            if not self.flow_gap(limit) or self.text[self.at] in _ENDS_KEY:
                self.line, self.at = saved
                return self.scalar(self.at, self.at, "", Style.PLAIN, properties)
        character = self.text[self.at]
        if character in OPENERS:
            return self.flow(limit, level + 1, properties)
        if character in QUOTES:
            return self.quoted(limit, properties)
        if match := self.is_at(ALIAS):
            return self.alias(match)
        start = self.at
        match = FLOW_PLAIN.match(self.text, start, self.lines[self.line].end)
        if match is None:
            return self.unreadable_in_flow()
        end, self.line = self.plain_lines(match.end(), limit, FLOW_PLAIN_MORE)
        self.at = end
        return self.scalar(start, end, folded(self.text[start:end]), Style.PLAIN, properties)

    def unreadable_in_flow(self) -> Broken:
        start = self.at
        line = self.lines[self.line]
        near = FLOW_INDICATOR.search(self.text, start + 1, line.end)
        end = near.start() if near else line.end
        end = start + max(1, len(self.text[start:end].rstrip(BLANKS)))
        message = f"a value can't begin with `{self.text[start]}` unless it is in quotes"
        self.wrong(message, start, end, self.quoting(start, end))
        self.at = end
        return self.broken_node(start, end)

    def too_deep_flow(self, limit: int) -> Broken:
        start, end = self.at, self.lines[self.line].end
        for i in range(self.line + 1, len(self.lines)):
            if not self.lines[i].blank and self.lines[i].column <= limit:
                break
            end = self.lines[i].end
        closed = closed_at(self.text, start, end)
        end = start + len(self.text[start : closed or end].rstrip(BLANKS))
        self.broken.append(problems.too_deep(self.span(start, start + 1)))
        self.go_to(end)
        return self.broken_node(start, end)

    def mapping_of(
        self,
        entries: list[Entry],
        start: int,
        end: int | None,
        flow: bool,
        properties: Properties = NO_PROPERTIES,
    ) -> Mapping:
        for entry in entries:
            if problem := problems.non_string_key(entry.key):
                self.problems.append(problem)
        self.problems += problems.duplicate_keys(entries, half_typed=not flow)
        last = entries[-1].span.end if end is None else end + self.base
        span = Span(start + self.base, last)
        mapping = Mapping(span, tuple(entries), flow, properties.tag, properties.anchor)
        self.name(mapping)
        return mapping

    def key_of(self, node: Node) -> Scalar:
        """A node as a key; one that isn't a scalar by its source text."""
        if isinstance(node, Scalar):
            return node
        if isinstance(node, Broken):
            return Scalar(node.span, node.raw, node.raw)
        return self.complex_key(node.span.start - self.base, node.span.end - self.base)

    def complex_key(self, start: int, end: int) -> Scalar:
        raw, span = self.text[start:end], self.span(start, end)
        self.problems.append(problems.complex_key(raw, span))
        return Scalar(span, raw, raw)


def entry_of(key: Scalar, value: Node, *, colon: bool = True) -> Entry:
    return Entry(Span(key.span.start, max(key.span.end, value.span.end)), key, value, colon)
