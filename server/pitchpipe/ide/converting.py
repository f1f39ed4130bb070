"""Another tool's file rewritten as a workflow of our own."""

from __future__ import annotations

from pitchpipe.findings import Edit
from pitchpipe.ide.items import Action
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.span import Span

KEY = "convert"


def conversion(snapshot: Snapshot) -> Action | None:
    """The offer; None where the file is ours already, or nobody knows what it means."""
    if not snapshot.is_foreign or snapshot.context.half_typed or snapshot.analysis.has_errors:
        return None
    return Action("Rewrite as a Pitchpipe workflow", "refactor.rewrite", key=KEY)


def converted(snapshot: Snapshot) -> tuple[Edit, ...]:
    """The edit that replaces the whole text; what is not carried over stands in comments."""
    if conversion(snapshot) is None:
        return ()
    from pitchpipe.converting import convert  # noqa: PLC0415  # nothing else here needs it

    found = convert(snapshot.analysis, "native")
    lost = "".join(f"# Not carried over: {loss.key}: {loss.reason}\n" for loss in found.losses)
    return (Edit(Span(0, len(snapshot.text)), found.text + (f"\n{lost}" if lost else "")),)
