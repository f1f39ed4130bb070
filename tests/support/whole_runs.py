"""Whole runs through the command `pitchpipe`, each in a process of its own as a user starts it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import jsonschema
import psutil

import pitchpipe_schemas
from pitchpipe_facts import runs
from support.cli import Done, command, environment

WORKFLOW = """\
version: 1
name: tones
task: classification
model: {name_or_path: MODEL, dtype: float32}
data:
  train: [{path: ROWS}]
  prompt_template: "Which tone has this phrase? {text}"
  completion_template: "{label}"
  labels: [joy, fear, anger]
  val_size: 0.2
  test_size: 0.2
  max_length: 64
method: {type: lora, r: 16, lora_alpha: 32, lora_dropout: 0.1, target_modules: all-linear}
training:
  learning_rate: 1.0e-2  # pitchpipe: ignore[learning-rate-unusual]
  max_steps: 22
  per_device_train_batch_size: 4
  logging_steps: 1
  eval_strategy: steps
  eval_steps: 8
  save_strategy: steps
  save_steps: 4
  seed: 7
evaluate: {max_new_tokens: 4, generations: 4}
export: {format: none}
compute: {device: cpu, threads: 1}
"""
PATIENCE = 120.0  # seconds until a command counts as hanging
_LOOK = 0.0005  # seconds between two looks at a run that is to be hit at a certain moment

_EVENT = jsonschema.Draft202012Validator(pitchpipe_schemas.load("event"))


@dataclass(frozen=True)
class Ground:
    """A folder to work in, with an environment in which nothing of the user's is touched.

    `model` and `rows` are what a workflow of `write` names unless it is told otherwise.
    """

    folder: Path
    model: Path
    rows: Path
    variables: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def environment(self) -> dict[str, str]:
        own = {
            "PITCHPIPE_STATE_DIR": str(self.folder / "state"),
            "HF_HOME": str(self.folder / "hf"),
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            "TOKENIZERS_PARALLELISM": "false",
        }
        return environment(**{**own, **self.variables})

    @property
    def runs(self) -> list[Path]:
        """The run folders in `runs`, oldest first."""
        return sorted(p.parent for p in (self.folder / "runs").glob("*/plan.json"))

    def write(self, name: str = "tones.yaml", text: str = WORKFLOW) -> Path:
        """A workflow file; MODEL and ROWS in it stand for `model` and `rows`."""
        file = self.folder / name
        text = dedent(text).replace("MODEL", json.dumps(str(self.model)))
        file.write_text(text.replace("ROWS", json.dumps(str(self.rows))), encoding="utf-8")
        return file

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """The command, going on while the test does something else."""
        given: dict[str, Any] = {
            "cwd": self.folder,
            "env": self.environment,
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "encoding": "utf-8",
        }
        return subprocess.Popen(command(*arguments), **{**given, **options})

    def run(self, *arguments: str, **options: Any) -> Done:
        """The command, to its end."""
        return ended(self.start(*arguments, **options))

    def new_run(self, process: subprocess.Popen[str], known: list[Path]) -> Path:
        """The folder of the run that `process` begins."""

        def there() -> bool:
            return bool(set(self.runs) - set(known)) or process.poll() is not None

        wait_until(there)
        new = set(self.runs) - set(known)
        assert new, ended(process)
        return new.pop()


def ended(process: subprocess.Popen[str]) -> Done:
    """What a process left when it has ended, which it has to within `PATIENCE`."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"the command hangs:\n{out}\n{err}") from None
    return Done(process.returncode, out or "", err or "")


def wait_until(there: Callable[[], object], pause: float = 0.01) -> None:
    """Looks again and again.

    Raises:
        AssertionError: it did not come within `PATIENCE`.
    """
    end = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < end, "it never came"
        time.sleep(pause)


# What a run says


def events_of(run: Path) -> list[dict[str, Any]]:
    """The events of a run that has ended.

    Fails where one is not as the schema has it, or the numbers have gaps.
    """
    lines = (run / runs.EVENTS).read_text(encoding="utf-8").split("\n")
    assert lines.pop() == ""
    events = [json.loads(line) for line in lines]
    assert [event["seq"] for event in events] == list(range(len(events)))
    for event in events:
        _EVENT.validate(event)
    return events


def said(run: Path, kind: str, **fields: Any) -> list[dict[str, Any]]:
    """The events of a kind with these values."""
    return [
        event
        for event in events_of(run)
        if event["kind"] == kind and all(event[k] == v for k, v in fields.items())
    ]


def made(run: Path) -> list[str]:
    """The stages that were made rather than reused, in order."""
    return [event["stage"] for event in said(run, "stage-done")]


def reused(run: Path) -> dict[str, str]:
    """The stages that were reused, and where they came from."""
    return {event["stage"]: event["source"] for event in said(run, "stage-reused")}


