"""What events say in words, the same in every view."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path

from pitchpipe import amounts
from pitchpipe_facts.runs import Event, RunInfo

# Names of the runner's metrics as people say them; others are shown as they are.
_LABELS = {
    "loss": "loss",
    "eval_loss": "eval loss",
    "learning_rate": "learning rate",
    "grad_norm": "grad norm",
    "epoch": "epoch",
    "tokens_per_second": "tokens/s",
}


def metric_label(name: str) -> str:
    return _LABELS.get(name, name.replace("_", " "))


def metric_value(name: str, value: float | None) -> str:
    """Losses keep four decimals, so that a column of them can be read downwards."""
    if value is None or not math.isfinite(value):
        return "not finite"
    if name.endswith("loss"):
        return f"{value:.4f}"
    if name == "learning_rate":
        return f"{value:.2e}"
    if name == "epoch":
        return f"{value:.2f}"
    return amounts.number(round(value) if name == "tokens_per_second" else value)


def metrics(values: Mapping[str, float | None]) -> str:
    """`loss 0.4312, learning rate 1.90e-04, …`, the usual ones first."""
    names = sorted(values, key=lambda n: list(_LABELS).index(n) if n in _LABELS else len(_LABELS))
    return ", ".join(f"{metric_label(n)} {metric_value(n, values[n])}" for n in names)


def memory(run: RunInfo) -> str | None:
    """What the run holds now and held at most: on its device, or else of the computer's memory."""
    if run.resources is None:
        return None
    kind = "device" if run.resources.get("device_bytes") is not None else "rss"
    now, peak = run.resources.get(f"{kind}_bytes"), run.resources.get(_PEAKS[kind])
    if now is None or peak is None:
        return None
    return f"{amounts.size(now)} (peak {amounts.size(peak)})"


_PEAKS = {"device": "device_peak_bytes", "rss": "peak_rss_bytes"}


def finding_line(run: RunInfo, event: Event, severity: str) -> str:
    """A warning or failure event in the form in which `check` prints findings."""
    place = event.get("place")
    where = ""
    if place and run.workflow is not None:
        where = f"{shown(run.workflow)}:{place['line']}:{place['column']}: "
    return f"{where}{severity}[{event['code']}]: {event['message']}"


def shown(path: Path) -> str:
    """A path as short as it can be said from the working directory, without climbing out of it."""
    try:
        return os.fspath(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return os.fspath(path)


def shown_from(path: Path, folder: Path) -> str:
    """A path inside `folder` relative to it, any other as it is."""
    try:
        return os.fspath(path.relative_to(folder))
    except ValueError:
        return os.fspath(path)
