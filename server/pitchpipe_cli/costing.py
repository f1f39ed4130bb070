"""The cost of a workflow file on this machine or another: the edge between core and world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pitchpipe_schemas
from pitchpipe import published
from pitchpipe.analyse import Analysis
from pitchpipe.costs import cost as costs
from pitchpipe.costs import machine as machines
from pitchpipe.costs.cost import Cost
from pitchpipe.costs.machine import Machine
from pitchpipe.costs.settings import of_plan
from pitchpipe.estimate import Records, decode, decode_fragments
from pitchpipe.estimate.calibration import NOTHING_LEARNT
from pitchpipe.facts import NotRead
from pitchpipe.suggest import one_of
from pitchpipe_cli.errors import CommandError, Exit
from pitchpipe_facts import calibration, machine, row_counts
from pitchpipe_facts.token_counts import TokenCounts
from pitchpipe_schemas import recorded


@dataclass(frozen=True, slots=True)
class _Counts:
    found: TokenCounts

    def rows(self, path: str) -> int | NotRead:
        try:
            return row_counts.count(Path(path))
        except OSError as error:
            return NotRead(str(error))

    def tokens(self, key: str) -> tuple[Mapping[str, Any], str] | None:
        return self.found.find(key)


def cost_of(analysis: Analysis, device: str | None = None) -> Cost:
    """What the workflow costs. `device` is a machine by name; None: the file's, or this one.

    Raises:
        CommandError: the device is not known, or nobody here knows the model.
    """
    plan, facts = analysis.plan(), analysis.context.facts
    settings = of_plan(plan)
    shape = costs.shape_of(settings, facts)
    if isinstance(shape, NotRead):
        raise CommandError(
            f"what `{plan.model.name_or_path}` consists of is not known: {shape.reason}",
            Exit.WRONG_ENVIRONMENT,
        )
    target = device or plan.compute.target
    on = this_machine(plan.compute.device) if target is None else machine_named(target)
    counts = _Counts(TokenCounts((Path(plan.root, plan.output_dir),)))
    learnt = calibration.read(on.kind) if target is None else NOTHING_LEARNT
    return costs.cost(settings, shape, on, facts, counts, records(shape.model_type), learnt)


def machine_named(text: str) -> Machine:
    """The machine by its name ("2x RTX 4090").

    Raises:
        CommandError: there is none, or there are several.
    """
    found = machines.named(text, table(), f"`{text}`")
    if found is not None:
        return found
    _, name = published.machine(text)
    several = published.find_devices(name, table())
    if several:
        raise CommandError(f"`{name}` could be {one_of(d.name for d in several[:4])}")
    near = published.nearest_device(name, table())
    advice = f"; did you mean `{near}`?" if near else ""
    raise CommandError(f"no device is known as `{name}`{advice}")


def this_machine(device: str) -> Machine:
    """What `compute.device` is here."""
    return machine.here(device, table())


@cache
def table() -> published.Table:
    """The table of devices."""
    return pitchpipe_schemas.devices()


@cache
def records(model_type: str) -> Records:
    """What the catalogue knows of how a type computes."""
    shard = recorded.activations(model_type)
    return Records(decode(shard) if shard else None, decode_fragments(recorded.adapters()))
