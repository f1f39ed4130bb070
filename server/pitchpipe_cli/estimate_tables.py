"""What `pitchpipe estimate` says, as tables of texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pitchpipe import amounts
from pitchpipe.costs.changing import best_savings
from pitchpipe.costs.cost import Cost
from pitchpipe.costs.machine import Machine
from pitchpipe.costs.wording import calibrated, counted, span
from pitchpipe.estimate import Estimate
from pitchpipe.estimate.choices import MOST_BATCH, Saving, compare, fits, largest
from pitchpipe_cli import workflow_file

Mark = Literal["good", "open", "bad"]

_LEAST_PERCENT = 0.1

_FITS = {True: "fits", False: "does not fit", None: "may fit"}
_MARKS: dict[bool | None, Mark] = {True: "good", False: "bad", None: "open"}


@dataclass(frozen=True, slots=True)
class Table:
    """`header` is empty where the first column names each row. Columns in `right` are numbers.

    `shares` are the lengths of bars beside the rows, from 0 to 1; `marks` how good they are; both
    are empty, or have one a row. `notes` are lines below it.
    """

    rows: tuple[tuple[str, ...], ...]
    header: tuple[str, ...] = ()
    right: tuple[int, ...] = ()
    shares: tuple[float, ...] = ()
    marks: tuple[Mark, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is shown beside the estimate. `others` are machines, and what is needed on each."""

    others: Sequence[tuple[Machine, Estimate]] = ()
    compared: bool = False
    spread: Mapping[str, Estimate] | None = None
    count: int = 1
    traced: Mapping[str, Any] | None = None


def tables(found: Cost, asked: Asked) -> Iterator[Table]:
    """In the order in which they are shown."""
    yield Table(tuple(_facts(found, asked.traced)))
    yield _parts(found)
    yield Table(tuple(_work(found)))
    yield _devices(found, asked.others)
    if asked.spread is not None:
        yield _spread(found.machine, asked.spread, asked.count)
    if chosen := savings(found):
        rows = ((s.change.text, amounts.size(s.bytes), s.change.cost) for s in chosen)
        yield Table(tuple(rows), ("WHAT WOULD SAVE MOST", "SAVES", "COSTS"), (1,))
    if asked.compared:
        yield _methods(found)


def savings(found: Cost) -> tuple[Saving, ...]:
    """The three changes of the file that save most; what is not worth its cost is left out."""
    best = best_savings(found, workflow_file.schema())
    least = found.estimate.total.likely * _LEAST_PERCENT / 100
    return tuple(saving for saving in best if saving.bytes >= least)


def methods(found: Cost) -> dict[str, Estimate]:
    """The same batch with every method, by its name."""
    return compare(found.shape, found.step, found.basis.records, found.basis.calibration)


def trainable(found: Cost) -> int:
    """Parameters that are trained."""
    return found.estimate.trainable if found.targets is None else found.targets.trainable


