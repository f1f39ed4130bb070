"""What a selection grows by, step by step."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from pitchpipe.document import Document
from pitchpipe.ide.pieces import comments, content
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.ide.streams import of_cursor
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Entry, Mapping, Node, Scalar, Sequence, Style

_WORD = re.compile(r"\w+")
_LINE = re.compile(r"[^\r\n]*")


def ranges(snapshot: Snapshot, offset: int) -> tuple[Span, ...]:
    """The spans around `offset`, the smallest first; the last one is the whole text.

    Word, text without its quotes, scalar, entry, section, and so on.
    """
    document = of_cursor(snapshot, offset).document
    found = [Span(0, len(document.text)), *_around(document, offset)]
    found += _in_comment(document, offset)
    kept: list[Span] = []
    for span in found:
        inside = not kept or kept[-1].start <= span.start <= span.end <= kept[-1].end
        if inside and span.start <= offset <= span.end and span not in kept:
            kept.append(span)
    return tuple(reversed(kept))


def _around(document: Document, offset: int) -> Iterator[Span]:
    """From the root inwards."""
    node = document.root
    while node is not None and node.span.start <= offset <= node.span.end:
        yield node.span
        if isinstance(node, (Mapping, Sequence)):
            if document.text[node.span.start] in "[{":  # not so in `[a: b]`
                yield _within(node.span)
            part = _part(node, offset)
            if isinstance(part, Entry):
                yield part.span
                part = part.key if offset <= part.key.span.end else part.value
            node = part
        else:
            yield from _in_text(document.text, node, offset)
            return


def _part(node: Mapping | Sequence, offset: int) -> Entry | Node | None:
    parts = node.entries if isinstance(node, Mapping) else node.items
    at = bisect_right(parts, offset, key=lambda part: part.span.start) - 1
    return parts[at] if at >= 0 else None


def _in_text(text: str, node: Node, offset: int) -> Iterator[Span]:
    start, end = node.span
    if isinstance(node, Scalar):
        yield content(text, node)
    if isinstance(node, Scalar) and node.style in {Style.LITERAL, Style.FOLDED}:
        first = text.find("\n", start, end) + 1
        if 0 < first <= offset:
            yield Span(first, end)
    yield from _line_and_word(text, Span(start, end), offset)


def _within(span: Span) -> Span:
    """Without the marks at both ends, of which the last may not be there yet."""
    return Span(span.start + 1, max(span.start + 1, span.end - 1))


def _in_comment(document: Document, offset: int) -> Iterator[Span]:
    _, column = document.lines.position(offset)
    if "#" not in document.text[offset - column : offset + 1]:
        return
    for span in comments(document):
        if span.start <= offset <= span.end:
            yield span
            yield from _line_and_word(document.text, span, offset)
        if span.start > offset:
            return


def _line_and_word(text: str, within: Span, offset: int) -> Iterator[Span]:
    begin = max(within.start, text.rfind("\n", 0, offset) + 1)
    line = _LINE.match(text, begin, within.end)
    if line is None:
        return
    yield Span(begin + len(line.group()) - len(line.group().lstrip()), line.end())
    for word in _WORD.finditer(text, *line.span()):
        if word.start() <= offset <= word.end():
            yield Span(*word.span())
            return
