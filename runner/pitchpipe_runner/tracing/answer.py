"""A traced step as the JSON object that other programs read."""

from __future__ import annotations

from collections import defaultdict
from importlib.metadata import version
from typing import Any

from pitchpipe.plan import Plan
from pitchpipe_runner.tracing.ledger import Entry, Peak
from pitchpipe_runner.tracing.of_plan import Step

VERSION = 1
_DECISIVE = ("torch", "transformers", "peft", "accelerate")
_LARGEST = 12  # groups of tensors


def of(plan: Plan, step: Step) -> dict[str, Any]:
    """All sizes are in bytes; those of `breakdown` add up to `allocated_peak_bytes`."""
    traced, size, target = step.traced, step.size, step.target
    peak = traced.peak
    return {
        "version": VERSION,
        "model": plan.model.name_or_path,
        "model_type": step.model_type,
        "method": plan.method.type,
        "device": target.kind,
        "device_is_here": target.here,
        "dtype": str(target.dtype).removeprefix("torch."),
        "batch": size.rows,
        "length": size.length,
        "learnt": size.learnt,
        "packed": size.packed,
        "padded": not size.packed and not size.even and size.rows > 1,
        "trained_parameters": step.trained,
        "parameters": step.parameters,
        "allocated_peak_bytes": peak.bytes,
        "between_steps_bytes": traced.after,
        "breakdown": dict(peak.parts()),
        "peak": {"phase": peak.phase, "op": peak.op},
        "largest": _largest(peak),
        "operations": traced.operations,
        "seconds": round(traced.seconds, 3),
        "versions": {name: version(name) for name in _DECISIVE},
    }


def _largest(peak: Peak) -> list[dict[str, Any]]:
    """The tensors that take most at the peak; those alike in all but their place are one entry."""
    alike: dict[tuple[Any, ...], list[Entry]] = defaultdict(list)
    for entry in peak.alive:
        alike[entry.purpose(), entry.op, entry.dtype, entry.shape].append(entry)
    groups = sorted(alike.items(), key=lambda group: -sum(e.bytes for e in group[1]))
    return [
        {
            "part": part,
            "op": op or None,
            "dtype": dtype,
            "shape": list(shape),
            "count": len(entries),
            "bytes": sum(e.bytes for e in entries),
            "name": entries[0].name,
        }
        for (part, op, dtype, shape), entries in groups[:_LARGEST]
    ]
