"""A run as plain lines: for pipes, log files and CI."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from pitchpipe import amounts
from pitchpipe_cli.view import words
from pitchpipe_facts.runs import Event, RunInfo, StageInfo

_SILENCE = 30.0  # seconds after which progress alone is worth a line


class Plain:
    """Writes one line an event that matters. `quiet` leaves warnings, errors and the outcome."""

    def __init__(self, write: Callable[[str], object], quiet: bool = False) -> None:
        self._write = write
        self._quiet = quiet
        self._last = 0.0

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def line(self, line: bytes) -> None:
        pass

    def show(self, run: RunInfo, event: Event) -> None:
        """Tells `event`; `run` is the state after it."""
        text = self._text(run, event)
        if text is not None:
            self._last = run.updated or 0.0
            self._write(f"{text}\n")

    def tick(self, run: RunInfo) -> None:
        pass

    def say(self, text: str) -> None:
        self._write(f"{text}\n")

    def _text(self, run: RunInfo, event: Event) -> str | None:
        if event["kind"] == "warning":
            return words.finding_line(run, event, "warning")
        if event["kind"] == "failure":
            return failure(run, event)
        if event["kind"] == "log" and event["level"] in {"warning", "error"}:
            return f"{_prefix(event)}{event['level']}: {event['message']}"
        if self._quiet:
            return None
        if event["kind"] == "progress" and (run.updated or 0.0) - self._last < _SILENCE:
            return None
        tell = _TOLD.get(event["kind"])
        return tell(run, event) if tell else None


def failure(run: RunInfo, event: Event) -> str:
    """The failure as a finding, and below it what would help."""
    line = words.finding_line(run, event, "error")
    return f"{line}\n    {event['hint']}" if event.get("hint") else line


def _prefix(event: Event) -> str:
    return f"{event['stage']}: " if event.get("stage") else ""


def _run_started(run: RunInfo, event: Event) -> str:
    how = "resumed" if event["resumed"] else "started"
    return f"run {run.id} {how} in {words.shown(run.folder)}"


def _stage_started(run: RunInfo, event: Event) -> str:
    return f"{event['stage']}: started"


def _stage_reused(run: RunInfo, event: Event) -> str:
    return f"{event['stage']}: reused from {reused_from(event['source'])}"


def reused_from(source: str) -> str:
    """The stage folder that was reused; one without its run's name in front is this run's own."""
    return source if "/" in source else "this run"


def _stage_done(run: RunInfo, event: Event) -> str:
    facts = described(event["facts"])
    return f"{event['stage']}: done in {amounts.seconds(event['seconds'])}{facts and f' ({facts})'}"


def described(facts: dict[str, Any]) -> str:
    """The rows and the first few numbers among a stage's facts: `1,024 train rows, steps 120`."""
    rows: object = facts.get("rows")
    splits = cast("dict[str, int]", rows) if isinstance(rows, dict) else {}
    said = [f"{amounts.number(count)} {split} rows" for split, count in splits.items()]
    said += [_fact(name, v) for name, v in facts.items() if type(v) in {int, float} and v]
    return ", ".join(said[:4])


def _fact(name: str, value: float) -> str:
    if name.endswith("bytes"):
        return " ".join([*name.split("_")[:-1], amounts.size(value)])
    return f"{name.replace('_', ' ')} {amounts.number(value)}"


def _progress(run: RunInfo, event: Event) -> str:
    stage = next((s for s in run.stages if s.name == event["stage"]), StageInfo(event["stage"]))
    return f"{event['stage']}: {progress(stage)}"


def progress(stage: StageInfo) -> str:
    """`120/300 steps, 1 min 40 s remaining`, as much of it as is known."""
    if stage.progress is None:
        return ""
    p = stage.progress
    of = "" if p.total is None else f"/{amounts.number(p.total)}"
    rest = "" if p.remaining is None else f", {amounts.seconds(p.remaining)} remaining"
    return f"{amounts.number(p.done)}{of} {p.unit}{rest}"


def _metrics(run: RunInfo, event: Event) -> str:
    memory = words.memory(run)
    tail = f", memory {memory}" if memory and "loss" in event["values"] else ""
    step = f"step {event['step']}/{event['total_steps']}"
    return f"{event['stage']}: {step}: {words.metrics(event['values'])}{tail}"


def _resolved(run: RunInfo, event: Event) -> str:
    return f"{event['path']} = {event['value']} ({event['reason']})"


def _log(run: RunInfo, event: Event) -> str | None:
    return f"{_prefix(event)}{event['message']}" if event["level"] == "info" else None


def _interrupted(run: RunInfo, event: Event) -> str:
    return f"interrupted{f' in {run.stage}' if run.stage else ''}"


def _run_done(run: RunInfo, event: Event) -> str:
    return f"run {run.id} done in {amounts.seconds(event['seconds'])}"


_TOLD: dict[str, Callable[[RunInfo, Event], str | None]] = {
    "run-started": _run_started,
    "stage-started": _stage_started,
    "stage-reused": _stage_reused,
    "stage-done": _stage_done,
    "progress": _progress,
    "metrics": _metrics,
    "resolved": _resolved,
    "log": _log,
    "interrupted": _interrupted,
    "run-done": _run_done,
}
