"""What mends findings that have several ways out, or one that takes something away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from pitchpipe import entries
from pitchpipe.document import Document
from pitchpipe.findings import Edit, Finding
from pitchpipe.ide.items import Action
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Entry, Mapping, Node, Sequence

_Offer: TypeAlias = "tuple[str, tuple[Edit, ...] | None, bool]"
"""Title, edits if there are any, whether nobody would want otherwise."""


def choices(snapshot: Snapshot, finding: Finding) -> Iterator[Action]:
    """The ways out of a finding, each an action of its own."""
    offers = _OFFERS.get(finding.code)
    owner = offers and _owner(snapshot.document.root, finding.span)
    if offers is None or owner is None:
        return
    for title, edits, sure in offers(snapshot.document, owner, finding):
        if edits:
            yield Action(
                title, "quickfix", edits, code=finding.code, at=finding.span, preferred=sure
            )


def _duplicate(document: Document, owner: Mapping, finding: Finding) -> Iterator[_Offer]:
    """Keep the first, keep the last, or put sections together."""
    this = _entry(owner, finding.span)
    same = [e for e in owner.entries if this and e.key.raw == this.key.raw and e.colon]
    if this is None or len(same) < 2:
        return
    first, last, name = same[0], same[-1], this.key.raw
    text = document.text
    if len({text[e.value.span.start : e.value.span.end] for e in same}) == 1:
        yield f"Remove the second `{name}`", entries.removed(document, owner, same[1:]), True
        return
    yield f"Put both `{name}` together", entries.together(document, first, last), True
    yield (
        f"Keep the last `{name}`, which counts",
        entries.removed(document, owner, same[:-1]),
        False,
    )
    yield f"Keep the first `{name}`", entries.removed(document, owner, same[1:]), False


def _ambiguous(document: Document, owner: Mapping, finding: Finding) -> Iterator[_Offer]:
    """A file, or a data set of the hub."""
    for names in (("path",), ("dataset_name", "dataset_config")):
        going = [entry for entry in owner.entries if entry.key.raw in names]
        yield f"Remove `{names[0]}`", entries.removed(document, owner, going), False


def _idle(document: Document, owner: Mapping, finding: Finding) -> Iterator[_Offer]:
    """Without the key that says nothing; the other one may be what is to be changed."""
    if (this := _entry(owner, finding.span)) is not None:
        edits = entries.removed(document, owner, [this])
        yield f"Remove `{this.key.raw}`", edits, False


_OFFERS: dict[str, Callable[[Document, Mapping, Finding], Iterator[_Offer]]] = {
    "duplicate-key": _duplicate,
    "data-source-ambiguous": _ambiguous,
    "key-without-effect": _idle,
}


HAVE_CHOICES = frozenset(_OFFERS)
"""The codes of findings with several ways out."""


def _entry(owner: Mapping, key: Span) -> Entry | None:
    return next((entry for entry in owner.entries if entry.key.span == key), None)


def _owner(root: Node | None, key: Span) -> Mapping | None:
    """The mapping that has a key at a place."""
    node = root
    while isinstance(node, (Mapping, Sequence)):
        if isinstance(node, Mapping):
            if _entry(node, key) is not None:
                return node
            parts: tuple[Node, ...] = tuple(entry.value for entry in node.entries)
        else:
            parts = node.items
        node = next((p for p in parts if p.span.start <= key.start < p.span.end), None)
    return None
