"""From one training method to another, with the keys that belong to it."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe import edits, entries
from pitchpipe.analyse import Analysis
from pitchpipe.document import Document
from pitchpipe.findings import Edit
from pitchpipe.ide.changes import applied, changed_lines
from pitchpipe.ide.items import Action
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.ide.spelling import spelt
from pitchpipe.keypath import parse_dotted
from pitchpipe.syntax.nodes import Alias, Mapping

KEY = "method:"

_TYPE = ("method", "type")
_IDLE = "key-without-effect"


def methods(snapshot: Snapshot) -> Iterator[Action]:
    """The offer of every method but the one that is there."""
    snapshot = spelt(snapshot, () if snapshot.is_foreign else (_TYPE,))
    now = snapshot.context.effective(snapshot.analysis.workflow.method.type)
    node = snapshot.document.node_at(("method",))
    if (
        snapshot.is_foreign
        or snapshot.context.half_typed
        or not isinstance(now, str)
        or isinstance(node, Alias)
    ):
        return
    rule = snapshot.schema.at(_TYPE) or {}
    for method in rule.get("enum", ()):
        if method != now:
            yield Action(f"Switch to `{method}`", "refactor.rewrite", key=f"{KEY}{method}")


def switched(snapshot: Snapshot, method: str) -> tuple[Edit, ...]:
    """The edits that name another method and take away the keys that mean nothing with it.

    Keys that had no effect before stay: they are the user's to look at.
    """
    right = spelt(snapshot, (_TYPE,))
    named = edits.written(right.document, {_TYPE: method})
    if named is None:
        return ()
    text = applied(right.text, named)
    after = right.with_text(text)
    idle = _idle(after) - _idle(right.analysis)
    without = applied(text, _removed(after.document, idle))
    return tuple(changed_lines(snapshot.text, without))


def _idle(analysis: Analysis) -> set[str]:
    """The keys of the method that have no effect."""
    paths = (f.path for f in analysis.findings if f.code == _IDLE)
    return {path for path in paths if path.startswith("method.")}


def _removed(document: Document, paths: set[str]) -> tuple[Edit, ...]:
    """The edits that take entries of `method` away; those that an alias needs stay."""
    owner = document.node_at(("method",))
    if not isinstance(owner, Mapping):
        return ()
    found = [document.entry_at(parse_dotted(path)) for path in sorted(paths)]
    going = [e for e in owner.entries if e in found and not entries.is_named(document, e)]
    return entries.removed(document, owner, going) or ()
