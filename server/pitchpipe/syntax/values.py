"""Plain values of a tree: aliases followed, merge keys applied, in bounded time and space."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pitchpipe.findings import Finding
from pitchpipe.syntax import problems
from pitchpipe.syntax.nodes import (
    Alias,
    Broken,
    Data,
    Entry,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Style,
    keep,
    origin,
)
from pitchpipe.syntax.reading import DEEPEST

MOST_NODES = 100_000
"""Values that a document may come to once all its aliases are written out."""


class Anchors:
    """What the aliases of one document stand for."""

    def __init__(self, anchors: Iterable[tuple[int, str, Node]]) -> None:
        self._by_name: dict[str, list[tuple[int, Node]]] = {}
        for start, name, node in anchors:
            self._by_name.setdefault(name, []).append((start, node))

    def target(self, alias: Alias) -> Node | None:
        """The node with the anchor of that name that was last begun before the alias."""
        named = self._by_name.get(alias.name, [])
        at = bisect_right(named, alias.span.start, key=lambda anchor: anchor[0])
        return named[at - 1][1] if at else None

    def resolved(self, node: Node) -> Node:
        """What an alias stands for; every other node, and an alias of nothing, as it is."""
        return self.target(node) or node if isinstance(node, Alias) else node


def is_merge(entry: Entry) -> bool:
    """Whether an entry is YAML 1.1's merge key `<<`."""
    key = entry.key
    return key.raw == "<<" and key.style is Style.PLAIN and key.tag in (None, "!!merge")


def merged_entries(mapping: Mapping, anchors: Anchors) -> tuple[Entry, ...]:
    """The entries of a mapping with merge keys resolved.

    Its own come first, duplicates included; then those of merged mappings whose key is not taken.
    Earlier mappings of a list win over later ones, a second `<<` wins over the first.
    """
    if not any(is_merge(entry) for entry in mapping.entries):
        return mapping.entries
    found: list[Entry] = []
    taken: set[str] = set()
    waiting = [mapping]
    seen: set[tuple[int, int]] = set()
    while waiting:
        current = waiting.pop()
        if current.span in seen:
            continue
        seen.add(current.span)
        own = [entry for entry in current.entries if not is_merge(entry)]
        found += (entry for entry in own if entry.key.raw not in taken)
        taken.update(entry.key.raw for entry in own)
        sources = [
            source
            for entry in reversed(current.entries)
            if is_merge(entry)
            for source in _sources(entry.value, anchors)
            if isinstance(source, Mapping)
        ]
        waiting += reversed(sources)
    return tuple(found)


def _sources(value: Node, anchors: Anchors) -> Iterator[Node]:
    value = anchors.resolved(value)
    if isinstance(value, (Mapping, Scalar, Broken, Alias)):
        yield value
    else:
        yield from (anchors.resolved(item) for item in value.items)


def plain(root: Node | None, anchors: Anchors) -> tuple[Data, list[Finding]]:
    """The plain values of a tree, and what was wrong with its aliases and merge keys.

    Of duplicate keys the last one with a colon counts. Aliases share their target's value.
    What has no value (broken stretches, aliases of nothing, of themselves or of too much) is None.
    """
    writer = _Writer(anchors)
    data = writer.written(root, 0).data if root is not None else None
    return data, writer.found


class _Written(NamedTuple):
    """`size` counts the values inside with all aliases written out, `depth` the levels."""

    data: Data
    size: int = 1
    depth: int = 0


_NOTHING = _Written(None)
_MERGEABLE = (Mapping, Alias, Broken)
"""An alias of nothing and a broken piece have their own findings."""


class _Writer:
    """Goes through a tree in the order of the text, so that a target is done before its aliases.

    `outside` counts the anchors, aliases and merge keys that were met. A collection without any
    comes to the same wherever it stands, so that is kept with the node as it was read.
    """

    def __init__(self, anchors: Anchors) -> None:
        self.anchors = anchors
        self.found: list[Finding] = []
        self.done: dict[tuple[int, str], _Written] = {}
        self.expanded = 0
        self.outside = 0

    def written(self, node: Node, level: int) -> _Written:
        if isinstance(node, Scalar):
            result = _Written(node.value)
        elif isinstance(node, (Mapping, Sequence)):
            result = self._collection(node, level)
        elif isinstance(node, Alias):
            self.outside += 1
            return self._alias(node, level)
        else:
            return _NOTHING
        if node.anchor:
            self.outside += 1
            self.done[node.span.start, node.anchor] = result
        return result

    def _collection(self, node: Mapping | Sequence, level: int) -> _Written:
        first, _ = origin(node)
        if first.kept is not None:
            return first.kept
        before = self.outside
        if isinstance(node, Mapping):
            result = self._mapping(node, level)
        else:
            items = [self.written(item, level + 1) for item in node.items]
            result = _outer([item.data for item in items], items)
        if self.outside == before:
            keep(first, result)
        return result

    def _mapping(self, mapping: Mapping, level: int) -> _Written:
        data: dict[str, Data] = {}
        parts: list[_Written] = []
        merges: list[dict[str, Data]] = []
        for entry in mapping.entries:
            part = self.written(entry.value, level + 1)
            if is_merge(entry):
                self.outside += 1
                merges = self._merged(entry, part.data) + merges
                # What is merged stands on this level.
                part = part._replace(depth=max(0, part.depth - 1))
            elif entry.colon or entry.key.raw not in data:
                data[entry.key.raw] = part.data
            parts.append(part)
        for merge in merges:
            for key, value in merge.items():
                data.setdefault(key, value)
        return _outer(data, parts)

    def _merged(self, entry: Entry, data: Data) -> list[dict[str, Data]]:
        if not all(isinstance(s, _MERGEABLE) for s in _sources(entry.value, self.anchors)):
            self.found.append(problems.merge_of_no_mapping(entry.value.span))
        sources = data if isinstance(data, list) else [data]
        found = [source for source in sources if isinstance(source, dict)]
        self.expanded += sum(map(len, found))
        return found if self.expanded <= MOST_NODES else []

    def _alias(self, alias: Alias, level: int) -> _Written:
        target = self.anchors.target(alias)
        if target is None or isinstance(target, (Alias, Broken)):
            return _NOTHING
        done = self.done.get((target.span.start, alias.name))
        if done is None:
            self.found.append(problems.recursive_alias(alias))
        elif level + done.depth > DEEPEST:
            self.found.append(problems.too_deep(alias.span))
        elif self.expanded + done.size > MOST_NODES:
            self.found.append(problems.alias_expansion(alias, MOST_NODES))
        else:
            self.expanded += done.size
            return done
        return _NOTHING


def _outer(data: Data, parts: list[_Written]) -> _Written:
    return _Written(
        data,
        1 + sum(part.size for part in parts),
        1 + max((part.depth for part in parts), default=0),
    )
