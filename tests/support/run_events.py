"""Run folders written event by event, as a runner would, for those who follow runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STARTED: dict[str, Any] = {
    "kind": "run-started",
    "run_id": "r",
    "name": "tone",
    "pid": 1,
    "resumed": False,
    "smoke": False,
    "stages": ["prepare", "train", "export"],
    "versions": {},
}
DONE: dict[str, Any] = {"kind": "run-done", "seconds": 9.0, "report": "report.html"}
INTERRUPTED: dict[str, Any] = {"kind": "interrupted", "stage": "train", "exit_code": 130}
FAILURE: dict[str, Any] = {
    "kind": "failure",
    "code": "out-of-memory",
    "message": "not enough memory",
    "path": "training.per_device_train_batch_size",
    "place": {"line": 3, "column": 3, "end_line": 3, "end_column": 32},
    "hint": "halve it",
    "stage": "train",
    "exit_code": 3,
}


def begun(stage: str, **fields: Any) -> dict[str, Any]:
    return {"kind": "stage-started", "stage": stage, **fields}


def ended(stage: str, seconds: float, **fields: Any) -> dict[str, Any]:
    event = {"kind": "stage-done", "stage": stage, "seconds": seconds, "cpu_seconds": 1}
    return {**event, "facts": {}, **fields}


def steps(done: float, total: float | None = 100, **fields: Any) -> dict[str, Any]:
    event = {"kind": "progress", "stage": "train", "done": done, "total": total, "unit": "steps"}
    return {**event, **fields}


def metrics(step: int, **values: float | None) -> dict[str, Any]:
    event = {"kind": "metrics", "stage": "train", "step": step, "total_steps": 100}
    return {**event, "values": values}


def log(message: str, level: str = "info") -> dict[str, Any]:
    return {"kind": "log", "level": level, "message": message, "stage": None}


class RunFolder:
    """A run folder; its events' clock starts at 100 and gains a second an event."""

    def __init__(self, folder: Path, *events: dict[str, Any], **plan: Any) -> None:
        self.path = folder
        self.events = folder / "events.jsonl"
        self.number = 0
        folder.mkdir(parents=True)
        known = {"name": "tone", "root": str(folder.parent.parent), "workflow": "tone.yaml"}
        content = {**known, "smoke": False, "workflow_sha256": "", **plan}
        (folder / "plan.json").write_text(json.dumps(content), encoding="utf-8")
        self.events.touch()
        self.say(*events)

    def line(self, event: dict[str, Any]) -> bytes:
        number, self.number = self.number, self.number + 1
        return json.dumps({"v": 1, "seq": number, "t": 100.0 + number, **event}).encode() + b"\n"

    def say(self, *events: dict[str, Any]) -> None:
        self.write(b"".join(map(self.line, events)))

    def write(self, data: bytes) -> None:
        with self.events.open("ab") as file:
            file.write(data)


_HOLD_LOCK = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def worked_on(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process holds the run's lock; killed, it is gone as a runner would be."""
    command = [sys.executable, "-c", _HOLD_LOCK, str(folder / "run.lock")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.kill()
