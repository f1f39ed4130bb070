"""What mends findings: one at a time, or all at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pitchpipe import amounts
from pitchpipe.findings import Finding, Fix
from pitchpipe.ide import changes
from pitchpipe.ide.choices import choices
from pitchpipe.ide.items import Action
from pitchpipe.ide.mending import mended
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.span import Span

FIX_ALL = "source.fixAll.pitchpipe"

_MOST_ROUNDS = 30

_SAFE = frozenset({
    "yaml-syntax",
    "tab-indentation",
    "non-string-key",
    "unknown-key",
    "wrong-type",
    "invalid-value",
    "yaml11-float",
})
"""Codes whose fixes say what was meant, only rightly.

The others change what a run does (`does-not-fit`), or take a near name of something outside of the
file for the one that was meant (`data-file-not-found`); one looks at those before one takes them.
"""


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
    taken = list(_together(snapshot.findings))
    if not taken:
        return None
    edits = sorted((e for fix in taken for e in fix.edits), key=lambda edit: edit.span)
    title = f"Fix all: {amounts.plural(len(taken), 'safe change')}"
    return Action(title, FIX_ALL, tuple(edits))


def fix_until_done(snapshot: Snapshot) -> Action | None:
    """The same again and again: behind a key that was misspelt there may be a misspelt value."""
    first = fix_all(snapshot)
    if first is None or first.edits is None:
        return None
    text, edits, rounds = snapshot.text, first.edits, 1
    for _ in range(_MOST_ROUNDS):
        text = changes.applied(text, edits)
        found = snapshot.with_text(text)
        more = fix_all(replace(snapshot, analysis=found))
        if more is None or more.edits is None:
            break
        edits, rounds = more.edits, rounds + 1
    if rounds == 1:
        return first
    whole = tuple(changes.changed_lines(snapshot.text, text))
    return replace(first, title="Fix all that is safe", edits=whole)


def touch(one: Span, other: Span) -> bool:
    """Whether two spans share a place, be it an end."""
    return one.start <= other.end and other.start <= one.end


def _together(findings: Iterable[Finding]) -> Iterator[Fix]:
    """Safe fixes, earlier ones first, each only if all of its edits are free of those before it."""
    taken: list[Span] = []
    for finding in findings:
        fix = finding.fix
        if fix is None or finding.code not in _SAFE:
            continue
        spans = [edit.span for edit in fix.edits]
        if not any(_collide(span, other) for span in spans for other in taken):
            taken += spans
            yield fix


def _collide(one: Span, other: Span) -> bool:
    """Whether two edits overlap, or start at the same place, so that their order would matter."""
    return one.start == other.start or (one.start < other.end and other.start < one.end)
