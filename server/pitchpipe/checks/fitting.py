"""Holds what a run needs against what its device has, and looks for what would fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pitchpipe import amounts, edits
from pitchpipe.checks.report import Report
from pitchpipe.checks.wording import flow
from pitchpipe.context import Context
from pitchpipe.costs import machine as machines
from pitchpipe.costs.cost import Basis, Cost, cost
from pitchpipe.costs.looking import NothingCounted
from pitchpipe.costs.machine import Machine
from pitchpipe.costs.settings import of_context
from pitchpipe.costs.step import adapted_by
from pitchpipe.estimate import Records
from pitchpipe.estimate.calibration import NOTHING_LEARNT
from pitchpipe.findings import Fix, Related
from pitchpipe.keypath import parse_dotted
from pitchpipe.modules import ModelShape
from pitchpipe.workflow import Present, Setting

if TYPE_CHECKING:
    from pitchpipe.costs.changing import Fitting


def too_large(context: Context, shape: ModelShape) -> Iterator[Report]:
    """What there is to say of a file whose model has this shape; nothing on an unknown device.

    A shape that is not exact may count too little, so what it says is the least.
    """
    method = context.workflow.method.type
    machine = _machine(context)
    if machine is None or machine.memory is None:
        return
    records = context.facts.records(shape.model_type)
    if _fits_whatever_the_rows(context, shape, machine, records):
        return
    settings = of_context(context)
    found = cost(settings, shape, machine, context.facts, NothingCounted(), records)
    total = found.estimate.total
    if (total.likely if shape.exact else total.low) <= machine.memory:
        return
    # Most runs fit, and what else could be done takes a while to import.
    from pitchpipe.costs.changing import to_fit  # noqa: PLC0415

    fitting = to_fit(found, context.reading.schema, machine.memory)
    target = context.workflow.compute.target
    batch = context.workflow.training.per_device_train_batch_size
    place = batch if isinstance(batch, Present) else method
    related = [Related(f"trained with {_said(method)}", method.span)] if place is batch else []
    if isinstance(target, Present):
        related.append(Related("the device is named here", target.span))
    message = f"the run {_needed(found)}, and {machine.name} has {amounts.size(machine.memory)}"
    yield Report(
        message + _advice(fitting), place.span, place.path, _fix(context, fitting), tuple(related)
    )


def _fits_whatever_the_rows(
    context: Context, shape: ModelShape, machine: Machine, records: Records
) -> bool:
    """Whether batches as large as they may be fit, so that no row has to be looked at.

    Of all that such a batch may be, the largest alone is asked about.
    """
    settings = of_context(context, sources=False)
    if settings.data.packing and records.pads(settings.model.attn_implementation):
        return False  # how many lines a batch has is up to the rows
    basis = Basis(shape, machine, context.facts, NothingCounted(), records, NOTHING_LEARNT)
    data, adapted = basis.data(settings), adapted_by(settings, shape)
    largest = basis.estimate(basis.step(settings, data, adapted, "high"))
    return machine.memory is not None and largest.total.high <= machine.memory


def _machine(context: Context) -> Machine | None:
    target = context.effective(context.workflow.compute.target)
    device = context.effective(context.workflow.compute.device)
    if isinstance(target, str):
        return machines.named(target, context.facts.devices(), f"`{target}`")
    return context.facts.machine(device) if isinstance(device, str) else None


def _needed(found: Cost) -> str:
    total = found.estimate.total
    if found.machine.memory is not None and total.low > found.machine.memory:
        return f"needs {amounts.size(total.low)} or more"
    low, high = amounts.size(total.low), amounts.size(total.high)
    return f"likely needs {amounts.size(total.likely)} ({low} to {high})"


def _said(setting: Setting[str]) -> str:
    return f"`{setting.value}`" if isinstance(setting, Present) else "`lora`, the default"


def _advice(fitting: Fitting | None) -> str:
    if fitting is None:
        return "; no change of the file would make it fit: take a smaller model"
    keys = " and ".join(f"`{key}: {flow(value)}`" for key, value in fitting.keys.items())
    return f"; {keys} would need {amounts.size(fitting.estimate.total.likely)}"


def _fix(context: Context, fitting: Fitting | None) -> Fix | None:
    if fitting is None or any(context.reading.overridden(parse_dotted(k)) for k in fitting.keys):
        return None
    keys = {parse_dotted(key): value for key, value in fitting.keys.items()}
    changed = edits.in_own_words(context.reading, keys)
    titles = ", ".join(f"`{key}: {flow(value)}`" for key, value in fitting.keys.items())
    return None if changed is None else Fix(f"Write {titles}", changed)
