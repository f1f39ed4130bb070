"""What lies around a step's tensors: doubts about them, the allocator, the process, disks."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TypeAlias

from pitchpipe.estimate.calibration import Calibration, Kind, kind_of
from pitchpipe.estimate.formats import BYTES, CODES, FLOATS, of_code
from pitchpipe.estimate.optimizers import OptimizerBytes
from pitchpipe.estimate.result import Disk, Estimate, Interval, Peak
from pitchpipe.estimate.sharding import sharded
from pitchpipe.estimate.step import Step
from pitchpipe.estimate.weights import Totals
from pitchpipe.modules import ModelShape

Doubt: TypeAlias = tuple[str, float]

_KNOWN = 0.01  # of a step whose every kernel is known
_WIDER = {
    "loss": 0.05,
    "experts": 0.05,
    "shape": 0.05,
    "sharding": 0.10,
    "method": 0.05,
}

CONTEXT = 512 << 20
"""Of CUDA and its libraries in a process; nvidia-smi shows it beside what torch has reserved. It is
an assumption, which differs by device and driver. An earlier run replaces it."""

WORKSPACE = 8_519_680
"""cuBLAS's, which torch allocates as a tensor: 4096 KiB twice and 16 KiB eight times
(aten/src/ATen/cuda/CublasHandlePool.cpp)."""

WORKSPACE_HOPPER = 32 << 20

_RESERVED = 1.08
_RESERVED_ENDS = (1.02, 1.17)
"""Of reserved over allocated peaks: expandable segments come near the first, the default with
batches of changing lengths near the second (tests/bench/memory.py prints those measured)."""

_PROCESS = 900 << 20
"""Python with torch and transformers imported: an assumption. An earlier run replaces it."""


def finish(
    shape: ModelShape,
    step: Step,
    found: list[Peak],
    totals: Totals,
    optimizer: OptimizerBytes,
    calibration: Calibration,
    missing: str,
    ends: tuple[int, int] | None = None,
    doubts: Sequence[Doubt] = (),
) -> Estimate:
    """`ends`: the least and the most bytes of tensors, where `found` is a stand-in.

    `doubts` about the record, each with the share that it widens the interval by.
    """
    cuda = step.device == "cuda"
    kind = kind_of(shape, step)
    least, most = (end / found[0].bytes for end in ends) if ends else (1.0, 1.0)
    found = sharded(found, step, totals, optimizer)
    reasons, width = _doubts(shape, step, missing, doubts)
    peak = found[0].bytes + (WORKSPACE if cuda else 0)
    high = peak * most * (1 + width) + ((WORKSPACE_HOPPER - WORKSPACE) if cuda else 0)
    allocated = Interval(int(peak * least * (1 - width)), peak, ceil(high), reasons)
    context = calibration.context(kind, CONTEXT) if cuda else 0
    process = calibration.process(kind, _PROCESS)
    reserved = _reserved(allocated, calibration, kind) if cuda else None
    if reserved is not None:
        total = Interval(
            reserved.low + context, reserved.likely + context, reserved.high + context, reasons
        )
        host = _host(step, totals, optimizer, process)
    else:
        total = Interval(
            allocated.low + process // 2,
            allocated.likely + process,
            allocated.high + 2 * process,
            reasons,
        )
        host = Interval(process // 2, process, 2 * process)
    return Estimate(
        peaks=tuple(found),
        allocated=allocated,
        reserved=reserved,
        context=context,
        total=total,
        host=host,
        disk=_disk(shape, step, totals, optimizer),
        trainable=totals.trainable,
        parameters=totals.parameters,
        exact=not missing and not doubts and shape.exact,
    )


def _doubts(
    shape: ModelShape, step: Step, missing: str, known: Sequence[Doubt]
) -> tuple[tuple[str, ...], float]:
    """Why the interval is wider than for known kernels, and how wide it is to either side."""
    found: list[Doubt] = [*known]
    if missing:
        found.append((missing, 0.0))  # its ends are far apart by themselves
    if not shape.exact:
        found.append(("the model's own sizes are not known exactly", _WIDER["shape"]))
    if step.padding is None:
        found.append(("whether rows are padded is not known", 0.03))
    if step.loss in ("chunked", "fused"):
        found.append(("the loss is computed by kernels of another library", _WIDER["loss"]))
    if any(g.role == "expert" for g in shape.groups):
        found.append(("experts get as many tokens as the router gives them", _WIDER["experts"]))
    if step.sharding.kind != "none":
        found.append(("communication buffers depend on the settings", _WIDER["sharding"]))
    if step.method in ("prefix-tuning", "prompt-tuning", "adapter", "oft", "lokr"):
        found.append((f"`{step.method}` is computed by rule", _WIDER["method"]))
    width = sum(w for _, w in found) + _KNOWN
    return tuple(reason for reason, _ in found), min(width, 0.5)


def _reserved(allocated: Interval, calibration: Calibration, kind: Kind) -> Interval:
    ratio = calibration.ratio(kind, _RESERVED)
    low, high = (min(ratio, _RESERVED_ENDS[0]), max(ratio, _RESERVED_ENDS[1]))
    return Interval(
        int(allocated.low * low), int(allocated.likely * ratio), ceil(allocated.high * high)
    )


def _host(step: Step, totals: Totals, optimizer: OptimizerBytes, process: int) -> Interval:
    """A CUDA process: itself, pages of optimizer states, and weights while they are loaded.

    One file at a time is mapped (safetensors), and the hub's are of 5 GB at most.
    """
    shard = min(totals.weights, 5_000_000_000)
    likely = 2 * process + optimizer.paged
    return Interval(process + optimizer.paged, likely, likely + shard)


def _disk(shape: ModelShape, step: Step, totals: Totals, optimizer: OptimizerBytes) -> Disk:
    """A checkpoint has what is trained and the optimizer's states (transformers' Trainer)."""
    whole = step.method in ("full", "freeze")
    trained = totals.weights if whole else totals.adapters
    exported = shape.numel * BYTES[_stored(shape) or CODES[step.dtype]]
    states = optimizer.states + optimizer.paged
    return Disk(trained + states, 0 if whole else totals.adapters, exported)


def _stored(shape: ModelShape) -> str | None:
    """The format of the base's own files, which a merged model gets too; None where unknown.

    What `dtype="auto"` finds: the configuration's word before the weights' (transformers 5.23,
    modeling_utils.py).
    """
    config = shape.config
    said = config.get("dtype") or config.get("torch_dtype")
    weights = (p for g in shape.groups for p in g.parameters if not p.buffer)
    written = next((p.dtype for p in weights if p.dtype), None)
    codes = (of_code(str(name or "").removeprefix("torch.")) for name in (said, written))
    return next((code for code in codes if code in FLOATS), None)
