"""What is trained: the modules that a choice reaches, and what one name in it does."""

from __future__ import annotations

from pitchpipe import amounts
from pitchpipe.costs.cost import Cost
from pitchpipe.ide.cards.tables import grid
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.modules import ModelShape

_MOST_ROWS = 16


def targets_card(snapshot: Snapshot) -> str:
    """Every group of modules that gets an adapter."""
    found = snapshot.world.cost(snapshot.context)
    if not isinstance(found, Cost) or found.targets is None:
        return ""
    targets = found.targets
    coverage = targets.coverage
    head = (
        f"**{targets.trainable:,}** parameters trained, "
        f"{_percent(targets.trainable, found.shape.numel)} of {found.shape.numel:,}; "
        f"{coverage.layers_reached} of {coverage.layers} layers reached"
    )
    rows = [
        (
            f"`{adapted.group.path.replace('{}', '*')}`",
            str(len(adapted.at)),
            adapted.role,
            " × ".join(map(str, adapted.features)),
            f"{adapted.parameters * len(adapted.at):,}",
        )
        for adapted in targets.modules
    ]
    more = len(rows) - _MOST_ROWS
    if more > 0:
        rows = [*rows[:_MOST_ROWS], (f"and {more} more", "", "", "", "")]
    header = ("module", "", "role", "in × out", "trained")
    return f"{head}\n\n{grid(header, rows, right=(1, 4))}"


def name_card(snapshot: Snapshot, name: str) -> str:
    """What one name of the list reaches."""
    found = snapshot.world.cost(snapshot.context)
    if not isinstance(found, Cost) or found.targets is None:
        return _of_shape(snapshot.context.shape(), name)
    entry = next((e for e in found.targets.entries if e.text == name), None)
    if entry is None:
        return ""
    if not entry.count:
        near = f" Did you mean `{entry.nearest}`?" if entry.nearest else ""
        return f"`{name}` matches no module of this model.{near}\n\n{_there(found.shape)}"
    rows = [
        (
            f"`{a.group.path.replace('{}', '*')}`",
            str(len(a.at)),
            a.role,
            f"{a.parameters * len(a.at):,}",
        )
        for a in found.targets.modules
        if a.group.leaf == name.rpartition(".")[2]
    ]
    matched = amounts.plural(entry.count, "module")
    table = grid(("module", "", "role", "trained"), rows, right=(1, 3)) if rows else ""
    return f"`{name}` matches **{matched}**\n\n{table}".rstrip()


def _of_shape(shape: ModelShape | None, name: str) -> str:
    """The modules of a name where nobody knows yet what a run would train."""
    leaf = name.rpartition(".")[2]
    rows = [
        (
            f"`{g.path.replace('{}', '*')}`",
            str(g.count),
            g.role,
            " × ".join(map(str, g.parameters[0].shape)) if g.parameters else "",
        )
        for g in (shape.groups if shape else ())
        if g.leaf == leaf
    ]
    return grid(("module", "", "role", "weight"), rows, right=(1,)) if rows else ""


def _there(shape: ModelShape) -> str:
    leaves = dict.fromkeys(
        g.leaf for g in shape.groups if g.kind in {"linear", "conv1d"} and "{}" in g.path
    )
    return "Its layers have " + ", ".join(f"`{leaf}`" for leaf in list(leaves)[:_MOST_ROWS]) + "."


def _percent(part: int, whole: int) -> str:
    share = 100 * part / max(whole, 1)
    return f"{share:.2f} %" if share < 10 else f"{share:.0f} %"
