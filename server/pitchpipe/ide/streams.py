"""Several documents in one text: only the first is a workflow, but the cursor may be in another."""

from __future__ import annotations

import re
from dataclasses import replace

from pitchpipe.ide.snapshot import Snapshot

_MARKER = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
_SAID = re.compile(r"^(?!%)[^\S\r\n]*[^\s#\ufeff]", re.MULTILINE)
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
    start = above[-1]
    alone = snapshot.with_text(_CHARACTER.sub(" ", text[:start]) + text[start:])
    return replace(snapshot, analysis=alone)