def stage(run: Path, name: str) -> dict[str, Any]:
    """What `stage.json` says of a stage."""
    (file,) = run.glob(f"[0-9][0-9]-{name}/stage.json")
    return json.loads(file.read_text(encoding="utf-8"))


def results(run: Path) -> dict[str, Any]:
    """What a run came to, apart from times: weights, last losses, scores."""
    facts = stage(run, "train")["facts"]
    scores = json.loads((run / runs.SCORES).read_text(encoding="utf-8"))
    losses = {m["name"]: m["metrics"]["loss"] for m in scores["models"]}
    weights = run / "03-train" / "adapter" / "adapter_model.safetensors"
    return {
        "adapter": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "steps": facts["steps"],
        "train_loss": facts["train_loss"],
        "eval_loss": facts["eval_loss"],
        "scores": losses,
    }


# Hitting a run at a certain moment


@dataclass(frozen=True)
class Moment:
    """A moment in a run: whether it is there, and whether it is still there."""

    came: Callable[[Path], object]
    lasts: Callable[[Path], object]


def in_stage(name: str) -> Moment:
    """While a stage is being made: begun in this process, and not yet put in its place."""
    return Moment(
        lambda run: _last_stage_event(run) == ("stage-started", name),
        lambda run: not any(run.glob(f"[0-9][0-9]-{name}")),
    )


def at_step(step: int) -> Moment:
    """While training, at `step` or soon behind it."""
    return Moment(
        lambda run: _steps(run) >= step,
        lambda run: not (run / "03-train").exists(),
    )


def behind_checkpoint(step: int) -> Moment:
    """While training, when the checkpoint of `step` is whole."""

    def sealed(run: Path) -> bool:
        checkpoint = run / "03-train.partial" / "checkpoints" / f"checkpoint-{step}"
        return (checkpoint / "complete.json").exists()

    return Moment(sealed, sealed)


def in_checkpoint(behind: int) -> Moment:
    """While a checkpoint of a step behind `behind` is being written."""

    def unsealed(run: Path) -> bool:
        found = (run / "03-train.partial" / "checkpoints").glob("checkpoint-*")
        new = [p for p in found if int(p.name.rpartition("-")[2]) > behind]
        return any(not (p / "complete.json").exists() for p in new)

    return Moment(unsealed, unsealed)


def in_builder() -> Moment:
    """While onnxruntime-genai's builder works, a process of its own."""
    return Moment(lambda run: builders(run), lambda run: builders(run))


def builders(run: Path) -> list[psutil.Process]:
    """The processes that export a model of the run."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            line = process.cmdline()
            if "pitchpipe_runner.onnx_builder" in line and any(str(run) in a for a in line):
                found.append(process)
    return found


def hit(run: Path, moment: Moment, number: int, *, go_on: bool = True) -> bool:
    """Sends the signal `number` to the runner of `run` at a moment; False where it was missed.

    The process is stopped first, so that what is then seen of the folder is what the signal meets.
    The signal 0 is none. `go_on`: whether the process is let go behind it.
    """
    assert sys.platform != "win32", "Windows has no such signals"
    pid = _pid(run)
    while not moment.came(run):
        if not _alive(pid):
            return False
        time.sleep(_LOOK)
    try:
        os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: _stands(pid), pause=_LOOK)
        met = bool(moment.lasts(run))
        if met:
            os.kill(pid, number)
        if go_on or not met:
            os.kill(pid, signal.SIGCONT)
    except ProcessLookupError:
        return False
    return met


def _pid(run: Path) -> int:
    """Of the process that works on the run now, rather than of one that did before."""
    wait_until(lambda: any(_alive(e["pid"]) for e in _started(run)[-1:]))
    return _started(run)[-1]["pid"]


def _started(run: Path) -> list[dict[str, Any]]:
    return [e for e in runs.tail(run / runs.EVENTS, 0)[0] if e["kind"] == "run-started"]


def _stands(pid: int) -> bool:
    """Whether every thread of a process has stopped, or the process is gone."""
    threads = list(Path(f"/proc/{pid}/task").glob("*/stat"))
    if not threads:  # gone, or not Linux
        with contextlib.suppress(psutil.Error):
            return psutil.Process(pid).status() == psutil.STATUS_STOPPED
        return True
    with contextlib.suppress(OSError):  # a thread that ends meanwhile
        states = [t.read_text(encoding="utf-8").rpartition(")")[2].split()[0] for t in threads]
        return set(states) <= {"T", "t", "Z", "X"}
    return False


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _last_stage_event(run: Path) -> tuple[str, str] | None:
    for event in reversed(runs.tail(run / runs.EVENTS, 0)[0]):
        if event["kind"] in {"stage-started", "stage-done", "stage-reused", "run-started"}:
            return event["kind"], event.get("stage", "")
    return None


def _steps(run: Path) -> int:
    steps = 0
    for event in runs.tail(run / runs.EVENTS, 0)[0]:
        if event["kind"] == "progress" and event["stage"] == "train":
            steps = int(event["done"])
    return steps
