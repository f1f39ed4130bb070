"""What a run folder says: the state of a run, and its events as they arrive.

The folder holds the whole truth of a run. Nothing here writes into it.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

PLAN, EVENTS, LOCK, OUTPUT, WORKFLOW = (
    "plan.json",
    "events.jsonl",
    "run.lock",
    "output.log",
    "workflow.yaml",
)
SCORES = "06-evaluate/scores.json"

Event: TypeAlias = dict[str, Any]
RunState: TypeAlias = Literal["waiting", "running", "done", "failed", "interrupted", "stopped"]
StageState: TypeAlias = Literal["waiting", "running", "done", "reused", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is.

    `total` None: not known. `first` and `since` are where and when (seconds since 1970) this
    process began to count, which is not 0 after a resume; `at` is the time of the last report.
    """

    done: float
    total: float | None
    unit: str
    first: float
    since: float
    at: float

    @property
    def remaining(self) -> float | None:
        """Seconds until `total` at the pace of this process so far; None when nobody can tell."""
        counted = self.done - self.first
        if self.total is None or counted <= 0:
            return None
        return max(0.0, self.total - self.done) * (self.at - self.since) / counted


@dataclass(frozen=True, slots=True)
class StageInfo:
    """One stage of a run.

    `seconds` is None until it ends. `source` is the stage folder that it was reused from.
    """

    name: str
    state: StageState = "waiting"
    started: float | None = None
    seconds: float | None = None
    progress: Progress | None = None
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """What a `failure` event said.

    `line` and `column` count from 1; None when no place is to blame.
    """

    code: str
    message: str
    hint: str | None
    stage: str | None
    line: int | None
    column: int | None
    exit_code: int


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run as its folder tells it.

    `workflow` is the file that the plan was made from. `state` is "waiting" before the first event,
    "stopped" when no process works on it although it has not ended. Times are seconds since 1970.
    `began` is when the last process took the run up, which is later than `started` after a resume.
    `metrics` holds the last value of each name; `resources`, `prediction` and `measurement` are the
    last events of their kind. `report` is absolute.
    """

    folder: Path
    name: str
    workflow: Path | None = None
    smoke: bool = False
    state: RunState = "waiting"
    started: float | None = None
    began: float | None = None
    updated: float | None = None
    stages: tuple[StageInfo, ...] = ()
    step: int | None = None
    total_steps: int | None = None
    metrics: dict[str, float] = field(default_factory=dict[str, float])
    resources: Event | None = None
    prediction: Event | None = None
    measurement: Event | None = None
    artifacts: dict[str, Path] = field(default_factory=dict[str, Path])
    failure: Failure | None = None
    report: Path | None = None
    seconds: float | None = None

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def stage(self) -> str | None:
        """The stage that is running, or the one that the run ended in."""
        return next(
            (s.name for s in self.stages if s.state not in {"done", "reused", "waiting"}), None
        )

    @property
    def unfinished(self) -> bool:
        """Whether `run --resume` would find something to do."""
        return self.state != "done"


# Reading one folder


def is_run_folder(folder: Path) -> bool:
    """Whether `folder` holds both a plan and events."""
    return (folder / PLAN).is_file() and (folder / EVENTS).is_file()


def read(folder: Path) -> RunInfo | None:
    """What `folder` tells, or None when it holds no readable plan."""
    run = planned(folder)
    if run is None:
        return None
    events, _ = tail(folder / EVENTS, 0)
    for event in events:
        run = after(run, event)
    return settled(run, locked=is_locked(run.folder))


def planned(folder: Path) -> RunInfo | None:
    """A run as its plan alone tells it, before any event."""
    try:
        plan: Any = json.loads((folder / PLAN).read_text(encoding="utf-8"))
        folder = folder.resolve()
        return RunInfo(
            folder,
            name=str(plan["name"]),
            workflow=Path(plan["root"], plan["workflow"]),
            smoke=bool(plan["smoke"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_locked(folder: Path) -> bool:
    """Whether a process works on the run, which then holds the lock.

    To find out, the lock is taken for a moment; a runner that starts in that very moment has to try
    again.
    """
    path = folder / LOCK
    if not path.exists():
        return False
    from filelock import FileLock, Timeout  # noqa: PLC0415  # checking a file needs none

    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        # A read-only folder: nobody can run in it.
        return False


def settled(run: RunInfo, *, locked: bool) -> RunInfo:
    """`run`, as its events tell it, with the lock's word on whether a process works on it."""
    if locked:
        return replace(run, state="running")
    if run.state != "running":
        return run
    return _ended(run, "stopped", "stopped")


# Following events