def _facts(found: Cost, traced: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    cost, shape = found.estimate, found.shape
    exact = "" if shape.exact else ", not exact"
    parameters = f"{shape.numel:,} parameters"
    yield "model", f"{shape.class_name}, {parameters} (from {shape.source.detail}{exact})"
    count = trainable(found)
    yield "trained", f"{count:,} parameters ({_percent(count, shape.numel)})"
    yield "computed on", f"{found.machine.name} ({found.machine.source})"
    batch = f"{found.step.batch_size} × {found.step.length:,} tokens"
    yield "largest batch", f"{batch}, {found.data.detail}"
    if found.data.train is not None and found.data.train.lines > 1:
        yield "packs", "taken apart and padded, as this model would mix their rows"
    yield "tensors", span(cost.allocated)
    if cost.reserved is not None:
        beside = f"and {amounts.size(cost.context)} for the CUDA context"
        yield "reserved", f"{span(cost.reserved)}, {beside}"
    yield "needed in all", span(cost.total)
    yield "peak", " in ".join(filter(None, (cost.peak.moment, _where(cost.peak.where))))
    yield "calibrated with", calibrated(found)
    if traced is not None:
        yield "traced", f"{amounts.size(traced['allocated_peak_bytes'])} of tensors"
    for reason in dict.fromkeys(cost.allocated.reasons):
        yield "not known", reason


def _where(place: str) -> str:
    """A layer and a module of it, either of which may be missing."""
    return ", ".join(f"`{name}`" for name in place.split(":") if name)


def _parts(found: Cost) -> Table:
    peak = found.estimate.peak
    parts = sorted((p for p in peak.parts if p.bytes), key=lambda p: -p.bytes)
    most = max((p.bytes for p in parts), default=1)
    rows = tuple((p.name, amounts.size(p.bytes), _percent(p.bytes, peak.bytes)) for p in parts)
    header = ("TENSORS AT THE PEAK", "SIZE", "SHARE")
    return Table(rows, header, (1, 2), tuple(p.bytes / most for p in parts))


def _work(found: Cost) -> Iterator[tuple[str, str]]:
    work = found.work
    yield "effective batch", amounts.plural(work.effective_batch, "sequence")
    steps = f"not known: {found.data.detail}" if work.steps is None else counted(work.steps)
    yield "steps", steps
    if work.tokens is not None:
        yield "tokens", counted(work.tokens)
    if found.flops is not None:
        yield "operations", f"{found.flops.likely:.2e} FLOP"
    if found.time is not None:
        low, high = (amounts.seconds(s) for s in (found.time.seconds.low, found.time.seconds.high))
        yield "time", f"{low} to {high}, evaluations left out"
    else:
        yield "time", _no_time(found)
    disk = found.estimate.disk
    if work.checkpoints is None:
        written = f"{amounts.size(disk.checkpoint)} for each checkpoint"
    else:
        written = f"{amounts.size(work.checkpoints.high * disk.checkpoint)} for checkpoints"
        if work.checkpoints.low != work.checkpoints.high:
            written = f"up to {written}"
    yield "disk", f"{written}, {amounts.size(disk.exported)} merged"


def _no_time(found: Cost) -> str:
    """Why no time is known, of several reasons the one that no device would mend."""
    if found.work.steps is None or found.work.positions is None:
        return f"not known: {found.data.detail}"
    if found.machine.device is not None:
        return f"not known: the speed of {found.machine.name} is in no table"
    return "not known; a first run teaches this machine's speed, `--device` has others'"


def _devices(found: Cost, others: Sequence[tuple[Machine, Estimate]]) -> Table:
    """The machine itself, and the others."""
    own = (found.machine, found.estimate)
    each = {_one_of(machine): (machine.memory, cost) for machine, cost in (own, *others)}
    rows: list[tuple[str, ...]] = []
    marks: list[Mark] = []
    shares: list[float] = []
    for name, (memory, cost) in each.items():
        if memory is not None:
            likely, answer = cost.total.likely, fits(cost, memory)
            said = (amounts.size(likely), _percent(likely, memory), _FITS[answer])
            rows.append((name, amounts.size(memory), *said))
            marks.append(_MARKS[answer])
            shares.append(min(1.0, likely / memory))
    header = ("DEVICE", "MEMORY", "NEEDED", "SHARE", "")
    return Table(tuple(rows), header, (1, 2, 3), tuple(shares), tuple(marks), _held(found))


def _one_of(machine: Machine) -> str:
    return machine.name if machine.count == 1 else f"one of {machine.count} × {machine.name}"


def _held(found: Cost) -> tuple[str, ...]:
    memory = found.machine.memory
    if memory is None:
        return ()
    most = largest(found.shape, found.step, found.basis.records, memory, found.basis.calibration)
    rows, length = found.step.batch_size, found.step.length
    if not most.batch_size and not most.length:
        return (f"{found.machine.name} likely holds no batch of this model",)
    many = " or more" if most.batch_size >= MOST_BATCH else ""
    batch = f"{amounts.plural(most.batch_size, 'row')}{many} of {length:,} tokens"
    if most.length > length:
        batch += f", or {rows:,} of {most.length:,}"
    return (f"{found.machine.name} likely holds {batch}",)


def _spread(machine: Machine, found: Mapping[str, Estimate], count: int) -> Table:
    memory = machine.memory or 0
    rows: list[tuple[str, ...]] = []
    marks: list[Mark] = []
    for name, cost in found.items():
        answer = fits(cost, memory)
        marks.append(_MARKS[answer])
        total = amounts.size(cost.total.likely)
        rows.append((name, amounts.size(cost.allocated.likely), total, _FITS[answer]))
    header = (f"EACH OF {count} × {machine.name}", "TENSORS", "NEEDED IN ALL", "")
    notes = ("the runner trains on one device; a program that spreads the step would need this",)
    return Table(tuple(rows), header, (1, 2), (), tuple(marks), notes)


def _methods(found: Cost) -> Table:
    memory = found.machine.memory
    each = methods(found)
    most = max((cost.total.likely for cost in each.values()), default=1)
    rows: list[tuple[str, ...]] = []
    marks: list[Mark] = []
    for name, cost in each.items():
        answer = None if memory is None else fits(cost, memory)
        marks.append(_MARKS[answer])
        sizes = (amounts.size(cost.allocated.likely), amounts.size(cost.total.likely))
        rows.append((name, f"{cost.trainable:,}", *sizes, "" if memory is None else _FITS[answer]))
    shares = tuple(cost.total.likely / most for cost in each.values())
    header = ("METHOD", "TRAINED", "TENSORS", "NEEDED IN ALL", "")
    return Table(tuple(rows), header, (1, 2, 3), shares, tuple(marks))


def _percent(part: int, whole: int) -> str:
    """`12 %`, `0.54 %`, `512 %`."""
    value = 100 * part / max(whole, 1)
    if 0 < value < _LEAST_PERCENT:
        return f"< {_LEAST_PERCENT} %"
    return f"{value:.0f} %" if value >= 9.95 or not part else f"{value:.2g} %"
