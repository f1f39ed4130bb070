"""The evaluation of a run as a table: base, tuned and exported models side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pitchpipe import amounts
from pitchpipe_facts import runs

_HEADLINES = ("accuracy", "f1")


@dataclass(frozen=True, slots=True)
class Scores:
    """`header` and `rows` are the cells of a table; `notes` are lines below it."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def read(folder: Path) -> Scores | None:
    """The scores in a run folder, or None where there are none yet."""
    data = raw(folder)
    try:
        return None if data is None else table(data)
    except (KeyError, TypeError, ValueError):
        # Written by another version.
        return None


def raw(folder: Path) -> dict[str, Any] | None:
    """The content of `scores.json`, or None where there is none."""
    try:
        return json.loads((folder / runs.SCORES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def table(data: dict[str, Any]) -> Scores:
    """Sets `scores.json` as a table, one column a model and one for the most frequent answer."""
    models, majority = data["models"], data["majority"]
    metrics = list(dict.fromkeys(name for model in models for name in model["metrics"]))
    rows = [(_label(name), *(_score(m["metrics"].get(name)) for m in models)) for name in metrics]
    if majority:
        rows = [(*row, _majority(majority, name)) for row, name in zip(rows, metrics, strict=True)]
    header = ("", *(m["name"] for m in models), *(["majority"] if majority else []))
    rows += [
        ("tokens/s", *(_rate(m["tokens_per_second"]) for m in models)),
        ("size", *(amounts.size(m["bytes"]) for m in models)),
    ]
    title = f"evaluated on {amounts.plural(data['rows']['n'], data['rows']['split'] + ' row')}"
    return Scores(title, header, tuple(rows), tuple(_differences(data["differences"], metrics)))


def _differences(rows: list[dict[str, Any]], metrics: list[str]) -> Iterator[str]:
    """Those of the metrics that the task is about."""
    wanted = [name for name in _HEADLINES if name in metrics] or metrics[:1]
    return (_difference(row) for row in rows if row["metric"] in wanted)


def _label(metric: str) -> str:
    return metric.replace("_", " ")


def _score(metric: dict[str, Any] | None) -> str:
    if metric is None or metric.get("value") is None:
        return "–"
    return f"{amounts.share(metric['value'])}{_interval(metric)}"


def _interval(metric: dict[str, Any]) -> str:
    low, high = metric.get("low"), metric.get("high")
    if low is None or high is None:
        return ""
    return f" ({amounts.share(low)}–{amounts.share(high)})"


def _majority(majority: dict[str, Any], metric: str) -> str:
    return amounts.share(majority[metric]) if metric in majority else ""


def _rate(value: float | None) -> str:
    return "–" if value is None else amounts.number(round(value))


def _difference(row: dict[str, Any]) -> str:
    bounds = ""
    if row.get("low") is not None and row.get("high") is not None:
        bounds = f" ({row['low']:+.3f} to {row['high']:+.3f})"
    return f"{row['a']} − {row['b']}: {_label(row['metric'])} {row['value']:+.3f}{bounds}"