def lines(path: Path, offset: int) -> tuple[list[bytes], int]:
    """The whole lines from the byte `offset` on, without line ends, and the offset behind them.

    A half-written last line waits for its rest. A file that does not exist yet has no lines.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], offset
    end = data.rfind(b"\n") + 1
    return data[:end].splitlines(), offset + end


def parse(line: bytes) -> Event | None:
    """The event on a line, or None for what a killed process left half-written."""
    try:
        event: object = json.loads(line)
    except ValueError:
        return None
    if not isinstance(event, dict):
        return None
    found = cast(Event, event)
    return found if isinstance(found.get("kind"), str) else None


def tail(path: Path, offset: int) -> tuple[list[Event], int]:
    """The events of `path` from the byte `offset` on, and the offset to go on from."""
    found, offset = lines(path, offset)
    return [event for line in found if (event := parse(line)) is not None], offset


def after(run: RunInfo, event: Event) -> RunInfo:
    """`run` after one more event.

    Unknown kinds and events with unexpected fields change nothing but `updated`.
    """
    step = _STEPS.get(event["kind"])
    try:
        run = replace(run, updated=float(event["t"]))
        return step(run, event) if step else run
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        return run


def _run_started(run: RunInfo, event: Event) -> RunInfo:
    """Stages that were done before a resume stay so; what was cut off waits again."""
    before = {s.name: s for s in run.stages if s.state in {"done", "reused"}}
    names = dict.fromkeys([*(s.name for s in run.stages), *map(str, event["stages"])])
    return replace(
        run,
        state="running",
        smoke=bool(event["smoke"]),
        started=run.started if run.started is not None else float(event["t"]),
        began=float(event["t"]),
        stages=tuple(before.get(name, StageInfo(name)) for name in names),
        failure=None,
    )


def _stage(run: RunInfo, name: str) -> StageInfo:
    return next((s for s in run.stages if s.name == name), StageInfo(name))


def _with(run: RunInfo, stage: StageInfo) -> RunInfo:
    if all(s.name != stage.name for s in run.stages):
        return replace(run, stages=(*run.stages, stage))
    return replace(run, stages=tuple(stage if s.name == stage.name else s for s in run.stages))


def _stage_started(run: RunInfo, event: Event) -> RunInfo:
    return _with(run, StageInfo(str(event["stage"]), "running", started=float(event["t"])))


def _stage_reused(run: RunInfo, event: Event) -> RunInfo:
    return _with(run, StageInfo(str(event["stage"]), "reused", source=str(event["source"])))


def _stage_done(run: RunInfo, event: Event) -> RunInfo:
    stage = replace(_stage(run, str(event["stage"])), state="done", progress=None)
    return _with(run, replace(stage, seconds=float(event["seconds"]), facts=dict(event["facts"])))


def _progress(run: RunInfo, event: Event) -> RunInfo:
    stage = _stage(run, str(event["stage"]))
    total = None if event["total"] is None else float(event["total"])
    done, now, before = float(event["done"]), float(event["t"]), stage.progress
    if before is None or before.unit != event["unit"] or done < before.done:
        progress = Progress(done, total, str(event["unit"]), first=done, since=now, at=now)
    else:
        progress = replace(before, done=done, total=total, at=now)
    return _with(run, replace(stage, progress=progress))


def _metrics(run: RunInfo, event: Event) -> RunInfo:
    """JSON has no NaN: a value that was none comes as null."""
    new = {str(k): math.nan if v is None else float(v) for k, v in event["values"].items()}
    values = {**run.metrics, **new}
    step, total = int(event["step"]), int(event["total_steps"])
    return replace(run, step=step, total_steps=total, metrics=values)


def _resources(run: RunInfo, event: Event) -> RunInfo:
    return replace(run, resources=event)


def _prediction(run: RunInfo, event: Event) -> RunInfo:
    """What was measured before a resume is of another prediction."""
    return replace(run, prediction=event, measurement=None)


def _measurement(run: RunInfo, event: Event) -> RunInfo:
    return replace(run, measurement=event)


def _artifact(run: RunInfo, event: Event) -> RunInfo:
    return replace(run, artifacts={**run.artifacts, event["name"]: run.folder / event["path"]})


def _failure(run: RunInfo, event: Event) -> RunInfo:
    place: dict[str, int] = event["place"] or {}
    failure = Failure(
        event["code"],
        event["message"],
        event["hint"],
        event["stage"],
        place.get("line"),
        place.get("column"),
        int(event["exit_code"]),
    )
    return _ended(replace(run, failure=failure), "failed", "failed")


def _interrupted(run: RunInfo, event: Event) -> RunInfo:
    return _ended(run, "interrupted", "stopped")


def _run_done(run: RunInfo, event: Event) -> RunInfo:
    report = run.folder / event["report"] if event["report"] else None
    return replace(run, state="done", report=report, seconds=float(event["seconds"]))


def _ended(run: RunInfo, state: RunState, stage: StageState) -> RunInfo:
    stages = (replace(s, state=stage) if s.state == "running" else s for s in run.stages)
    return replace(run, state=state, stages=tuple(stages))


_STEPS = {
    "run-started": _run_started,
    "stage-started": _stage_started,
    "stage-reused": _stage_reused,
    "stage-done": _stage_done,
    "progress": _progress,
    "metrics": _metrics,
    "resources": _resources,
    "prediction": _prediction,
    "measurement": _measurement,
    "artifact": _artifact,
    "failure": _failure,
    "interrupted": _interrupted,
    "run-done": _run_done,
}
