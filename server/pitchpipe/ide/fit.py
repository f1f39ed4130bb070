"""Changes of a workflow with which its run fits the device that it is meant for."""

from __future__ import annotations

from pitchpipe.costs.cost import Cost
from pitchpipe.findings import Edit
from pitchpipe.ide import spelling
from pitchpipe.ide.items import Action
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.keypath import parse_dotted

KEY = "fit"


def fitting(snapshot: Snapshot) -> Action | None:
    """The offer to make the run fit; None where it does, or where nobody knows.

    What is to be changed takes many estimates and is worked out when it is wanted.
    """
    cost = _too_much(snapshot)
    if cost is None or (snapshot.is_foreign and not resolved(snapshot)):
        return None
    return Action(f"Make it fit {cost.machine.name}", "refactor.rewrite", key=KEY)


def resolved(snapshot: Snapshot) -> tuple[Edit, ...]:
    """The edits that write the keys; none where no change of the file would do."""
    cost = _too_much(snapshot)
    if cost is None or cost.machine.memory is None:
        return ()
    # Loads all of the estimate's alternatives, which nothing else here needs.
    from pitchpipe.costs.changing import to_fit  # noqa: PLC0415

    found = to_fit(cost, snapshot.workflow_schema, cost.machine.memory)
    if found is None:
        return ()
    keys = {parse_dotted(key): value for key, value in found.keys.items()}
    return spelling.written(snapshot, keys)


def _too_much(snapshot: Snapshot) -> Cost | None:
    """The cost of a run that likely needs more than its device has."""
    if snapshot.context.half_typed:
        return None
    cost = snapshot.world.cost(snapshot.context)
    if not isinstance(cost, Cost) or cost.machine.memory is None:
        return None
    return cost if cost.estimate.total.likely > cost.machine.memory else None
