"""The slot in a flow collection."""

from __future__ import annotations

from pitchpipe.document import Document
from pitchpipe.ide.slots.slot import Slot
from pitchpipe.ide.slots.words import KEY, PROPERTY, flow_end, in_comment, length, unquoted
from pitchpipe.keypath import KeyPath
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Mapping, Sequence


def in_flow(
    document: Document, node: Mapping | Sequence, path: KeyPath, offset: int
) -> Slot | None:
    """What could be written at `offset` in the innermost flow collection around it."""
    text = document.text
    begin, commas = _segment(text, node.span.start + 1, offset)
    segment = text[begin:offset]
    if in_comment(segment.rpartition("\n")[2]):
        return None
    lead = len(segment) - len(segment.lstrip())
    key = KEY.match(segment, lead)
    word = begin + (key.end() if key else lead)
    word += length(PROPERTY.match(text, word))
    if word > offset:
        return None
    end = max(flow_end(text, offset), offset)
    replace, insert = Span(word, end), Span(word, offset)
    column = document.lines.position(word)[1]
    inner = (*path, commas) if isinstance(node, Sequence) else path
    if key or isinstance(node, Sequence):
        there = (*inner, unquoted(key["key"])) if key else inner
        return Slot("value", there, replace, insert, text[word:offset], column, flow=True)
    taken = frozenset(e.key.raw for e in node.entries if not e.span.start <= word <= e.span.end)
    return Slot(
        "key",
        path,
        replace,
        insert,
        text[word:offset],
        column,
        taken,
        flow=True,
        colon=text[end:].lstrip(" \t")[:1] == ":",
    )


def _segment(text: str, start: int, offset: int) -> tuple[int, int]:
    """Where the part of a flow collection that holds `offset` begins, and how many come before."""
    begin, commas, depth, at = start, 0, 0, start
    while at < offset:
        char = text[at]
        if char in "'\"":
            close = text.find(char, at + 1)
            at = offset if close == -1 else close
        elif char in "[{":
            depth += 1
        elif char in "]}":
            depth -= 1
        elif char == "," and not depth:
            begin, commas = at + 1, commas + 1
        at += 1
    return begin, commas
