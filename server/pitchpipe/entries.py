"""Edits that take whole entries of a mapping away, or put them elsewhere with their comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Sequence as AbstractSequence

from pitchpipe.document import Document
from pitchpipe.findings import Edit
from pitchpipe.keypath import KeyPath, dotted
from pitchpipe.layout import layout
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Entry, Mapping, Node, Scalar, Sequence, Style

_COMMENT = re.compile(r"[ \t]*#[^\r\n]*(?:\r\n|\n|\r|\Z)")
_FLOW_MARKS = re.compile(r"[,\[\]{}]")
_KEEPS_BREAKS = re.compile(r"[|>][0-9]?\+")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")


def removed(
    document: Document, owner: Mapping, going: AbstractSequence[Entry]
) -> tuple[Edit, ...] | None:
    """What takes entries of `owner` out of the text, with the comments on their lines.

    None where nothing would be left, or an alias needs one of them.
    """
    gone = {entry.key.span for entry in going}
    left = any(entry.key.span not in gone for entry in owner.entries)
    if not left or any(is_named(document, entry) for entry in going):
        return None
    edits: list[Edit] = []
    for at, entry in enumerate(owner.entries):
        inside = edits and entry.key.span.end <= edits[-1].span.end
        if entry.key.span not in gone or inside:
            continue
        span = _in_flow(owner, at, gone) if owner.flow else _in_block(document, owner, at, gone)
        if span is None:
            return None
        edits.append(Edit(span, ""))
    return tuple(edits)


def moved(
    document: Document, path: KeyPath, to: KeyPath, at: int | None = None
) -> tuple[Edit, ...] | None:
    """What makes the entry at `path` the one at `to`, with the comments above it.

    Its section must not have such a key. Where a section of the root is missing, it is made at the
    offset `at`, where another entry's lines begin; None: where this one's are. None where the text
    is laid out in a way that makes it doubtful.
    """
    entry, owner = document.entry_at(path), _node(document, path[:-1])
    if entry is None or not isinstance(owner, Mapping) or entry not in owner.entries:
        return None
    if owner.flow or (path[:-1] and len(owner.entries) == 1):
        return None
    block = _block(document, entry)
    if block is None:
        return None
    text, style = document.text, layout(document.text)
    column = document.lines.position(entry.key.span.start)[1]
    section = document.entry_at(to[:-1])
    name = entry.key.span if to[-1] != path[-1] else Span(block.start, block.start)
    renamed = str(to[-1]) if to[-1] != path[-1] else ""
    written = text[block.start : name.start] + renamed + text[name.end : block.end]
    if section is None:
        if len(path) > 1 or len(to) > 2:
            return None
        here = block.start if at is None else at
        lines = _indented(written, column, column + style.unit, style.newline)
        head = f"{' ' * column}{dotted(to[:-1])}:{style.newline}"
        if here == block.start:
            return (Edit(block, head + lines),)
        return Edit(block, ""), Edit(Span(here, here), head + lines)
    if isinstance(section.value, Mapping) and section.value.flow:
        head = renamed or text[entry.key.span.start : entry.key.span.end]
        return _into_flow(document, block, entry, section.value, head)
    place = _end_of_section(document, section)
    if place is None or block.start < place[0] <= block.end:
        return None
    end, deep = place
    lines = _indented(written, column, deep, style.newline)
    return _put(text, block, end, lines, style.newline)


def together(document: Document, one: Entry, other: Entry) -> tuple[Edit, ...] | None:
    """What moves all that is in the section `other` to the end of the section `one`.

    None where they have a key in common, or one is not a block of keys.
    """
    place, block = _end_of_section(document, one), _block(document, other)
    inner = other.value
    if place is None or block is None or not isinstance(inner, Mapping) or inner.flow:
        return None
    theirs = {entry.key.raw for entry in inner.entries}
    head = _LINE.match(document.text, other.key.span.end)
    if isinstance(one.value, Mapping) and any(e.key.raw in theirs for e in one.value.entries):
        return None
    if not inner.entries or head is None or head.group().strip() != ":":
        return None
    style = layout(document.text)
    column = document.lines.position(inner.entries[0].key.span.start)[1]
    outer = document.lines.position(other.key.span.start)[1]
    comments = document.text[block.start : _lines(document, other).start]
    lines = "".join(_moved_lines(comments, outer, place[1]))
    lines += _indented(document.text[head.end() : block.end], column, place[1], style.newline)
    return _put(document.text, block, place[0], lines, style.newline)


def begin(document: Document, entry: Entry) -> int:
    """Where the lines of an entry begin, with the comments above it."""
    return (_block(document, entry) or _lines(document, entry)).start


def is_named(document: Document, entry: Entry) -> bool:
    """Whether an anchor in an entry is used."""
    used = {alias.name for alias in document.aliases}
    return any(
        name in used and entry.span.start <= begin <= entry.span.end
        for begin, name, _ in document.anchors
    )


def _node(document: Document, path: KeyPath) -> Node | None:
    return document.node_at(path) if path else document.root


def _in_flow(owner: Mapping, at: int, gone: set[Span]) -> Span:
    """An entry between braces with the comma before it, or behind it where all before it go."""
    entry, entries = owner.entries[at], owner.entries
    if at and any(other.key.span not in gone for other in entries[:at]):
        return Span(entries[at - 1].span.end, entry.span.end)
    end = entries[at + 1].span.start if at + 1 < len(entries) else entry.span.end
    return Span(entry.span.start, end)


def _in_block(document: Document, owner: Mapping, at: int, gone: set[Span]) -> Span | None:
    """The lines of an entry; behind a dash, up to the next one that stays and takes its place."""
    entry, text = owner.entries[at], document.text
    lines = _lines(document, entry)
    if not text[lines.start : entry.key.span.start].strip():
        return lines
    for following in owner.entries[at + 1 :]:
        if text[lines.end : following.key.span.start].strip():
            return None
        if following.key.span not in gone:
            return Span(entry.key.span.start, following.key.span.start)
        lines = _lines(document, following)
    return None


def _lines(document: Document, entry: Entry) -> Span:
    """The whole lines of a block's entry, their last break included."""
    line = document.lines.position(entry.key.span.start)[0]
    end = _LINE.match(document.text, entry.span.end)
    return Span(document.lines.starts[line], end.end() if end else len(document.text))


