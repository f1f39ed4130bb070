"""A run folder as it was found: read once, forgiving, so that a report can be made of any run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

STAGES = ("fetch", "prepare", "train", "merge", "export", "evaluate", "report")


@dataclass(frozen=True, slots=True)
class Session:
    """What one process wrote: its events, beginning with `run-started`.

    `offset` is what to take from an event's time to get the run's working time in seconds: the time
    between two processes doesn't count.
    """

    events: tuple[dict[str, Any], ...]
    offset: float

    def of(self, *kinds: str) -> Iterator[dict[str, Any]]:
        return (e for e in self.events if e["kind"] in kinds)

    def seconds(self, event: dict[str, Any]) -> float:
        """The working time at which the event was written."""
        return event["t"] - self.offset


@dataclass(frozen=True, slots=True)
class Recording:
    """All of a run folder that a report needs.

    `plan` and `scores` are {} where there are none. `stages` maps a name to its stage.json.
    `unread` names what is there and could not be read, a sentence each.
    """

    folder: Path
    plan: dict[str, Any]
    sessions: tuple[Session, ...]
    stages: dict[str, dict[str, Any]]
    scores: dict[str, Any]
    unread: tuple[str, ...]

    def of(self, *kinds: str) -> Iterator[dict[str, Any]]:
        """The events of these kinds, of all sessions."""
        return (e for session in self.sessions for e in session.of(*kinds))

    def facts(self, stage: str) -> dict[str, Any]:
        return mapping(self.stages.get(stage, {}).get("facts"))


def read(folder: Path) -> Recording:
    unread: list[str] = []
    stages: dict[str, dict[str, Any]] = {}
    for number, stage in enumerate(STAGES, 1):
        if record := _object(folder / f"{number:02d}-{stage}" / "stage.json", unread):
            stages[stage] = record
    return Recording(
        folder,
        _object(folder / "plan.json", unread),
        tuple(_sessions(_events(folder / "events.jsonl", unread))),
        stages,
        _object(folder / "06-evaluate" / "scores.json", unread),
        tuple(unread),
    )


def mapping(value: object) -> dict[str, Any]:
    """The value where it is an object, {} otherwise."""
    return {str(k): v for k, v in value.items()} if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    """The objects among the elements, where the value is an array."""
    return [mapping(v) for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def number(value: object) -> float | None:
    """The value where it is a finite number, None otherwise."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _object(path: Path, unread: list[str]) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError):
        unread.append(f"{path.name} could not be read")
        return {}
    if not isinstance(found, dict):
        unread.append(f"{path.name} holds no object")
    return mapping(found)


def _events(path: Path, unread: list[str]) -> list[dict[str, Any]]:
    try:
        # Not splitlines(): a message may hold other line ends, which JSON leaves as they are.
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return []
    events: list[dict[str, Any]] = []
    broken = 0
    for line in lines:
        if event := _event(line):
            events.append(event)
        elif line.strip():
            broken += 1
    if broken:
        unread.append(f"{broken} line{'s' if broken > 1 else ''} of events.jsonl could not be read")
    return events


def _event(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if (
        not isinstance(event, dict)
        or number(event.get("t")) is None
        or not isinstance(event.get("kind"), str)
    ):
        return None
    return event


def _sessions(events: list[dict[str, Any]]) -> Iterator[Session]:
    starts = [i for i, e in enumerate(events) if e["kind"] == "run-started"]
    bounds = [*(starts if starts[:1] == [0] else [0, *starts]), len(events)]
    worked = 0.0
    for first, after in pairwise(bounds):
        own = events[first:after]
        if not own:
            continue
        yield Session(tuple(own), own[0]["t"] - worked)
        worked += max(0.0, own[-1]["t"] - own[0]["t"])
