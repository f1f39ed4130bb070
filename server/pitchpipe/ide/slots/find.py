"""Finds the slot at a cursor.

In flow style, quotes and block scalars the tree says where the cursor is. On a line of a block the
columns do: what is there to be written has often no node yet, or the wrong one.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace

from pitchpipe.document import Document
from pitchpipe.ide.slots import blocks
from pitchpipe.ide.slots.flow import in_flow
from pitchpipe.ide.slots.slot import Slot
from pitchpipe.ide.slots.texts import BLOCK, block_text
from pitchpipe.ide.slots.words import in_comment
from pitchpipe.keypath import KeyPath
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Entry, Mapping, Node, Scalar, Sequence, Style


def slot_at(document: Document, offset: int) -> Slot | None:
    """What could be written at `offset`; None in comments and where nothing fits."""
    _, column = document.lines.position(offset)
    before = document.text[offset - column : offset]
    if inside := _in_node(document, offset):
        return inside
    if in_comment(before):
        return None
    found = blocks.slot(document, offset, offset - column, before)
    slot = found and _inside_quotes(document, found)
    # Behind the closing quote of a key that has its colon nothing can be written.
    return slot if slot and slot.replace.start <= offset <= slot.replace.end else None


def _in_node(document: Document, offset: int) -> Slot | None:
    """The slot in a quoted or block scalar, or in a flow collection."""
    node, path = document.root, ()
    found: tuple[Mapping | Sequence, KeyPath] | None = None
    is_key = False
    while node is not None:
        if isinstance(node, Scalar):
            if _holds(document, node, offset):
                slot = _in_scalar(document, node, path, offset)
                return _key(document, slot, found) if is_key else slot
            break
        if not isinstance(node, (Mapping, Sequence)):
            break
        if node.flow and _holds(document, node, offset):
            found = node, path
        before = node
        node, path = _inner(node, path, offset)
        is_key = isinstance(before, Mapping) and any(e.key is node for e in before.entries)
    return found and in_flow(document, *found, offset)


def _inner(node: Mapping | Sequence, path: KeyPath, offset: int) -> tuple[Node | None, KeyPath]:
    """The child that begins last before `offset`."""
    parts = node.entries if isinstance(node, Mapping) else node.items
    at = bisect_right(parts, offset, key=lambda part: part.span.start) - 1
    if at < 0:
        return None, path
    part = parts[at]
    if isinstance(part, Entry):
        return part.key if offset <= part.key.span.end else part.value, (*path, part.key.raw)
    return part, (*path, at)


def _inside_quotes(document: Document, slot: Slot) -> Slot:
    """The slot of a key that begins with a quote, of which the tree has made nothing yet."""
    mark, (start, end) = slot.written[:1], slot.replace
    if slot.kind != "key" or mark not in {"'", '"'}:
        return slot
    closed = end - start > 1 and document.text[end - 1] == mark
    whole = Span(start + 1, end - (closed and slot.colon))
    insert = whole if closed and not slot.colon else Span(start + 1, slot.insert.end)
    return replace(slot, replace=whole, insert=insert, written=slot.written[1:], quote=mark)


def quoted_key(document: Document, slot: Slot) -> Slot:
    """The slot of a key in quotes that stands where a section's value is expected.

    Behind another key on the same line there can't be one.
    """
    start = slot.replace.start
    _, column = document.lines.position(start)
    before = document.text[start - column : start - 1]
    if not slot.quote or before.strip(" -"):
        return slot
    return _key(document, replace(slot, path=(*slot.path, "")), None)


def _key(document: Document, slot: Slot, flow: tuple[Mapping | Sequence, KeyPath] | None) -> Slot:
    """The slot of a key of which `slot` is the text in quotes, the closing one included."""
    path, text, end = slot.path[:-1], document.text, slot.replace.end
    closed = text[end : end + 1] == slot.quote
    colon = text[end + closed :].lstrip(" \t")[:1] == ":"
    owner = document.node_at(path) if path else document.root
    entries = owner.entries if isinstance(owner, Mapping) else ()
    taken = (e.key.raw for e in entries if not e.span.start < slot.replace.start <= e.span.end)
    whole = slot.replace if colon or not closed else Span(slot.replace.start, end + 1)
    return replace(
        slot,
        kind="key",
        path=path,
        replace=whole,
        insert=slot.insert if whole is slot.replace else whole,
        taken=frozenset(taken),
        flow=flow is not None,
        colon=colon,
    )


def _holds(document: Document, node: Scalar | Mapping | Sequence, offset: int) -> bool:
    """Whether `offset` is inside `node`, which may lack its closing mark."""
    text, (start, end) = document.text, node.span
    if not start < offset:
        return False
    if isinstance(node, Scalar):
        if node.style is Style.PLAIN:
            return False
        if node.style in BLOCK:
            first = text.find("\n", start)
            return first != -1 and first < offset <= end
        closed = end - start > 1 and text[end - 1] == text[start]
        return offset < end if closed else offset <= end and "\n" not in text[start:offset]
    mark = "}" if isinstance(node, Mapping) else "]"
    closed = text[end - 1] == mark and end - start > 1
    return offset < end if closed else offset <= end or not text[end:offset].strip()


def _in_scalar(document: Document, node: Scalar, path: KeyPath, offset: int) -> Slot:
    text, (start, end) = document.text, node.span
    column = document.lines.position(start)[1]
    if node.style in BLOCK:
        return block_text(document, path, Span(text.index("\n", start) + 1, end), offset)
    mark = text[start]
    last = end - 1 if end - start > 1 and text[end - 1] == mark else end
    replace, insert = Span(start + 1, last), Span(start + 1, offset)
    return Slot("text", path, replace, insert, text[start + 1 : offset], column, quote=mark)
