"""The tolerant reader: a tree for text that isn't YAML."""

from __future__ import annotations

from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Broken, Entry, Mapping, Node, Scalar, Sequence
from pitchpipe.syntax.reading import Kind, LooseReading, Reading


def read(
    text: str, base: int = 0, kind: Kind = Kind.ANY, column: int = 0, above: int = 0
) -> LooseReading:
    """The text as one broken piece, under the key that its first line begins with."""
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    span = Span(base + start, base + max(start, end))
    key, colon, _ = text[start:end].partition(":")
    word = Scalar(Span(span.start, span.start + len(key.strip())), key.strip(), key.strip())
    behind = Span(min(word.span.end + len(colon), span.end), span.end)
    broken = Broken(span, text[start:end])
    node: Node = broken
    if kind is Kind.MAPPING:
        value = Broken(behind, text[behind.start - base : end])
        node = Mapping(span, (Entry(span, word, value, bool(colon)),))
    elif kind is Kind.SEQUENCE:
        node = Sequence(span, (broken,))
    return LooseReading(Reading(node))


def closed_at(text: str, open_at: int, end: int) -> int | None:
    """Where the quote or bracket that begins at `open_at` is closed."""
    return None
