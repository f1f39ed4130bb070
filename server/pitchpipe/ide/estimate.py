"""What a run takes, as numbers for charts: methods and devices beside each other.

The names of fields are those of the request `pitchpipe/memory`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pitchpipe.costs.changing import best_savings
from pitchpipe.costs.cost import Basis, Cost
from pitchpipe.costs.machine import of_device
from pitchpipe.costs.settings import Settings
from pitchpipe.estimate import Estimate
from pitchpipe.estimate import result as results
from pitchpipe.estimate.calibration import NOTHING_LEARNT
from pitchpipe.estimate.choices import compare
from pitchpipe.facts import NotRead
from pitchpipe.published import devices
from pitchpipe.schema import Schema
from pitchpipe.suggest import all_of

Verdict = Literal["yes", "likely", "unlikely", "no"]

WAITING = "what the run takes is being worked out"


@dataclass(frozen=True, slots=True)
class Interval:
    """`low` ≤ `likely` ≤ `high`."""

    low: float
    likely: float
    high: float


@dataclass(frozen=True, slots=True)
class Part:
    """Tensors of one kind; `name` is a `PartName`."""

    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Method:
    """The same rows with one method.

    `total` is of the device, or of the process on a CPU. `parts` are of the tensors' peak, the
    largest first; `tensors` is their sum. `current`: the file says this method.
    """

    name: str
    current: bool
    trained: int
    total: Interval
    parts: tuple[Part, ...]
    tensors: int


@dataclass(frozen=True, slots=True)
class Fit:
    """A device, what programs get of its memory, and for each method whether that is enough."""

    name: str
    bytes: int
    fits: Mapping[str, Verdict]


@dataclass(frozen=True, slots=True)
class Saved:
    change: str
    bytes: int
    cost: str


@dataclass(frozen=True, slots=True)
class Memory:
    """`message` says why nothing is known; then all else is empty.

    `moment` is when the tensors peak with the file's method. `devices` begin with the machine that
    the file is for; the others go from small to large. `seconds` is the training's. `reasons` say
    why intervals are wide.
    """

    message: str | None = None
    device: str | None = None
    device_bytes: int | None = None
    moment: str | None = None
    methods: tuple[Method, ...] = ()
    devices: tuple[Fit, ...] = ()
    savings: tuple[Saved, ...] = ()
    trainable: int | None = None
    parameters: int | None = None
    steps: Interval | None = None
    seconds: Interval | None = None
    reasons: tuple[str, ...] = ()


def memory(found: Cost | NotRead | None, schema: Schema) -> Memory:
    """What `World.cost` found as numbers.

    It tries every method on every kind of device, which takes tenths of a second.

    Raises:
        NotYet: a data file is read again, without which nobody knows what would save memory.
    """
    if not isinstance(found, Cost):
        return Memory(
            WAITING if found is None else f"what the run takes is not known: {found.reason}"
        )
    each = _compared(found, found.basis)
    trained = found.estimate.trainable if found.targets is None else found.targets.trainable
    return Memory(
        device=found.machine.name,
        device_bytes=found.machine.memory,
        moment=found.estimate.peak.moment,
        methods=tuple(_methods(found, each, trained)),
        devices=tuple(_devices(found, each)),
        savings=tuple(
            Saved(s.change.text, s.bytes, s.change.cost) for s in best_savings(found, schema)
        ),
        trainable=trained,
        parameters=found.shape.numel,
        steps=found.work.steps and _interval(found.work.steps),
        seconds=found.time and _interval(found.time.seconds),
        reasons=tuple(_reasons(found)),
    )


def current(settings: Settings) -> str:
    """The method of a file by the name that comparisons have for it."""
    method = settings.method
    return "dora" if method.type == "lora" and method.use_dora else method.type


def _compared(found: Cost, basis: Basis) -> dict[str, Estimate]:
    """Each method of the file on the machine of `basis`.

    What is not known for sure of the largest batch counts for all of them alike: it is activations
    mostly, of which every method keeps about as many.
    """
    step = basis.step(found.settings, found.data, found.targets)
    each = compare(found.shape, step, basis.records, basis.calibration)
    each[current(found.settings)] = basis.estimate(step)
    sure, total = found.basis.estimate(found.step).total, found.estimate.total
    less, more = sure.low - total.low, total.high - sure.high
    return {name: _widened(one, less, more) for name, one in each.items()}


def _widened(found: Estimate, less: int, more: int) -> Estimate:
    total = found.total
    return replace(found, total=replace(total, low=total.low - less, high=total.high + more))


def _methods(found: Cost, each: Mapping[str, Estimate], trained: int) -> Iterator[Method]:
    own = current(found.settings)
    for name, cost in each.items():
        parts = sorted((p for p in cost.peak.parts if p.bytes), key=lambda p: -p.bytes)
        yield Method(
            name=name,
            current=name == own,
            trained=trained if name == own else cost.trainable,
            total=_interval(cost.total),
            parts=tuple(Part(p.name, p.bytes) for p in parts),
            tensors=cost.peak.bytes,
        )


def _devices(found: Cost, each: Mapping[str, Estimate]) -> Iterator[Fit]:
    own = found.machine
    if own.memory is not None:
        yield _fit(own.name, own.memory, each)
    alike: dict[tuple[str, bool], Mapping[str, Estimate]] = {}
    table = [of_device(d, 1, "the catalogue") for d in devices(found.basis.facts.devices())]
    for machine in sorted(table, key=lambda m: (m.memory or 0, m.name)):
        if machine.memory is None or machine.name == own.name:
            continue
        kind = machine.kind, machine.bfloat16
        if kind not in alike:
            basis = replace(found.basis, machine=machine, calibration=NOTHING_LEARNT)
            alike[kind] = _compared(found, basis)
        yield _fit(machine.name, machine.memory, alike[kind])


def _fit(name: str, memory: int, each: Mapping[str, Estimate]) -> Fit:
    return Fit(name, memory, {method: _verdict(one, memory) for method, one in each.items()})


def _verdict(found: Estimate, memory: int) -> Verdict:
    total = found.total
    if total.high <= memory:
        return "yes"
    if total.low > memory:
        return "no"
    return "likely" if total.likely <= memory else "unlikely"


def _reasons(found: Cost) -> Iterator[str]:
    yield from dict.fromkeys(found.estimate.total.reasons)
    if found.settings.wrong:
        yield f"the defaults stand in for {all_of(found.settings.wrong)}"


def _interval(found: results.Interval) -> Interval:
    return Interval(found.low, found.likely, found.high)
