"""What mends findings: one at a time, or all at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pitchpipe import amounts, fixing
from pitchpipe.ide import changes
from pitchpipe.ide.choices import choices
from pitchpipe.ide.items import Action
from pitchpipe.ide.mending import mended
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.span import Span

FIX_ALL = "source.fixAll.pitchpipe"


def quick(snapshot: Snapshot, span: Span) -> Iterator[Action]:
    """The fix of every finding that touches `span`; preferred where it is the only one there.

    Then what there is to choose from where a finding has no fix of its own.
    """
    here = [(f, f.fix) for f in snapshot.findings if f.fix and touch(f.span, span)]
    for finding, fix in here:
        rivals = (f for f, other in here if other.edits != fix.edits)
        only = not any(touch(finding.span, rival.span) for rival in rivals)
        yield Action(
            fix.title, "quickfix", fix.edits, code=finding.code, at=finding.span, preferred=only
        )
    for finding in snapshot.findings:
        if not finding.fix and touch(finding.span, span):
            yield from choices(snapshot, finding)
            yield from mended(snapshot, finding)


def fix_all(snapshot: Snapshot) -> Action | None:
    """All safe fixes that don't get in each other's way; None where there is none."""
    taken = list(fixing.together(snapshot.findings))
    if not taken:
        return None
    title = f"Fix all: {amounts.plural(len(taken), 'safe change')}"
    return Action(title, FIX_ALL, fixing.edits_of(taken))


def fix_until_done(snapshot: Snapshot) -> Action | None:
    """The same again and again: behind a key that was misspelt there may be a misspelt value."""
    first = fix_all(snapshot)
    if first is None:
        return None
    mended = fixing.until_done(snapshot.analysis, snapshot.with_text)
    if mended.rounds == 1:
        return first
    whole = tuple(changes.changed_lines(snapshot.text, mended.text))
    return replace(first, title="Fix all that is safe", edits=whole)


def touch(one: Span, other: Span) -> bool:
    """Whether two spans share a place, be it an end."""
    return one.start <= other.end and other.start <= one.end
