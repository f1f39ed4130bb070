"""The slot in a flow collection."""

from __future__ import annotations

import re

from pitchpipe.document import Document
from pitchpipe.ide.slots.slot import Slot
from pitchpipe.ide.slots.words import (
    KEY,
    PROPERTY,
    flow_end,
    in_comment,
    length,
    line_end,
    unquoted,
)
from pitchpipe.keypath import KeyPath
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Mapping, Sequence

_BEFORE = re.compile(r"(?:\s+|#[^\r\n]*)*")
_BEFORE_COMMENT = " \t\r\n,[{"


def in_flow(
    document: Document, node: Mapping | Sequence, path: KeyPath, offset: int
) -> Slot | None:
    """What could be written at `offset` in the innermost flow collection around it."""
    text = document.text
    begin, commas = _segment(text, node.span.start + 1, offset)
    segment = text[begin:offset]
    if in_comment(segment.rpartition("\n")[2]):
        return None
    lead = length(_BEFORE.match(segment))
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
        gap = key is not None and text[word - 1] == ":"
        return Slot("value", there, replace, insert, text[word:offset], column, flow=True, gap=gap)
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
        elif char == "#" and text[at - 1] in _BEFORE_COMMENT:
            at = line_end(text, at)
        elif char in "[{":
            depth += 1
        elif char in "]}":
            depth -= 1
        elif char == "," and not depth:
            begin, commas = at + 1, commas + 1
        at += 1
    return begin, commas
