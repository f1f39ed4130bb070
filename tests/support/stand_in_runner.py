"""A process that does to a run folder what the runner does, without training: for watching runs.

Started as `python -m pitchpipe_runner RUN_DIR …` would be, it plays the script named in STAND_IN.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from filelock import FileLock

STAGES = ["prepare", "train"]


class Script:
    def __init__(self, folder: Path, options: list[str]) -> None:
        self.folder = folder
        self.options = options
        self.events = folder / "events.jsonl"
        self.seq = len(self.events.read_bytes().splitlines()) if self.events.exists() else 0

    def emit(self, kind: str, **fields: Any) -> None:
        event = {"v": 1, "seq": self.seq, "t": time.time(), "kind": kind, **fields}
        with self.events.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(event) + "\n")
        self.seq += 1

    def begin(self) -> None:
        self.emit(
            "run-started",
            run_id=self.folder.name,
            name="tone",
            pid=os.getpid(),
            resumed="--resume" in self.options,
            smoke=False,
            stages=STAGES,
            versions={},
        )
        self.emit("log", level="info", message=f"options {self.options}", stage=None)
        self.emit("stage-started", stage="prepare")
        self.emit("stage-done", stage="prepare", seconds=0.5, cpu_seconds=0.5, facts={"rows": 9})
        self.emit("stage-started", stage="train")

    def measure(self) -> None:
        """What a training in some setting took, as far as the terminal looks at it."""
        names = ("machine", "kind", "name", "torch", "attention", "method")
        self.emit(
            "measurement",
            setting=dict(zip(names, ("m", "cpu", "a CPU", "2.13", "sdpa", "lora"), strict=True)),
            compared={"process_bytes": {"predicted": None, "measured": 9e8, "error": None}},
            learnt={"process_bytes": 500_000_000},
        )

    def finish(self) -> None:
        self.emit("stage-done", stage="train", seconds=1, cpu_seconds=1, facts={})
        (self.folder / "report.html").write_text("<p>", encoding="utf-8")
        self.emit("run-done", seconds=2, report="report.html")


def play(script: Script, name: str) -> int:
    if name == "missing-package":
        sys.stderr.write("No module named 'torch'\n")
        return 2
    script.begin()
    if name == "crash":
        sys.stderr.write("a word before the end\n")
        os.kill(os.getpid(), getattr(signal, os.environ["STAND_IN_SIGNAL"]))
    if name == "measured":
        script.measure()
    if name == "silent":
        return 7
    if name == "failure":
        place = {"line": 3, "column": 5, "end_line": 3, "end_column": 9}
        script.emit(
            "failure",
            code="out-of-memory",
            message="not enough memory",
            path="training.per_device_train_batch_size",
            place=place,
            hint="halve it",
            stage="train",
            exit_code=int(os.environ["STAND_IN_CODE"]),
        )
        return int(os.environ["STAND_IN_CODE"])
    if name in {"wait", "stubborn"}:
        return wait_for_the_user(script, name)
    script.finish()
    return 0


def wait_for_the_user(script: Script, name: str) -> int:
    """Stops at the first SIGINT; a second one would be an error, which the tests look for."""
    asked: list[int] = []
    signal.signal(signal.SIGINT, lambda *_: asked.append(1))
    script.emit("log", level="info", message="ready", stage="train")
    while not asked or name == "stubborn":
        time.sleep(0.02)
    time.sleep(0.3)
    script.emit("log", level="info", message=f"asked {len(asked)} times", stage="train")
    script.emit("interrupted", stage="train", exit_code=130)
    return 130


def main() -> int:
    folder, options = Path(sys.argv[3]), sys.argv[4:]
    with FileLock(folder / "run.lock", timeout=2):
        return play(Script(folder, options), os.environ["STAND_IN"])


if __name__ == "__main__":
    sys.exit(main())
