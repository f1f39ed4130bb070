"""From a snapshot to the edits that format it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from pitchpipe.context import half_typed
from pitchpipe.document import Document, parse
from pitchpipe.findings import Edit
from pitchpipe.ide import streams
from pitchpipe.ide.changes import applied, changed_lines
from pitchpipe.ide.formatting.columns import NotUnderstood
from pitchpipe.ide.formatting.lines import formatted
from pitchpipe.ide.pieces import pieces
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Entry, Mapping, Node, Scalar, Sequence

_INDENTS = range(2, 9)
# What ends a line for some readers of YAML and not for others.
_ODD_BREAKS = re.compile("\r(?!\n)|[\x0b\x0c\x85\u2028\u2029]")


def format(snapshot: Snapshot, span: Span | None = None, tab_size: int = 2) -> list[Edit]:
    """The edits that format the text, or the sections that `span` touches.

    `tab_size` is what a level is indented by, in columns, 2 to 8. Each document of a text is
    formatted for itself. There are no edits for one that can't be read whole, and none where the
    result would say anything else.
    """
    if _ODD_BREAKS.search(snapshot.text) or "\ufeff" in snapshot.text[1:]:
        return []
    unit = min(max(tab_size, _INDENTS[0]), _INDENTS[-1])
    found: list[Edit] = []
    for start, document in _alone(snapshot):
        wanted = span and Span(max(span.start - start, 0), span.end - start)
        if wanted is None or (wanted.start <= len(document.text) and wanted.end >= 0):
            edits = _of_one(document, wanted, unit)
            found += (Edit(edit.span.shifted(start), edit.new_text) for edit in edits)
    return found


def _alone(snapshot: Snapshot) -> Iterator[tuple[int, Document]]:
    """Where each document begins, and the document as if it were the only one of a text."""
    starts = [0, *streams.further(snapshot)]
    if len(starts) == 1:
        yield 0, snapshot.document
        return
    for start, end in pairwise([*starts, len(snapshot.text)]):
        yield start, parse(snapshot.text[start:end])


def _of_one(document: Document, span: Span | None, unit: int) -> list[Edit]:
    if half_typed(document):
        return []
    try:
        text = formatted(document, unit)
    except NotUnderstood:
        return []
    edits = list(changed_lines(document.text, text))
    if span is not None:
        wanted = _whole_sections(document, span)
        edits = [e for e in edits if e.span.start <= wanted.end and wanted.start <= e.span.end]
    return edits if edits and _says_the_same(document, applied(document.text, edits)) else []


def _whole_sections(document: Document, span: Span) -> Span:
    """From the first to the last entry of the root that a span touches.

    Only these can be formatted by themselves: what is in them hangs on their first line.
    """
    root = document.root
    if not isinstance(root, (Mapping, Sequence)) or root.flow:
        return Span(0, len(document.text))
    parts = root.entries if isinstance(root, Mapping) else root.items
    if document.lines.position(root.span.start)[1] != 0:
        return Span(0, len(document.text))
    touched = [p.span for p in parts if p.span.start <= span.end and span.start <= p.span.end]
    if not touched:
        return span
    return Span(min(span.start, touched[0].start), max(span.end, touched[-1].end))


def _says_the_same(old: Document, text: str) -> bool:
    """Whether a text has the values, styles, anchors, tags and comments of a document.

    Its `data` are then the same too, for they follow from these.
    """
    new = parse(text, old)
    return (
        len(old.problems) == len(new.problems)
        and _told(old.root) == _told(new.root)
        and _marks(old) == _marks(new)
    )


def _marks(document: Document) -> list[tuple[str, str]]:
    text = document.text
    return [
        (piece.kind, text[slice(*piece.span)].rstrip())
        for piece in pieces(document)
        if piece.kind in {"comment", "anchor", "tag"}
    ]


def _told(root: Node | None) -> list[object]:
    """All that a tree says but for the places, in order."""
    found: list[object] = []
    waiting: list[Node | Entry] = [root] if root is not None else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, Entry):
            found.append(("entry", node.colon))
            waiting += (node.value, node.key)
        elif isinstance(node, Mapping):
            found.append(("mapping", node.flow, node.tag, node.anchor, len(node.entries)))
            waiting += reversed(node.entries)
        elif isinstance(node, Sequence):
            found.append(("list", node.flow, node.tag, node.anchor, len(node.items)))
            waiting += reversed(node.items)
        elif isinstance(node, Scalar):
            found.append((node.raw, repr(node.value), node.style, node.tag, node.anchor))
        else:
            found.append(getattr(node, "name", None) or getattr(node, "raw", None))
    return found
