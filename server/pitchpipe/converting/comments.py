"""Comments of a file, by the key that they stand at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pitchpipe.document import Document
from pitchpipe.ide.slots.words import line_end
from pitchpipe.keypath import KeyPath
from pitchpipe.syntax.nodes import Mapping, Node, Sequence

_MODELINE = re.compile(r"#[ \t]*pitchpipe:[ \t]*[\w-]+[ \t]*\Z")


@dataclass(frozen=True, slots=True)
class Comment:
    """The comment lines above a key, without their indentation, and the one behind its value."""

    above: tuple[str, ...] = ()
    behind: str = ""


def comments(document: Document) -> tuple[tuple[str, ...], dict[KeyPath, Comment]]:
    """The lines at the file's head that belong to no key, and the comments of all keys.

    A head is parted from the first key by a blank line, or is a modeline.
    """
    starts = document.lines.starts
    lines = [document.text[s:e].strip() for s, e in zip(starts, [*starts[1:], None], strict=True)]
    found: dict[KeyPath, Comment] = {}
    head: tuple[str, ...] = ()
    for path, node, key_start in _keys(document.root, ()):
        number = document.lines.position(key_start)[0]
        above: list[str] = []
        at = number - 1
        while at >= 0 and lines[at].startswith("#"):
            if not _MODELINE.match(lines[at]):
                above.insert(0, lines[at])
            at -= 1
        if not found:
            head = _head(lines[: at + 1])
        comment = Comment(tuple(above), _behind(document, node, key_start))
        if comment != Comment():
            found[path] = comment
        elif not found:
            found[path] = Comment()
    return head, {path: c for path, c in found.items() if c != Comment()}


def _head(lines: list[str]) -> tuple[str, ...]:
    """The comments among the first lines, without what tells tools how to read the file."""
    return tuple(line for line in lines if line.startswith("#") and not _MODELINE.match(line))


def _keys(node: Node | None, path: KeyPath) -> Iterator[tuple[KeyPath, Node, int]]:
    """Every key of block mappings: its path, its value and where it begins."""
    if isinstance(node, Mapping) and not node.flow:
        for entry in node.entries:
            inner = (*path, entry.key.raw)
            yield inner, entry.value, entry.key.span.start
            yield from _keys(entry.value, inner)
    elif isinstance(node, Sequence) and not node.flow:
        for index, item in enumerate(node.items):
            yield from _keys(item, (*path, index))


def _behind(document: Document, node: Node, key_start: int) -> str:
    """The comment on the key's line, behind the value or, of a block, behind the colon."""
    text = document.text
    first = document.lines.position(key_start)[0]
    end = line_end(text, key_start)
    one_line = document.lines.position(max(node.span.start, node.span.end - 1))[0] == first
    at = node.span.end if one_line and node.span.end > key_start else None
    if at is None:
        at = text.find(":", key_start, end) + 1
    rest = text[at:end].strip()
    return rest if rest.startswith("#") else ""
