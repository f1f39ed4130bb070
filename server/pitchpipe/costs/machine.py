"""What a run computes on, as far as an estimate must know it."""

from __future__ import annotations

from dataclasses import dataclass

from pitchpipe import published
from pitchpipe.costs.settings import Settings
from pitchpipe.costs.step import DeviceKind
from pitchpipe.estimate import Dtype
from pitchpipe.published import Device, Table


@dataclass(frozen=True, slots=True)
class Machine:
    """`memory` is what programs get of one device, in bytes; None where it is not known.

    `bfloat16`: it computes that fast. `device` is its row in the table of devices, if it has one.
    `source` says for people how it is known.
    """

    kind: DeviceKind
    name: str
    bfloat16: bool
    memory: int | None
    device: Device | None
    count: int
    source: str


def of_device(device: Device, count: int, source: str) -> Machine:
    kind: DeviceKind = "mps" if device.vendor == "apple" else "cuda"
    memory = device.usable_memory or device.memory
    # The runner trains in float32 on Apple's devices (runner/pitchpipe_runner/device.py).
    fast = kind == "cuda" and device.bfloat16 is not False
    return Machine(kind, device.name, fast, memory, device, count, source)


def named(text: str, table: Table, source: str) -> Machine | None:
    """The machine that "2x RTX 4090" names; None where its device is not known."""
    count, name = published.machine(text)
    device = published.find_device(name, table)
    return None if device is None else of_device(device, count, source)


def dtype_of(settings: Settings, machine: Machine) -> Dtype:
    """The format in which the runner holds the base model there."""
    said, training = settings.model.dtype, settings.training
    if said == "auto" and (training.bf16 or training.fp16):
        return "bfloat16" if training.bf16 else "float16"
    if said == "float32" or (said == "auto" and not machine.bfloat16):
        return "float32"
    return "float16" if said == "float16" else "bfloat16"
