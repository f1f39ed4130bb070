"""Trackers of other makers: what they are called by, and where they write."""

from __future__ import annotations

import netrc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pitchpipe.plan import Plan
from pitchpipe_runner.events import Events


def asked_for(report_to: str | tuple[str, ...]) -> tuple[str, ...]:
    """The trackers that a plan's `report_to` names."""
    named = (report_to,) if isinstance(report_to, str) else report_to
    return tuple(name for name in named if name != "none")


@contextmanager
def tracking(plan: Plan, run: Path, events: Events) -> Iterator[None]:
    """Within, the trackers that are asked for write into `logs` in the run folder.

    What the user's environment says goes before. They lie beside the stages' folders, since those
    are renamed when they are done, and trackers keep files open.
    """
    names = asked_for(plan.training.report_to)
    given = {k: v for name in names for k, v in _settings(name, plan, run / "logs").items()}
    ours = {name: value for name, value in given.items() if name not in os.environ}
    if names:
        (run / "logs").mkdir(exist_ok=True)
        where = "offline, " if ours.get("WANDB_MODE") == "offline" else ""
        events.log(f"metrics go to {', '.join(names)}, too: {where}under {run / 'logs'}")
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


def _settings(tracker: str, plan: Plan, folder: Path) -> dict[str, str]:
    """The environment variables by which a tracker is told."""
    if tracker == "tensorboard":
        return {"TENSORBOARD_LOGGING_DIR": str(folder / "tensorboard")}
    if tracker == "wandb":
        mode = {} if _knows_wandb() else {"WANDB_MODE": "offline"}
        return {"WANDB_DIR": str(folder), "WANDB_PROJECT": plan.name, **mode}
    if tracker == "mlflow":
        return {
            "MLFLOW_TRACKING_URI": f"sqlite:///{(folder / 'mlflow.db').as_posix()}",
            "MLFLOW_EXPERIMENT_NAME": plan.name,
        }
    return {"TRACKIO_DIR": str(folder / "trackio")}


def _knows_wandb() -> bool:
    """Whether somebody is logged in to Weights & Biases here; it asks at the terminal otherwise."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai").partition("//")[2]
    try:
        return netrc.netrc().authenticators(host.partition("/")[0]) is not None
    except (OSError, netrc.NetrcParseError):
        return False
