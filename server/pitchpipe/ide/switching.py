"""From one training method to another, with the keys that belong to it."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe import edits
from pitchpipe.analyse import Analysis
from pitchpipe.document import Document
from pitchpipe.findings import Edit
from pitchpipe.ide.changes import applied, changed_lines
from pitchpipe.ide.items import Action
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.keypath import parse_dotted
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Alias, Entry, Mapping

KEY = "method:"

_TYPE = ("method", "type")
_IDLE = "key-without-effect"


def methods(snapshot: Snapshot) -> Iterator[Action]:
    """The offer of every method but the one that is there."""
    now = snapshot.context.effective(snapshot.analysis.workflow.method.type)
    node = snapshot.document.node_at(("method",))
    if snapshot.context.half_typed or not isinstance(now, str) or isinstance(node, Alias):
        return
    rule = snapshot.schema.at(_TYPE) or {}
    for method in rule.get("enum", ()):
        if method != now:
            yield Action(f"Switch to `{method}`", "refactor.rewrite", key=f"{KEY}{method}")


def switched(snapshot: Snapshot, method: str) -> tuple[Edit, ...]:
    """The edits that name another method and take away the keys that mean nothing with it.

    Keys that had no effect before stay: they are the user's to look at.
    """
    named = edits.written(snapshot.document, {_TYPE: method})
    if named is None:
        return ()
    text = applied(snapshot.text, named)
    after = snapshot.with_text(text)
    idle = _idle(after) - _idle(snapshot.analysis)
    without = applied(text, _removed(after.document, idle))
    return tuple(changed_lines(snapshot.text, without))


def _idle(analysis: Analysis) -> set[str]:
    """The keys of the method that have no effect."""
    paths = (f.path for f in analysis.findings if f.code == _IDLE)
    return {path for path in paths if path.startswith("method.")}


def _removed(document: Document, paths: set[str]) -> Iterator[Edit]:
    """The edits that take entries of `method` away; those that an alias needs stay."""
    owner = document.node_at(("method",))
    if not isinstance(owner, Mapping):
        return
    entries = [document.entry_at(parse_dotted(path)) for path in sorted(paths)]
    going = [e for e in owner.entries if e in entries and not _is_named(document, e)]
    if not owner.flow:
        yield from (Edit(_lines(document.text, entry), "") for entry in going)
        return
    for entry in going:
        at = owner.entries.index(entry)
        if all(other in going for other in owner.entries[:at]):
            behind = owner.entries[at + 1 : at + 2]
            end = behind[0].span.start if behind else entry.span.end
            yield Edit(Span(entry.span.start, end), "")
        else:
            yield Edit(Span(owner.entries[at - 1].span.end, entry.span.end), "")


def _is_named(document: Document, entry: Entry) -> bool:
    """Whether an anchor in an entry is used."""
    used = {alias.name for alias in document.aliases}
    return any(
        name in used and entry.span.start <= begin <= entry.span.end
        for begin, name, _ in document.anchors
    )


def _lines(text: str, entry: Entry) -> Span:
    """The whole lines of a block's entry, up to the next one's."""
    start = text.rfind("\n", 0, entry.span.start) + 1
    end = text.find("\n", entry.span.end)
    return Span(start, len(text) if end == -1 else end + 1)
