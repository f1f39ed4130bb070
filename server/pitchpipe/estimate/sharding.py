"""What one of several devices holds."""

from __future__ import annotations

from dataclasses import replace

from pitchpipe.estimate.optimizers import OptimizerBytes
from pitchpipe.estimate.result import Part, PartName, Peak
from pitchpipe.estimate.step import ShardingKind, Step
from pitchpipe.estimate.weights import Totals

_SPLIT: dict[ShardingKind, frozenset[PartName]] = {
    "none": frozenset(),
    "ddp": frozenset(),
    "zero-2": frozenset(("gradients", "optimizer states")),
    "zero-3": frozenset((
        "weights",
        "quantization constants",
        "adapters",
        "gradients",
        "optimizer states",
    )),
    "fsdp2": frozenset((
        "weights",
        "quantization constants",
        "adapters",
        "gradients",
        "optimizer states",
    )),
}
"""Rajbhandari et al. 2020 (ZeRO), figure 1; torch.distributed.fsdp.fully_shard splits as ZeRO-3."""

_UPDATE: frozenset[PartName] = frozenset(("temporaries",))


def sharded(found: list[Peak], step: Step, totals: Totals, optimizer: OptimizerBytes) -> list[Peak]:
    """The peaks of one device.

    What is gathered for a layer at a time counts twice: the next layer's weights arrive while one
    is computed (FSDP2 prefetches one, ZeRO-3 a bucket).
    """
    kind, devices = step.sharding.kind, max(1, step.sharding.devices)
    if kind == "none" or devices == 1:
        return found
    split = _SPLIT[kind]
    gathered = 0
    if "weights" in split:
        layers = max((count for _, _, count in totals.trained), default=0) or 32
        gathered = 2 * totals.weights // layers
    buckets = totals.gradient_bytes if kind == "ddp" else 0  # gradient_as_bucket_view is off
    changed = [_peak(peak, split, devices, gathered + buckets) for peak in found]
    return sorted(changed, key=lambda p: -p.bytes)


def _peak(peak: Peak, split: frozenset[PartName], devices: int, extra: int) -> Peak:
    if peak.moment == "optimizer step" and "optimizer states" in split:
        split |= _UPDATE  # each device updates its own part alone
    parts = [
        Part(p.name, -(-p.bytes // devices) if p.name in split else p.bytes) for p in peak.parts
    ]
    if peak.moment != "optimizer step" and extra:
        parts.append(Part("temporaries", extra))
    merged: dict[PartName, int] = {}
    for part in parts:
        merged[part.name] = merged.get(part.name, 0) + part.bytes
    together = tuple(Part(name, size) for name, size in merged.items())
    return replace(peak, bytes=sum(merged.values()), parts=together)
