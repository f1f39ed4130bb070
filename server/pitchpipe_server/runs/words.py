"""What happens in a run, in a few words for a progress and the log."""

from __future__ import annotations

from pitchpipe import amounts
from pitchpipe_server.runs.news import Measured, Progressed, StageChanged


def progress(update: Progressed) -> str:
    """`train, 120 of 400 steps, 3 min 12 s left`."""
    said = update.stage
    if update.total:
        said += f", {amounts.number(update.done)} of {amounts.number(update.total)} {update.unit}"
    if update.seconds_left is not None:
        said += f", {amounts.seconds(update.seconds_left)} left"
    return said


def stage(update: StageChanged) -> str:
    """`train begins`, `train done in 3 min 12 s`, `fetch taken from an earlier run`."""
    if update.state == "running":
        return f"{update.stage} begins"
    if update.state == "reused":
        return f"{update.stage} taken from an earlier run"
    took = "" if update.seconds is None else f" in {amounts.seconds(update.seconds)}"
    return f"{update.stage} done{took}"


def measured(update: Measured) -> str:
    """`step 12 of 400, loss 2.31`."""
    loss = update.values.get("loss")
    said = f"step {update.step} of {update.total_steps}"
    return said if loss is None else f"{said}, loss {loss:.3g}"
