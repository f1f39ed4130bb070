"""What a run takes: memory by parts, methods beside each other, steps and time."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe import amounts
from pitchpipe.costs.changing import best_savings
from pitchpipe.costs.cost import Cost
from pitchpipe.costs.wording import counted, span
from pitchpipe.estimate.choices import compare
from pitchpipe.facts import NotRead
from pitchpipe.ide.cards.tables import grid, pairs
from pitchpipe.ide.snapshot import Snapshot

_LEAST = 0.01  # of the peak: smaller parts are summed up
_METHODS = ("full", "lora", "dora", "qlora")
WAITING = "_what the run takes is being worked out …_"


def memory(snapshot: Snapshot) -> str:
    """The peak and its parts, whether it fits, the methods compared and what would save most."""
    found = snapshot.world.cost(snapshot.context)
    if not isinstance(found, Cost):
        return _unknown(found)
    peak = found.estimate.peak
    where = f" in `{peak.where.strip(':').replace(':', '` · `')}`" if peak.where.strip(":") else ""
    parts = [
        f"**{span(found.estimate.total)}** on {found.machine.name}{_verdict(found)}",
        f"The peak, {peak.moment}{where}:",
        grid(("tensors", "size", ""), _parts(found), right=(1, 2)),
    ]
    methods = compare(found.shape, found.step, found.basis.records, found.basis.calibration)
    rows = [
        (f"`{name}`", f"{cost.trainable:,}", amounts.size(cost.total.likely))
        for name, cost in methods.items()
        if name in _METHODS
    ]
    parts.append(grid(("method", "trained", "needs"), rows, right=(1, 2)))
    if savings := best_savings(found, snapshot.workflow_schema):
        saved = [(f"`{s.change.text}`", amounts.size(s.bytes), s.change.cost) for s in savings]
        parts.append(grid(("change", "saves", "costs"), saved, right=(1,)))
    parts += [f"Not known: {reason}." for reason in dict.fromkeys(found.estimate.total.reasons)]
    return "\n\n".join(parts)


def methods(snapshot: Snapshot) -> str:
    """Every method on the same rows: what it trains and needs."""
    found = snapshot.world.cost(snapshot.context)
    if not isinstance(found, Cost):
        return _unknown(found)
    methods = compare(found.shape, found.step, found.basis.records, found.basis.calibration)
    rows = [
        (
            f"`{name}`",
            f"{cost.trainable:,}",
            amounts.size(cost.allocated.likely),
            span(cost.total),
        )
        for name, cost in methods.items()
    ]
    table = grid(("method", "trained", "tensors", "needs"), rows, right=(1, 2))
    return f"On {found.machine.name}:\n\n{table}"


def work(snapshot: Snapshot) -> str:
    """Effective batch, steps, tokens and time of the whole training."""
    found = snapshot.world.cost(snapshot.context)
    if not isinstance(found, Cost):
        return _unknown(found)
    return pairs(_work(found))


def _work(found: Cost) -> Iterator[tuple[str, str]]:
    amount = found.work
    yield "effective batch", amounts.plural(amount.effective_batch, "sequence")
    if amount.steps is None:
        yield "steps", f"not known: {found.data.detail}"
    else:
        yield "steps", counted(amount.steps)
    if amount.steps_per_epoch is not None:
        yield "steps an epoch", counted(amount.steps_per_epoch)
    if amount.tokens is not None:
        yield "tokens", counted(amount.tokens)
    if found.time is not None:
        low, high = found.time.seconds.low, found.time.seconds.high
        yield "time", f"{amounts.seconds(low)} to {amounts.seconds(high)} on {found.machine.name}"


def _parts(found: Cost) -> Iterator[tuple[str, str, str]]:
    peak = found.estimate.peak
    small = 0
    for part in sorted(peak.parts, key=lambda part: -part.bytes):
        if part.bytes < _LEAST * peak.bytes:
            small += part.bytes
        else:
            share = f"{100 * part.bytes / peak.bytes:.0f} %"
            yield part.name, amounts.size(part.bytes), share
    if small:
        yield "others", amounts.size(small), f"{100 * small / peak.bytes:.0f} %"


def _verdict(found: Cost) -> str:
    memory = found.machine.memory
    if memory is None:
        return ""
    total = found.estimate.total
    if total.high <= memory:
        said = "fits"
    elif total.low > memory:
        said = "does **not** fit"
    else:
        said = "likely fits" if total.likely <= memory else "likely does **not** fit"
    return f", which has {amounts.size(memory)}: {said}"


def _unknown(found: NotRead | None) -> str:
    return WAITING if found is None else f"What the run takes is not known: {found.reason}."
