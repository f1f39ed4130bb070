"""What a workflow costs: its largest step's memory, its work, its time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from pitchpipe.costs.data import DataSize
from pitchpipe.costs.looking import Counts, data_size
from pitchpipe.costs.machine import Machine, dtype_of
from pitchpipe.costs.settings import Settings
from pitchpipe.costs.step import End, adapted_by, largest_batch, step_of
from pitchpipe.costs.work import Work, work_of
from pitchpipe.estimate import Estimate, Interval, Records, Step, estimate
from pitchpipe.estimate.calibration import NOTHING_LEARNT, Calibration, Learnt, kind_of
from pitchpipe.estimate.time import DeviceRates, Duration, duration, flops
from pitchpipe.facts import Facts, NotRead
from pitchpipe.model_config import context_length, quantization
from pitchpipe.modules import ModelShape
from pitchpipe.paths import resolve
from pitchpipe.targets import Targets


@dataclass(frozen=True, slots=True)
class Basis:
    """What settings cost with a model of this shape, on one device of `machine`."""

    shape: ModelShape
    machine: Machine
    facts: Facts
    counts: Counts
    records: Records
    calibration: Calibration

    def data(self, settings: Settings) -> DataSize:
        """Of sequences that the model has positions for."""
        longest = settings.data.max_length
        limit = min(longest, context_length(self.shape.config) or longest)
        pads = self.records.pads(settings.model.attn_implementation)
        return data_size(settings, self.facts, self.counts, limit, pads=pads)

    def step(
        self, settings: Settings, data: DataSize, adapted: Targets | None, end: End = "likely"
    ) -> Step:
        """The largest that training takes; `adapted` as in `Cost.targets`."""
        kind, dtype = self.machine.kind, dtype_of(settings, self.machine)
        batch = largest_batch(settings, data, end)
        return step_of(settings, batch, adapted, kind=kind, dtype=dtype)

    def estimate(self, step: Step) -> Estimate:
        return estimate(self.shape, step, self.records, self.calibration)


@dataclass(frozen=True, slots=True)
class Cost:
    """`step` is the largest that training takes, `estimate` what it takes, over all it may be.

    `targets` is None where all weights are trained. `flops` are operations of the whole training
    as it computes them, `time` is None where steps or the device's speed are not known. `overhead`
    is what of earlier runs the memory beside tensors goes by; None: nothing but constants.
    """

    settings: Settings = field(repr=False)
    basis: Basis = field(repr=False, compare=False)
    data: DataSize
    targets: Targets | None
    step: Step
    estimate: Estimate
    work: Work
    flops: Interval | None
    time: Duration | None
    overhead: Learnt | None = None

    @property
    def shape(self) -> ModelShape:
        return self.basis.shape

    @property
    def machine(self) -> Machine:
        return self.basis.machine


def shape_of(settings: Settings, facts: Facts) -> ModelShape | NotRead:
    """What the base model consists of, or why nobody here knows."""
    model = settings.model
    if not model.name_or_path:
        return NotRead("no model is named")
    name = model.name_or_path
    if model.local:
        name = resolve(name, settings.root, facts).absolute
    return facts.shape(name, local=model.local, revision=model.revision, head="causal-lm")


def cost(
    settings: Settings,
    shape: ModelShape,
    machine: Machine,
    facts: Facts,
    counts: Counts,
    records: Records,
    calibration: Calibration = NOTHING_LEARNT,
) -> Cost:
    """What `settings` cost with a model of this shape, on one device of `machine`."""
    basis = Basis(shape, machine, facts, counts, records, calibration)
    data, adapted = basis.data(settings), adapted_by(settings, shape)
    ends: tuple[End, ...] = ("low", "likely", "high")
    low, likely, high = (basis.step(settings, data, adapted, end) for end in ends)
    found = basis.estimate(likely)
    if low != likely or high != likely:
        found = _over(found, basis.estimate(low), basis.estimate(high), _doubt(data))
    stored = quantization(shape.config)
    if stored is not None:
        reason = (
            f"whether weights that are stored quantized ({stored}) stay so when they are loaded"
        )
        least = low
        if adapted is not None:  # else they have to be made whole, to be trained
            least = replace(low, quantization="nf4" if stored.bits == 4 else "int8")
        found = _over(found, basis.estimate(least), found, reason)
    work = work_of(settings, data)
    computed, _ = flops(shape, likely)
    return Cost(
        settings=settings,
        basis=basis,
        data=data,
        targets=adapted,
        step=likely,
        estimate=found,
        work=work,
        flops=work.positions and _times(work.positions, computed),
        time=_time(basis, likely, found, work),
        overhead=calibration.overhead(kind_of(shape, likely)),
    )


def _doubt(data: DataSize) -> str:
    if data.source == "tokens":
        return "the largest batch may learn more or fewer of its tokens than the mean one"
    if data.source == "text":
        return "no tokenizer has counted the rows"
    return "nobody has seen the rows"


def _over(found: Estimate, low: Estimate, high: Estimate, reason: str) -> Estimate:
    """`found` with what the other two add to its intervals."""

    def span(one: Interval, below: Interval, above: Interval) -> Interval:
        reasons = (*one.reasons, reason)
        ends = min(one.low, below.low), max(one.high, above.high)
        return Interval(ends[0], one.likely, ends[1], reasons)

    reserved = found.reserved
    if reserved is not None and low.reserved is not None and high.reserved is not None:
        reserved = span(reserved, low.reserved, high.reserved)
    return replace(
        found,
        allocated=span(found.allocated, low.allocated, high.allocated),
        reserved=reserved,
        total=span(found.total, low.total, high.total),
    )


def _times(count: Interval, factor: float) -> Interval:
    return Interval(
        round(count.low * factor), round(count.likely * factor), round(count.high * factor)
    )


def _time(basis: Basis, step: Step, found: Estimate, work: Work) -> Duration | None:
    if work.positions is None or work.steps is None:
        return None
    device, rates = basis.machine.device, None
    if device is not None and device.matmul_rate and device.bandwidth:
        rates = DeviceRates(device.matmul_rate, device.bandwidth)
    return duration(basis.shape, step, found, work.positions, work.steps, rates, basis.calibration)
