"""Keys that are there under a wrong name, so that nobody writes them a second time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pitchpipe import edits
from pitchpipe.checks.keys import meant
from pitchpipe.findings import Edit
from pitchpipe.ide.changes import applied, changed_lines
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.keypath import KeyPath
from pitchpipe.syntax import nodes


def misspelt(snapshot: Snapshot, path: KeyPath) -> nodes.Entry | None:
    """The entry that is meant to be the one at `path`; None where that is there, or nothing is."""
    document, parent = snapshot.document, path[:-1]
    owner = document.node_at(parent) if parent else document.root
    if not isinstance(owner, nodes.Mapping) or document.entry_at(path) is not None:
        return None
    known = snapshot.schema.keys(parent)
    strange = (entry for entry in owner.entries if entry.key.raw not in known)
    return next(
        (e for e in strange if meant(snapshot.context, parent, e.key.raw) == path[-1]), None
    )


def spelt(snapshot: Snapshot, paths: Iterable[KeyPath]) -> Snapshot:
    """The snapshot with the keys on these paths rightly named; the same one where they are."""
    for path in paths:
        for end in range(1, len(path) + 1):
            if entry := misspelt(snapshot, path[:end]):
                text = applied(snapshot.text, (Edit(entry.key.span, str(path[end - 1])),))
                snapshot = replace(snapshot, analysis=snapshot.with_text(text))
    return snapshot


def written(snapshot: Snapshot, values: Mapping[KeyPath, object]) -> tuple[Edit, ...]:
    """What gives the keys these values, whatever they are called now; none where it can't be.

    `values` are the workflow's.
    """
    if snapshot.is_foreign:
        return edits.in_own_words(snapshot.reading, values) or ()
    right = spelt(snapshot, values)
    found = edits.written(right.document, values) or ()
    if right is snapshot or not found:
        return found
    return tuple(changed_lines(snapshot.text, applied(right.text, found)))
