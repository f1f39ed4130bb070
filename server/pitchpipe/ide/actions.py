"""What one could change about a stretch of the file."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe.findings import Edit
from pitchpipe.ide import converting, fit, fixes, ignoring, sections, switching
from pitchpipe.ide.items import Action
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.ide.spelling import misspelt
from pitchpipe.keypath import KeyPath
from pitchpipe.span import Span

_FITTING = frozenset({"model", "method", "training", "compute"})
_DOES_NOT_FIT = "does-not-fit"
_FEW_FIXES = 1


def actions(snapshot: Snapshot, span: Span, kinds: frozenset[str] = frozenset()) -> list[Action]:
    """What is on offer at `span`. Edits that are not there are found by `resolve`.

    `kinds` are those wanted, in LSP's words (`refactor` is also `refactor.rewrite`); none: all.
    """
    here = [f for f in snapshot.findings if fixes.touch(f.span, span)]
    found = (
        *fixes.quick(snapshot, span),
        *_whole(snapshot, kinds),
        *_changes(snapshot, span),
        *ignoring.ignored(snapshot, here),
    )
    return [action for action in found if _wanted(action.kind, kinds)]


def resolve(snapshot: Snapshot, key: str) -> tuple[Edit, ...]:
    """The edits of the action with that `key`; none where it has become pointless."""
    if snapshot.context.half_typed:
        return ()
    if key == converting.KEY:
        return converting.converted(snapshot)
    if key == fit.KEY:
        return fit.resolved(snapshot)
    if key == sections.SPLIT:
        return sections.split(snapshot)
    if key.startswith(sections.KEY):
        return sections.added(snapshot, key.removeprefix(sections.KEY))
    if key.startswith(switching.KEY):
        return switching.switched(snapshot, key.removeprefix(switching.KEY))
    return ()


def _wanted(kind: str, kinds: frozenset[str]) -> bool:
    return not kinds or any(kind == k or kind.startswith(f"{k}.") or not k for k in kinds)


def _whole(snapshot: Snapshot, kinds: frozenset[str]) -> Iterator[Action]:
    """Of the whole file: unasked only where there are several things to mend."""
    asked = any(k and _wanted(fixes.FIX_ALL, frozenset({k})) for k in kinds)
    action = fixes.fix_until_done(snapshot) if asked else fixes.fix_all(snapshot)
    if action and (asked or _several(snapshot)):
        yield action


def _several(snapshot: Snapshot) -> bool:
    return sum(finding.fix is not None for finding in snapshot.findings) > _FEW_FIXES


def _changes(snapshot: Snapshot, span: Span) -> Iterator[Action]:
    """What is about the section at the beginning of `span`."""
    path = snapshot.document.path_at(span.start)
    meant = snapshot.reading.native(path) if path else ()
    section = meant[0] if meant else None
    if section == "method" or _could_name_method(snapshot, path):
        yield from switching.methods(snapshot)
    if section in _FITTING and not _fix_is_there(snapshot, span):
        action = fit.fitting(snapshot)
        if action:
            yield action
    if section == "data":
        action = sections.evaluation_split(snapshot)
        if action:
            yield action
    if len(path) <= 1:
        yield from sections.missing(snapshot)
    if action := converting.conversion(snapshot):
        yield action


def _could_name_method(snapshot: Snapshot, path: KeyPath) -> bool:
    """Whether one is between the sections of a file that names no method."""
    named = snapshot.document.entry_at(("method",)) or misspelt(snapshot, ("method",))
    return not path and named is None


def _fix_is_there(snapshot: Snapshot, span: Span) -> bool:
    """Whether a finding offers there already to make the run fit, or says that nothing would."""
    return any(
        f.code == _DOES_NOT_FIT and (f.fix is None or fixes.touch(f.span, span))
        for f in snapshot.findings
    )
