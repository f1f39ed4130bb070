"""Edits that write keys into a workflow's text and leave everything else as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, cast

from pitchpipe.checks.wording import flow
from pitchpipe.document import Document
from pitchpipe.findings import Edit
from pitchpipe.keypath import KeyPath
from pitchpipe.layout import Layout, layout
from pitchpipe.reading import Reading
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Entry, Node, Scalar
from pitchpipe.syntax.nodes import Mapping as MappingNode

_Tree: TypeAlias = "dict[str, Any]"


def written(document: Document, values: Mapping[KeyPath, object]) -> tuple[Edit, ...] | None:
    """What gives the keys these values; sections that are missing are added.

    None where there is no place for one of them: below a list or a value that is no section.
    """
    edits: list[Edit] = []
    missing: dict[KeyPath, _Tree] = {}
    for path, value in values.items():
        entry = document.entry_at(path)
        if entry is not None:
            edits.append(_replaced(document, entry, flow(value)))
            continue
        owner = _owner(document, path[:-1])
        if owner is None:
            return None
        tree = missing.setdefault(owner, {})
        for step in path[len(owner) : -1]:
            tree = tree.setdefault(cast(str, step), {})
        tree[cast(str, path[-1])] = _Leaf(flow(value))
    for owner, tree in missing.items():
        edits.append(_added(document, owner, tree))
    return tuple(sorted(edits, key=lambda edit: edit.span))


def in_own_words(reading: Reading, values: Mapping[KeyPath, object]) -> tuple[Edit, ...] | None:
    """The same of the workflow's keys, in whatever format the text is.

    None also where the format has no key that takes one of the values as it is.
    """
    own = {path: reading.own(path) for path in values}
    if None in own.values():
        return None
    return written(reading.document, {cast(KeyPath, own[p]): v for p, v in values.items()})


class _Leaf(str):
    """A value as it is written, in a tree of sections to be written."""


def _owner(document: Document, path: KeyPath) -> KeyPath | None:
    """The nearest section above that is there and can take a key."""
    while True:
        node = document.root if not path else document.node_at(path)
        if node is None and path:
            path = path[:-1]
            continue
        if node is None or isinstance(node, MappingNode):
            return path
        # An empty root, or an empty item, has no key that lines could stand below.
        return path if _is_empty(node) and document.entry_at(path) else None


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.span.start == node.span.end


def _replaced(document: Document, entry: Entry, text: str) -> Edit:
    if not _is_empty(entry.value):
        return Edit(entry.value.span, text)
    colon = "" if entry.colon else ":"
    at = entry.value.span.start if entry.colon else entry.key.span.end
    gap = "" if document.text[at - 1 : at].isspace() else " "
    return Edit(Span(at, at), f"{colon}{gap}{text}")


def _added(document: Document, owner: KeyPath, tree: _Tree) -> Edit:
    node = document.root if not owner else document.node_at(owner)
    if isinstance(node, MappingNode) and node.flow:
        at = node.entries[-1].span.end if node.entries else node.span.start + 1
        lead = ", " if node.entries else ""
        return Edit(Span(at, at), lead + ", ".join(_flow(tree)))
    style = layout(document.text)
    end = style.newline
    if isinstance(node, MappingNode):
        _, column = document.lines.position(node.entries[0].key.span.start)
        at = _line_end(document.text, node.entries[-1].span.end)
        return Edit(Span(at, at), "".join(end + line for line in _block(tree, column, style)))
    if node is None:
        at = len(document.text)
        lead = "" if not document.text or document.text.endswith("\n") else end
        return Edit(Span(at, at), lead + "".join(line + end for line in _block(tree, 0, style)))
    entry = document.entry_at(owner)
    assert entry is not None
    _, column = document.lines.position(entry.key.span.start)
    at = _line_end(document.text, entry.span.end)
    lines = _block(tree, column + style.unit, style)
    return Edit(Span(at, at), "".join(end + line for line in lines))


def _block(tree: _Tree, column: int, style: Layout) -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, _Leaf):
            yield f"{' ' * column}{key}: {value}"
        else:
            yield f"{' ' * column}{key}:"
            yield from _block(value, column + style.unit, style)


def _flow(tree: _Tree) -> Iterator[str]:
    for key, value in tree.items():
        inner = value if isinstance(value, _Leaf) else "{" + ", ".join(_flow(value)) + "}"
        yield f"{key}: {inner}"


def _line_end(text: str, at: int) -> int:
    """The end of the line, behind a comment on it."""
    end = text.find("\n", at)
    end = len(text) if end == -1 else end
    return end - 1 if end > at and text[end - 1] == "\r" else end
