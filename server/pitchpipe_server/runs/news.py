"""What a run's events mean to somebody who watches it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from pitchpipe.span import Place
from pitchpipe_facts.runs import Event, RunInfo
from pitchpipe_server.runs import pace

# What reading an event of another version may raise.
MALFORMED = (AttributeError, KeyError, TypeError, ValueError, OverflowError)


@dataclass(frozen=True, slots=True)
class StageChanged:
    """A stage began, ended, or was taken from another run. `seconds` is None unless it ended."""

    stage: str
    state: Literal["running", "done", "reused"]
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Progressed:
    """How far a stage is, in its own `unit`; `total` None: not known.

    `share` (0 to 1) and `seconds_left` are the whole run's, None where nobody can tell. `share`
    never falls while a process is followed.
    """

    stage: str
    done: float
    total: float | None
    unit: str
    share: float | None
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class Logged:
    """A line for the log. A warning has a `code`, and a `place` if one in the file is to blame."""

    level: Literal["debug", "info", "warning", "error"]
    message: str
    stage: str | None
    code: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """Metrics of an optimizer step; a value that is not finite is None."""

    step: int
    total_steps: int
    values: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Failed:
    """Why the run failed. `path` is the dotted key to blame, `place` where it stands."""

    code: str
    message: str
    hint: str | None
    stage: str | None
    path: str | None
    place: Place | None
    exit_code: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more comes.

    `state` is "gone" when the folder was removed, "stopped" when the process died without a word.
    `message` says why where the events don't. `exit_code` is that of a process that did not say so
    itself; None where it is not known, or the process was killed.
    """

    state: Literal["done", "failed", "interrupted", "stopped", "gone"]
    message: str | None = None
    report: Path | None = None
    seconds: float | None = None
    exit_code: int | None = None


Update: TypeAlias = StageChanged | Progressed | Logged | Measured | Failed | Ended


@dataclass(frozen=True, slots=True)
class News:
    """One event of a run, or none where the run's process or folder ended without one.

    `run` is the run after it; following from the byte `offset` goes on behind it. `update` is what
    it means; None for an event that an editor need not show. `left` is how many seconds the whole
    run still takes; None where nobody can tell.
    """

    run: RunInfo
    offset: int
    event: Event | None
    update: Update | None
    left: float | None = None


def meaning(run: RunInfo, event: Event, earlier: pace.Seconds) -> Update | None:
    """What an event means, `run` being the run after it.

    None for other kinds, and for fields of another version.
    """
    means = _MEANINGS.get(event["kind"])
    try:
        return means(run, event, earlier) if means else None
    except MALFORMED:
        return None


def place_of(found: object) -> Place | None:
    """A `place` as events hold it."""
    if not isinstance(found, dict):
        return None
    place = cast("dict[str, Any]", found)
    return Place(
        int(place["line"]),
        int(place["column"]),
        int(place["end_line"]),
        int(place["end_column"]),
    )


def failure_of(event: Event) -> Failed:
    """A `failure` event.

    Raises:
        MALFORMED: it is of another version.
    """
    return Failed(
        str(event["code"]),
        str(event["message"]),
        event["hint"],
        event["stage"],
        event["path"],
        place_of(event["place"]),
        int(event["exit_code"]),
    )


def _stage_started(_run: RunInfo, event: Event, _earlier: pace.Seconds) -> Update:
    return StageChanged(str(event["stage"]), "running", None)


def _stage_reused(_run: RunInfo, event: Event, _earlier: pace.Seconds) -> Update:
    return StageChanged(str(event["stage"]), "reused", None)


def _stage_done(_run: RunInfo, event: Event, _earlier: pace.Seconds) -> Update:
    return StageChanged(str(event["stage"]), "done", float(event["seconds"]))


def _progress(run: RunInfo, event: Event, earlier: pace.Seconds) -> Update:
    return Progressed(
        str(event["stage"]),
        float(event["done"]),
        None if event["total"] is None else float(event["total"]),
        str(event["unit"]),
        pace.share(run, earlier),
        pace.seconds_left(run, earlier),
    )


def _metrics(_run: RunInfo, event: Event, _earlier: pace.Seconds) -> Update:
    values = {str(k): None if v is None else float(v) for k, v in event["values"].items()}
    return Measured(int(event["step"]), int(event["total_steps"]), values)


def _log(_run: RunInfo, event: Event, _earlier: pace.Seconds) -> Update:
    return Logged(event["level"], str(event["message"]), event.get("stage"))


def _warning(run: RunInfo, event: Event, _earlier: pace.Seconds) -> Update:
    place = place_of(event["place"])
    return Logged("warning", str(event["message"]), run.stage, str(event["code"]), place)


def _resolved(run: RunInfo, event: Event, _earlier: pace.Seconds) -> Update:
    said = f"`{event['path']}` is {event['value']}: {event['reason']}"
    return Logged("debug", said, run.stage)


def _failure(_run: RunInfo, event: Event, _earlier: pace.Seconds) -> Update:
    return failure_of(event)


_MEANINGS: dict[str, Callable[[RunInfo, Event, pace.Seconds], Update]] = {
    "stage-started": _stage_started,
    "stage-reused": _stage_reused,
    "stage-done": _stage_done,
    "progress": _progress,
    "metrics": _metrics,
    "log": _log,
    "warning": _warning,
    "resolved": _resolved,
    "failure": _failure,
}
