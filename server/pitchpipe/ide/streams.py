"""Several documents in one text: only the first is a workflow, but the cursor may be in another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from pitchpipe.document import Document, parse
from pitchpipe.ide.snapshot import Snapshot

_MARKER = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
_SAID = re.compile(r"^(?!%)[^\S\r\n]*[^\s#\ufeff]", re.MULTILINE)
_MOST = 50
_CHARACTER = re.compile(r"[^\r\n]")


def of_cursor(snapshot: Snapshot, offset: int) -> Snapshot:
    """The snapshot as it would be if the document at `offset` were the only one of the text.

    Offsets are the same: what stands above the document is blanked.
    """
    if snapshot.document.alone:
        return snapshot
    text = snapshot.text
    above = [m.start() for m in _MARKER.finditer(text) if m.end() <= offset]
    if not above or not _SAID.search(text[: above[-1]]):
        return snapshot
    return replace(snapshot, analysis=snapshot.with_text(_from(text, above[-1])))


def documents(snapshot: Snapshot) -> Iterator[Document]:
    """Every document of the text, with places in the whole of it; the first few of very many."""
    yield snapshot.document
    for start in further(snapshot):
        yield parse(_from(snapshot.text, start))


def further(snapshot: Snapshot) -> Iterator[int]:
    """Where every document behind the first begins, at its marker; of very many the first few."""
    if snapshot.document.alone:
        return
    text, end = snapshot.text, snapshot.document.parts.region.end
    markers = (m.start() for m in _MARKER.finditer(text, end) if m.group() == "---")
    yield from islice(markers, _MOST)


def _from(text: str, start: int) -> str:
    """The text with what is before `start` blanked."""
    return _CHARACTER.sub(" ", text[:start]) + text[start:]
