"""What each of several devices holds when a step is spread over them."""

from __future__ import annotations

from dataclasses import replace

from pitchpipe.costs.cost import Cost
from pitchpipe.estimate import Estimate, Sharding, estimate
from pitchpipe.estimate.step import ShardingKind
from pitchpipe_cli.errors import CommandError

KINDS: dict[str, ShardingKind] = {
    "ddp": "ddp",
    "zero2": "zero-2",
    "zero3": "zero-3",
    "fsdp2": "fsdp2",
}
"""By their names on the command line."""


def spread(found: Cost, devices: int, only: str | None) -> dict[str, Estimate]:
    """The step of one device with each kind of sharding, or with `only` that one.

    Every device takes a batch of its own, as large as the file's.

    Raises:
        CommandError: the machine has no devices that a step is spread over.
    """
    if found.machine.kind != "cuda":
        what = "a step is spread over GPUs"
        raise CommandError(f"{what}, and this is {found.machine.name}; name one with `--device`")
    steps = {
        name: replace(found.step, sharding=Sharding(kind, devices))
        for name, kind in KINDS.items()
        if only in {None, name}
    }
    return {
        name: estimate(found.shape, step, found.basis.records, found.basis.calibration)
        for name, step in steps.items()
    }
