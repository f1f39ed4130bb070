"""The record of what runs on this machine measured, which makes the next estimate better.

One small file a run in the user's state folder, so that runs that end at once don't meet. All of it
can be thrown away: `catch_up` makes it anew from the run folders of the index.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from pitchpipe.estimate.calibration import (
    Calibration,
    Observation,
    calibrate,
    from_json,
    machine_digest,
    to_json,
)
from pitchpipe_facts import run_index, runs

HANDED_OVER = "calibration.json"
"""The file in a run folder from which the runner learns what earlier runs measured."""

_VERSION = 1
_MOST = 400  # files; a few kilobytes of reading each time, and more than any calibration looks at
_MARK = b'"measurement"'  # in the line of such an event


def folder() -> Path:
    return run_index.index_folder().with_name("calibration")


def read(kind: str, *, name: str | None = None, torch: str | None = None) -> Calibration:
    """What this machine's runs on a device of `kind` ("cpu", "cuda", "mps") teach.

    The others narrow that down as in `Setting`; None means any.
    """
    return calibrate(observations(), kind=kind, machine=machine(), name=name, torch=torch)


def machine() -> str:
    return machine_digest(platform.node())


def observations() -> list[Observation]:
    """All of the record; a file that can't be read is passed over."""
    found = [_loaded(file) for file in folder().glob("*.json")]
    return [observation for observation in found if observation is not None]


def record(run: Path) -> None:
    """Notes what a run measured last, or that it measured nothing.

    A state folder that can't be written is no reason to fail.
    """
    entry = _entry(run)
    observation = observed(run)
    content = {
        "version": _VERSION,
        "observation": None if observation is None else to_json(observation),
    }
    with contextlib.suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        run_index.write_atomically(entry, json.dumps(content) + "\n")


def catch_up() -> None:
    """Notes the ended runs of the index that nobody noted, as when their terminal was closed."""
    indexed = run_index.indexed()
    for run in indexed:
        if not _entry(run).exists() and not runs.is_locked(run):
            record(run)
    _prune(max(_MOST, len(indexed)))


def hand_over(run: Path) -> None:
    """Writes what earlier runs measured into a run folder, for the runner's own estimate."""
    known = observations()
    if not known:
        return
    content = {"version": _VERSION, "observations": [to_json(o) for o in known]}
    with contextlib.suppress(OSError):
        run_index.write_atomically(run / HANDED_OVER, json.dumps(content) + "\n")


def observed(run: Path) -> Observation | None:
    """What the run's last measurement says; None where there is none, as in old runs."""
    last: Observation | None = None
    with contextlib.suppress(OSError):
        for event in _measurements(run / runs.EVENTS):
            last = _observation(run, event) or last
    return last


def _measurements(path: Path) -> Iterator[dict[str, Any]]:
    found, _ = runs.lines(path, 0)
    for line in found:
        event = runs.parse(line) if _MARK in line else None
        if event is not None and event["kind"] == "measurement":
            yield event


def _observation(run: Path, event: dict[str, Any]) -> Observation | None:
    setting, learnt = event.get("setting"), event.get("learnt")
    if not isinstance(setting, dict) or not isinstance(learnt, dict):
        return None
    said = {**cast("dict[str, Any]", learnt), **cast("dict[str, Any]", setting)}
    return from_json({**said, "run": run.name, "at": event.get("t")})


def _loaded(file: Path) -> Observation | None:
    try:
        content: Any = json.loads(file.read_text(encoding="utf-8"))
        return from_json(content["observation"]) if content["version"] == _VERSION else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _entry(run: Path) -> Path:
    """Named by a digest: what users and makers of devices call things may be no file's name."""
    digest = hashlib.sha256(str(run.resolve()).encode("utf-8", "surrogatepass")).hexdigest()
    return folder() / f"{digest[:24]}.json"


def _prune(most: int) -> None:
    """Forgets the oldest files beyond so many."""
    files = sorted(folder().glob("*.json"), key=_written, reverse=True)
    for file in files[most:]:
        with contextlib.suppress(OSError):
            file.unlink()


def _written(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
