"""What was predicted of a run's training beside what it took, as a table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, cast

from pitchpipe import amounts
from pitchpipe_facts.runs import Event, RunInfo

HEADER = ("", "predicted", "measured", "error")

_QUANTITIES = {
    "allocated_bytes": "tensors",
    "reserved_bytes": "reserved",
    "process_bytes": "process",
    "tokens_per_second": "tokens/s",
    "seconds": "steps",
}


def table(run: RunInfo) -> list[tuple[str, ...]]:
    """The rows below `HEADER`; none where nothing was measured, as in runs of old versions."""
    return list(_rows(run.measurement or {}))


def raw(run: RunInfo) -> dict[str, Any] | None:
    """For programs: each quantity as the last measurement compares it, None where there is none."""
    return None if run.measurement is None else _object(run.measurement.get("compared"))


def _rows(measurement: Event) -> Iterator[tuple[str, ...]]:
    compared = _object(measurement.get("compared"))
    for name, label in _QUANTITIES.items():
        both = _object(compared.get(name))
        predicted, measured = _number(both.get("predicted")), _number(both.get("measured"))
        if predicted is not None or measured is not None:
            error = _number(both.get("error"))
            yield (label, _amount(name, predicted), _amount(name, measured), _percent(error))


def _amount(name: str, value: float | None) -> str:
    if value is None:
        return "-"
    if name.endswith("_bytes"):
        return amounts.size(value)
    return amounts.seconds(value) if name == "seconds" else amounts.number(round(value))


def _percent(error: float | None) -> str:
    return "-" if error is None else f"{100 * error:+.1f} %"


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None
