"""Ctrl-C and its kin, and two processes that want the same run."""

# Seen as on Windows, where all of this is skipped, the signals are not there.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pitchpipe_facts import runs
from support.whole_runs import (
    WORKFLOW,
    Ground,
    Moment,
    at_step,
    ended,
    events_of,
    hit,
    in_builder,
    made,
    results,
    said,
    wait_until,
)

if sys.platform == "win32":
    pytest.skip("Windows has no signals to send", allow_module_level=True)

pytestmark = pytest.mark.e2e

TEXT = WORKFLOW.replace("{format: none}", "{precision: [fp32]}")


@pytest.fixture(scope="module")
def ground(shared: Ground) -> Ground:
    shared.write(text=TEXT)
    return shared


@pytest.fixture(scope="module")
def whole(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Gives a run that was left alone, which goes on in another folder meanwhile."""
    elsewhere = replace(ground, folder=tmp_path_factory.mktemp("whole"))
    elsewhere.write(text=TEXT)
    process = elsewhere.start("run", "tones.yaml")

    def run() -> Path:
        done = ended(process)
        assert done.returncode == 0, done
        return elsewhere.runs[0]

    return run


def stopped(ground: Ground, moment: Moment, number: int, run: Path | None = None) -> Path:
    """Sends a signal to the command, as a terminal or a service manager does, at a moment."""
    known = ground.runs
    arguments = ["tones.yaml", "--fresh"] if run is None else ["--resume", str(run), "--fresh"]
    process = ground.start("run", *arguments)
    run = run or ground.new_run(process, known)
    assert hit(run, moment, 0, go_on=False), "it was over before the signal came"
    process.send_signal(number)
    wait_until(lambda: _pending(run, signal.SIGINT))
    os.kill(_pid(run), signal.SIGCONT)
    done = ended(process)
    assert done.returncode == 130, done
    assert f"pitchpipe run --resume {run.name}" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "stopping after the current step" in done.stdout
    assert events_of(run)[-1]["kind"] == "interrupted"
    return run


def test_an_interrupted_run_goes_on_from_that_very_step(
    ground: Ground, whole: Callable[[], Path]
) -> None:
    """Stopped while it trains, at the last step, and while the builder, its own process, works.

    The last step's gain is a finished stage: it is kept, and nothing further is begun.
    """
    run = stopped(ground, at_step(6), signal.SIGINT)
    step = max(e["done"] for e in said(run, "progress", stage="train"))
    assert step < 22
    assert (run / f"03-train.partial/checkpoints/checkpoint-{step}/complete.json").exists()
    listed = json.loads(ground.run("runs", "show", run.name, "--format", "json").stdout)["run"]
    assert (listed["state"], listed["stage"]) == ("interrupted", "train")

    stopped(ground, at_step(22), signal.SIGHUP, run)
    assert said(run, "log", message=f"going on from checkpoint-{step}")
    assert (events_of(run)[-1]["stage"], made(run)[-1]) == ("train", "train")

    stopped(ground, in_builder(), signal.SIGTERM, run)
    assert events_of(run)[-1]["stage"] == "export"

    done = ground.run("run", "--resume", run.name, "--fresh")
    assert done.returncode == 0, done
    assert made(run) == ["fetch", "prepare", "train", "merge", "export", "evaluate", "report"]
    assert results(run) == results(whole())


@pytest.fixture
def held(ground: Ground) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A run whose process stands still while it trains, and the command that watches it."""
    known = ground.runs
    process = ground.start("run", "tones.yaml", "--fresh")
    run = ground.new_run(process, known)
    assert hit(run, at_step(1), signal.SIGSTOP, go_on=False)
    yield process, run
    if process.poll() is None:
        for _ in range(2):
            process.send_signal(signal.SIGINT)
        ended(process)


def test_one_run_is_worked_on_by_one_process(
    ground: Ground, held: tuple[subprocess.Popen[str], Path]
) -> None:
    process, run = held
    before = (run / "events.jsonl").read_bytes()
    second = ground.run("run", "--resume", run.name)
    assert (second.returncode, second.stdout) == (2, "")
    assert second.stderr == (
        f"pitchpipe: run {run.name} is in progress: another process works on it\n"
    )
    runner = subprocess.run(
        [sys.executable, "-m", "pitchpipe_runner", str(run), "--resume"],
        env=ground.environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert runner.returncode == 2
    assert "is being worked on by another process" in runner.stderr
    removed = ground.run("runs", "rm", "-y", run.name)
    assert (removed.returncode, run.exists()) == (2, True)
    assert (run / "events.jsonl").read_bytes() == before

    # Of two requests to stop, the second does not wait for the step's end, which never comes here.
    process.send_signal(signal.SIGINT)
    wait_until(lambda: _pending(run, signal.SIGINT))
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert done.returncode == 130, done
    assert "killed" in done.stdout
    assert f"pitchpipe run --resume {run.name}" in done.stderr


def _pid(run: Path) -> int:
    """Of the last process that worked on the run."""
    events, _ = runs.tail(run / runs.EVENTS, 0)
    return [event["pid"] for event in events if event["kind"] == "run-started"][-1]


def _pending(run: Path, number: int) -> bool:
    """Whether a signal waits for the process of a run; where nobody can tell, it surely does."""
    status = Path(f"/proc/{_pid(run)}/status")
    if not status.exists():
        return True
    lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
    return bool(int(lines["ShdPnd"], 16) >> (number - 1) & 1)


def test_a_run_that_is_stopped_before_it_began_leaves_nothing(ground: Ground) -> None:
    known = ground.runs
    process = ground.start("run", "tones.yaml")
    run = ground.new_run(process, known)
    wait_until((run / "output.log").exists)
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert done.returncode == 130, done
    assert not run.exists()
    assert "nothing is left" in done.stderr


def test_two_runs_of_one_file_at_one_moment_get_two_folders(ground: Ground) -> None:
    known = ground.runs
    processes = [ground.start("run", "tones.yaml", "--only", "fetch", "-q") for _ in range(2)]
    assert [ended(process).returncode for process in processes] == [0, 0]
    new = set(ground.runs) - set(known)
    assert len(new) == 2
    assert all(events_of(run)[-1]["kind"] == "run-done" for run in new)


def test_a_run_outlives_its_terminal(ground: Ground) -> None:
    """Killed without a word, the command takes nothing with it."""
    known = ground.runs
    process = ground.start("run", "tones.yaml", "--fresh", "--only", "fetch")
    run = ground.new_run(process, known)
    wait_until((run / "output.log").exists)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    wait_until(lambda: [e for e in runs.tail(run / runs.EVENTS, 0)[0] if e["kind"] == "run-done"])
