"""The cost of a workflow file on this machine or another: the edge between core and world."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pitchpipe import published
from pitchpipe.analyse import Analysis
from pitchpipe.costs import cost as costs
from pitchpipe.costs import machine as machines
from pitchpipe.costs.cost import Cost
from pitchpipe.costs.machine import Machine
from pitchpipe.costs.settings import Settings, of_context, of_plan
from pitchpipe.estimate import Estimate
from pitchpipe.estimate.calibration import NOTHING_LEARNT
from pitchpipe.facts import NotRead
from pitchpipe.suggest import one_of
from pitchpipe.workflow import Wrong
from pitchpipe_cli.errors import CommandError, Exit
from pitchpipe_facts import calibration
from pitchpipe_facts.shipped import Counts, devices, records, this_machine
from pitchpipe_facts.token_counts import TokenCounts


def cost_of(analysis: Analysis, device: str | None = None) -> Cost:
    """What the workflow costs, also one with errors as far as it can be read.

    `device` is a machine by name; None: the file's, or this one.

    Raises:
        CommandError: the device is not known, or nobody here knows the model.
    """
    facts = analysis.context.facts
    settings = of_plan(analysis.plan()) if analysis.can_run else of_context(analysis.context)
    shape = costs.shape_of(settings, facts)
    if isinstance(shape, NotRead):
        name = settings.model.name_or_path
        raise CommandError(
            f"what `{name}` consists of as a causal language model is not known: {shape.reason}"
            if name
            else "no model is named",
            Exit.WRONG_ENVIRONMENT,
        )
    on, here = _machine(settings, device)
    counts = Counts(TokenCounts((Path(settings.root, _output_dir(analysis)),)))
    learnt = calibration.read(on.kind) if here else NOTHING_LEARNT
    return costs.cost(settings, shape, on, facts, counts, records(shape.model_type), learnt)


def elsewhere(analysis: Analysis, names: Iterable[str]) -> list[tuple[Machine, Estimate]]:
    """What the workflow needs on each of these machines, of which many compute alike.

    Raises:
        CommandError: as `cost_of`.
    """
    known: dict[tuple[str, bool], Estimate] = {}
    found: list[tuple[Machine, Estimate]] = []
    for name in names:
        machine = machine_named(name)
        alike = (machine.kind, machine.bfloat16)
        if alike not in known:
            known[alike] = cost_of(analysis, name).estimate
        found.append((machine, known[alike]))
    return found


def _machine(settings: Settings, device: str | None) -> tuple[Machine, bool]:
    """The machine, and whether it is this one."""
    if device is not None:
        return machine_named(device, "`--device`"), False
    target = settings.compute.target
    if target is not None:
        return machine_named(target, "`compute.target`"), False
    return this_machine(settings.compute.device), True


def _output_dir(analysis: Analysis) -> str:
    written = analysis.context.effective(analysis.workflow.output_dir)
    return "" if isinstance(written, Wrong) else analysis.context.resolve(written).portable


def machine_named(text: str, source: str = "named") -> Machine:
    """The machine by its name ("2x RTX 4090"); `source` says for people who named it.

    Raises:
        CommandError: there is none, or there are several.
    """
    found = machines.named(text, devices(), source)
    if found is not None:
        return found
    _, name = published.machine(text)
    several = published.find_devices(name, devices())
    if several:
        raise CommandError(f"`{name}` could be {one_of(d.name for d in several[:4])}")
    near = published.nearest_device(name, devices())
    advice = f"; did you mean `{near}`?" if near else ""
    raise CommandError(f"no device is known as `{name}`{advice}")
