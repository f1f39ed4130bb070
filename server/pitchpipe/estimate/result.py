"""What an estimate says. All sizes are bytes, of one device where there are several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PartName = Literal[
    "weights",
    "quantization constants",
    "adapters",
    "gradients",
    "optimizer states",
    "activations: attention",
    "activations: mlp",
    "activations: norms",
    "activations: adapters",
    "activations: other",
    "layer inputs",  # what checkpointing keeps
    "logits and loss",
    "temporaries",
]

Moment = Literal[
    "forward",
    "start of backward",
    "backward",
    "inside a checkpointed layer",
    "end of backward",
    "optimizer step",
]


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of one kind that are allocated at one moment."""

    name: PartName
    bytes: int


@dataclass(frozen=True, slots=True)
class Peak:
    """The most that is allocated in one phase of the step, and what it consists of.

    `where` is for people: the layer or module that is being computed, "" where there is none.
    """

    moment: Moment
    bytes: int
    parts: tuple[Part, ...]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Interval:
    """`low` ≤ `likely` ≤ `high`. `reasons` say why it is wider than what is known exactly."""

    low: int
    likely: int
    high: int
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Disk:
    """What a run writes. `exported` is the merged model, in the format of the base's own files."""

    checkpoint: int
    adapter: int
    exported: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """The memory of one training step.

    `peaks` has the highest of every phase, the highest of all first. `allocated` is what tensors
    need (torch.cuda.max_memory_allocated; on a CPU the sum of live tensors), `reserved` what the
    caching allocator takes from the device for it, without the `context`; None on a CPU. `total`
    is what the device must have (reserved and context), or the process on a CPU.

    `host` is the memory of the process apart from tensors on the device. `trainable` and
    `parameters` are counts; `exact` says that every number above comes from the model's own
    structure (False: a stand-in of similar build was used, and `allocated.reasons` says which).
    """

    peaks: tuple[Peak, ...]
    allocated: Interval
    reserved: Interval | None
    context: int
    total: Interval
    host: Interval
    disk: Disk
    trainable: int
    parameters: int
    exact: bool

    @property
    def peak(self) -> Peak:
        return self.peaks[0]
