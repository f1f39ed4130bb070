"""A workflow's text and everything it says as YAML, with the place of each part.

`parse` never raises and never gives up: what is broken becomes a finding and the rest survives.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection
from functools import cached_property, partial

from pitchpipe.findings import Finding, in_order
from pitchpipe.keypath import KeyPath
from pitchpipe.span import Lines, Span
from pitchpipe.syntax import problems, values
from pitchpipe.syntax.blocks import (
    Before,
    Parts,
    Region,
    Same,
    assembled,
    forbidden_character,
    read_parts,
)
from pitchpipe.syntax.layout import Layout, layout
from pitchpipe.syntax.nodes import Alias, Data, Entry, Mapping, Node, Sequence
from pitchpipe.syntax.reading import Kind, Reading

LONGEST = 1_000_000
"""Code points of a text that is read. A workflow has thousands; more is a slip or an attack."""
_MOST_LINES = 50_000
_MOST_PROBLEMS = 1000
_MANY_ENTRIES = 64


def parse(text: str, reuse: Document | None = None) -> Document:
    """The document of a text, whatever it holds.

    What `reuse` says about unchanged blocks is taken over; the result is the same without it. Of a
    text that is too large nothing is read.
    """
    if _is_too_large(text):
        return Document(text, _UNREAD, Parts(_UNREAD.region), too_large=True)
    plan = layout(text)
    if reuse is None:
        return Document(text, plan, read_parts(text, plan.region))
    same = _same(reuse.text, text)
    parts = read_parts(text, plan.region, 0, Before(reuse.parts, 0, same))
    return Document(text, plan, parts, reuse.lines_after(text, same))


_UNREAD = Layout(Region(0, 0, 0, Kind.ANY))


def _is_too_large(text: str) -> bool:
    return len(text) > LONGEST or max(text.count("\n"), text.count("\r")) > _MOST_LINES


def _same(old: str, new: str) -> Same:
    most = min(len(old), len(new))
    start = _agree(lambda n: old[:n] == new[:n], most)
    end = _agree(lambda n: old[len(old) - n :] == new[len(new) - n :], most - start)
    return Same(start, len(new) - end, len(new) - len(old))


def _agree(alike: Callable[[int], bool], most: int) -> int:
    """The largest number up to `most` for which two texts are `alike`."""
    return bisect_left(range(1, most + 1), True, key=lambda n: not alike(n))


class Document:
    """A text read once; nothing about it changes afterwards.

    Spans of nodes and findings count code points from the start of the text. Trees, lines and
    values are put together when they are first asked for.
    """

    def __init__(
        self,
        text: str,
        plan: Layout,
        parts: Parts,
        lines: Callable[[], Lines] | None = None,
        *,
        too_large: bool = False,
    ) -> None:
        self.text = text
        self.parts = parts
        self._second = plan.second
        self._find_lines = lines
        self._too_large = too_large
        # By the identity of a mapping, which is kept so that no other gets it.
        self._by_key: dict[int, tuple[Mapping, dict[str, list[Entry]]]] = {}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Document):
            return NotImplemented
        return (self.text, self.root, self.problems) == (other.text, other.root, other.problems)

    def __hash__(self) -> int:
        return hash(self.text)

    @cached_property
    def lines(self) -> Lines:
        return self._find_lines() if self._find_lines else Lines(self.text)

    def lines_after(self, text: str, same: Same) -> Callable[[], Lines] | None:
        """How to find the lines of the next state; None where nobody asked for these."""
        known: Lines | None = self.lines if self._find_lines else self.__dict__.get("lines")
        return known and partial(known.edited, text, same.start, same.end, same.by)

    @cached_property
    def _reading(self) -> Reading:
        return assembled(self.parts)

    @property
    def alone(self) -> bool:
        """Whether nothing stands behind the document in its text."""
        return self._too_large or self.parts.region.end >= len(self.text)

    @property
    def root(self) -> Node | None:
        """The tree; None for a text of nothing but blanks and comments."""
        return self._reading.node

    @cached_property
    def _anchors(self) -> values.Anchors:
        return values.Anchors(self._reading.anchors)

    @cached_property
    def problems(self) -> tuple[Finding, ...]:
        """What is wrong with the text as YAML, in the order of the text; the first thousand."""
        if self._too_large:
            return (problems.file_too_large(self.text, LONGEST, _MOST_LINES),)
        found = list(self._reading.problems)
        start = self.parts.region.start
        if forbidden := forbidden_character(self.text[:start], 0):
            found.append(forbidden)
        if self._second:
            found.append(problems.multiple_documents(self._second))
        aliases = self._reading.aliases
        found += (
            problems.undefined_alias(alias)
            for alias in aliases
            if self._anchors.target(alias) is None
        )
        if aliases or "<<" in self.text:
            found += self._values[1]
        return tuple(in_order(found)[:_MOST_PROBLEMS])

    @cached_property
    def _values(self) -> tuple[Data, list[Finding]]:
        return values.plain(self.root, self._anchors)

    def data(self) -> Data:
        """The plain values, shared between callers: not to be changed.

        Aliases are followed and merge keys applied; of duplicate keys the last one counts. What is
        broken, or would be too much once written out, is None.
        """
        return self._values[0]

    @property
    def anchors(self) -> tuple[tuple[int, str, Node], ...]:
        """Every `&name`: where what it names begins, the name, and the node."""
        return self._reading.anchors

    @property
    def aliases(self) -> tuple[Alias, ...]:
        """Every `*name`, merge keys' too."""
        return self._reading.aliases

    def resolved(self, node: Node) -> Node:
        """What an alias stands for; every other node, and an alias of nothing, as it is."""
        return self._anchors.resolved(node)

    def entries(self, mapping: Mapping) -> tuple[Entry, ...]:
        """The entries of a mapping with merge keys (`<<`) resolved.

        Its own come first, duplicates included; then those of merged mappings whose key is not
        taken. Merged entries have the places where they are written.
        """
        return values.merged_entries(mapping, self._anchors)

    def node_at(self, path: KeyPath) -> Node | None:
        """The node at a path, through aliases and merge keys; itself it may be an alias."""
        node = self.root
        for element in path:
            node = self._child(node, element)
        return node

    def entry_at(self, path: KeyPath) -> Entry | None:
        """The entry whose key is the last element of the path; None for items and the root."""
        if not path or isinstance(path[-1], int):
            return None
        return self._entry(self.node_at(path[:-1]), path[-1])

    def span_of(self, path: KeyPath) -> Span:
        """Where the value at a path stands.

        For what isn't there, the key (or the item's beginning) of the nearest parent that is.
        """
        node = self.node_at(path)
        if node is not None:
            return node.span
        while path:
            path = path[:-1]
            entry = self.entry_at(path)
            if entry is not None:
                return entry.key.span
            node = self.node_at(path)
            if node is not None:
                return _beginning(node)
        return Span(0, 0)

    def path_at(self, offset: int) -> KeyPath:
        """The path of the innermost entry or item that holds an offset, its end included."""
        path: list[str | int] = []
        node = self.root
        while isinstance(node, (Mapping, Sequence)):
            parts = node.entries if isinstance(node, Mapping) else node.items
            at = bisect_right(parts, offset, key=lambda part: part.span.start) - 1
            if at < 0 or offset > parts[at].span.end:
                break
            part = parts[at]
            if isinstance(part, Entry):
                path.append(part.key.raw)
                node = part.value if offset > part.key.span.end else None
            else:
                path.append(at)
                node = part
        return tuple(path)

    def _child(self, node: Node | None, element: str | int) -> Node | None:
        if isinstance(element, str):
            entry = self._entry(node, element)
            return entry.value if entry else None
        node = node and self.resolved(node)
        if isinstance(node, Sequence) and 0 <= element < len(node.items):
            return node.items[element]
        return None

    def _entry(self, node: Node | None, key: str) -> Entry | None:
        """Of duplicates the last one with a colon, which counts."""
        node = node and self.resolved(node)
        if not isinstance(node, Mapping):
            return None
        own = self._named(node, key)
        found = own or [entry for entry in self.entries(node) if entry.key.raw == key]
        return max(found, key=lambda entry: (entry.colon, entry.span), default=None)

    def _named(self, mapping: Mapping, key: str) -> Collection[Entry]:
        """Its own entries of that key; looked up where there are so many that it takes long."""
        if len(mapping.entries) < _MANY_ENTRIES:
            return [entry for entry in mapping.entries if entry.key.raw == key]
        if id(mapping) not in self._by_key:
            by_key: dict[str, list[Entry]] = {}
            for entry in mapping.entries:
                by_key.setdefault(entry.key.raw, []).append(entry)
            self._by_key[id(mapping)] = mapping, by_key
        return self._by_key[id(mapping)][1].get(key, ())


def _beginning(node: Node) -> Span:
    """A small piece of a node to point at: its first key or its first value."""
    while isinstance(node, (Mapping, Sequence)):
        if isinstance(node, Mapping):
            if node.entries:
                return node.entries[0].key.span
            break
        if not node.items:
            break
        node = node.items[0]
    return node.span
