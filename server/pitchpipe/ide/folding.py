"""What can be folded away: sections, items, texts and brackets of several lines, comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pitchpipe.document import Document
from pitchpipe.ide.items import Folding
from pitchpipe.ide.pieces import comments
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.ide.streams import documents
from pitchpipe.syntax.nodes import Entry, Mapping, Node, Sequence

_RUN = re.compile(r"^([ \t]*)#[^\n]*\n\1#", re.MULTILINE)


def foldings(snapshot: Snapshot) -> list[Folding]:
    """Every stretch of two lines or more, the outer ones first; one for each first line."""
    document = snapshot.document
    found: dict[int, Folding] = {}
    stretches = [lines for one in documents(snapshot) for lines in _stretches(one)]
    for start, end in sorted(stretches, key=lambda lines: (lines[0], -lines[1])):
        found.setdefault(start, Folding(start, end))
    for start, end in _comment_runs(document):
        found.setdefault(start, Folding(start, end, "comment"))
    return sorted(found.values(), key=lambda folding: folding.start_line)


def _stretches(document: Document) -> Iterator[tuple[int, int]]:
    """First and last line of every entry, item and bracket that has several."""
    waiting: list[Node] = [document.root] if document.root is not None else []
    while waiting:
        node = waiting.pop()
        if not isinstance(node, (Mapping, Sequence)):
            continue
        if node.flow:
            yield from _several(document, node.span.start, node.span.end)
        for part in node.entries if isinstance(node, Mapping) else node.items:
            yield from _several(document, part.span.start, part.span.end)
            waiting.append(part.value if isinstance(part, Entry) else part)


def _several(document: Document, start: int, end: int) -> Iterator[tuple[int, int]]:
    if document.text.find("\n", start, end) == -1 and "\r" not in document.text[start:end]:
        return
    first, last = document.lines.position(start)[0], document.lines.position(end)[0]
    if last > first:
        yield first, last


def _comment_runs(document: Document) -> Iterator[tuple[int, int]]:
    """Comments on lines of their own that follow each other in the same column.

    Only where several lines look so the pieces of the text are asked which of them are comments.
    """
    if not _RUN.search(document.text):
        return
    run: tuple[int, int, int] | None = None  # first line, last line, column
    for span in comments(document):
        line, column = document.lines.position(span.start)
        if document.text[span.start - column : span.start].strip():
            continue
        if run and run[1:] == (line - 1, column):
            run = run[0], line, column
            continue
        if run and run[1] > run[0]:
            yield run[:2]
        run = line, line, column
    if run and run[1] > run[0]:
        yield run[:2]