def _block(document: Document, entry: Entry) -> Span | None:
    """The lines of an entry and the comments above it; None where they can't be moved."""
    text = document.text
    lines = _lines(document, entry)
    written = text[entry.span.start : entry.span.end]
    inside = range(entry.span.start, entry.span.end + 1)
    if text[lines.start : entry.key.span.start].strip() or _KEEPS_BREAKS.search(written):
        return None
    if any(begin in inside for begin, _, _ in document.anchors):
        return None
    if any(alias.span.start in inside for alias in document.aliases):
        return None
    start = lines.start
    first, column = document.lines.position(entry.key.span.start)
    for above in reversed(document.lines.starts[:first]):
        line = text[above:start]
        if not _COMMENT.fullmatch(line) or len(line) - len(line.lstrip()) != column:
            break
        start = above
    # Comments at the very beginning are about the file.
    return lines if start == 0 and lines.start else Span(start, lines.end)


def _end_of_section(document: Document, section: Entry) -> tuple[int, int] | None:
    """Where another entry of a section goes, and the column of its key; None: no place for one."""
    value = section.value
    if isinstance(value, Mapping) and not value.flow and value.entries:
        column = document.lines.position(value.entries[0].key.span.start)[1]
        return _lines(document, value.entries[-1]).end, column
    if isinstance(value, Scalar) and value.span.start == value.span.end and value.tag is None:
        column = document.lines.position(section.key.span.start)[1]
        return _lines(document, section).end, column + layout(document.text).unit
    return None


def _into_flow(
    document: Document, block: Span, entry: Entry, owner: Mapping, key: str
) -> tuple[Edit, ...] | None:
    """What moves an entry of one line, without a comment, in between the braces of a section."""
    text, value = document.text, entry.value
    written = text[value.span.start : value.span.end]
    alone = text[block.start : block.end].strip() == text[entry.span.start : entry.span.end]
    if not alone or not written or "\n" in written or text[owner.span.end - 1] != "}":
        return None
    if isinstance(value, Scalar):
        fits = value.style is not Style.PLAIN or not _FLOW_MARKS.search(written)
    else:
        fits = isinstance(value, (Mapping, Sequence)) and value.flow
    if not fits or owner.anchor or getattr(value, "tag", None):
        return None
    at = owner.entries[-1].span.end if owner.entries else owner.span.start + 1
    lead = ", " if owner.entries else ""
    return Edit(block, ""), Edit(Span(at, at), f"{lead}{key}: {written}")


def _put(text: str, block: Span, at: int, lines: str, newline: str) -> tuple[Edit, ...]:
    """The edits that take a block away and write lines elsewhere, be it behind the last one."""
    if at == block.start:
        return (Edit(block, lines),)
    if text[at - 1 : at] not in {"\n", "\r"}:
        lines = newline + lines.rstrip("\r\n")
    return Edit(block, ""), Edit(Span(at, at), lines)


def _indented(block: str, column: int, to: int, newline: str) -> str:
    """The lines of a block from one column at another, with a break at the end."""
    lines = "".join(_moved_lines(block, column, to))
    return lines if lines.endswith(("\n", "\r")) else lines + newline


def _moved_lines(block: str, column: int, to: int) -> Iterator[str]:
    for line in _LINE.findall(block):
        bare = line.lstrip(" ")
        blanks = len(line) - len(bare)
        empty = not line.strip()
        yield line if empty else " " * (max(0, blanks - column) + to) + bare
