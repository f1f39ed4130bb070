"""What run folders say, read from real files and real locks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pitchpipe_facts import run_index, runs

HOLD_LOCK = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PITCHPIPE_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def make_run(folder: Path, *events: dict[str, Any], name: str = "tone") -> Path:
    folder.mkdir(parents=True)
    plan = {"name": name, "root": str(folder.parent), "workflow": "tone.yaml", "smoke": False}
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    lines = [json.dumps({"v": 1, "seq": i, "t": 100.0 + i, **e}) for i, e in enumerate(events)]
    (folder / "events.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return folder


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """The lock, held by another process."""
    command = [sys.executable, "-c", HOLD_LOCK, str(lock)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        yield
        holder.communicate()


STARTED = {
    "kind": "run-started",
    "run_id": "r",
    "name": "tone",
    "pid": 1,
    "resumed": False,
    "smoke": False,
    "stages": ["fetch", "train"],
    "versions": {},
}
FETCHED = {"kind": "stage-done", "stage": "fetch", "seconds": 2.5, "cpu_seconds": 2, "facts": {}}
TRAINING = {"kind": "stage-started", "stage": "train"}
DONE = {"kind": "run-done", "seconds": 9.0, "report": "report.html"}


def check_state(folder: Path, state: str) -> runs.RunInfo:
    run = runs.read(folder)
    assert run is not None
    assert run.state == state
    return run


def test_a_run_without_events_waits(tmp_path: Path) -> None:
    check_state(make_run(tmp_path / "r"), "waiting")


def test_a_run_that_is_done_names_its_report(tmp_path: Path) -> None:
    run = check_state(make_run(tmp_path / "r", STARTED, FETCHED, DONE), "done")
    assert run.report == tmp_path / "r" / "report.html"
    assert [(s.name, s.state, s.seconds) for s in run.stages] == [
        ("fetch", "done", 2.5),
        ("train", "waiting", None),
    ]


def test_a_run_whose_process_is_gone_is_stopped_in_its_stage(tmp_path: Path) -> None:
    run = check_state(make_run(tmp_path / "r", STARTED, FETCHED, TRAINING), "stopped")
    assert run.stage == "train"


def test_a_run_whose_lock_is_held_is_running(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "r", STARTED, TRAINING)
    with held(folder / "run.lock"):
        check_state(folder, "running")
    check_state(folder, "stopped")


def test_a_failure_tells_what_and_where(tmp_path: Path) -> None:
    failure = {
        "kind": "failure",
        "code": "out-of-memory",
        "message": "no memory",
        "path": "training.per_device_train_batch_size",
        "place": {"line": 12, "column": 3, "end_line": 12, "end_column": 9},
        "hint": "halve it",
        "stage": "train",
        "exit_code": 3,
    }
    run = check_state(make_run(tmp_path / "r", STARTED, TRAINING, failure), "failed")
    assert run.failure == runs.Failure(
        "out-of-memory", "no memory", "halve it", "train", 12, 3, exit_code=3
    )
    assert run.stage == "train"


def test_a_resumed_run_keeps_what_was_done_and_forgets_the_failure(tmp_path: Path) -> None:
    interrupted = {"kind": "interrupted", "stage": "train", "exit_code": 130}
    again = {**STARTED, "resumed": True}
    folder = make_run(tmp_path / "r", STARTED, FETCHED, TRAINING, interrupted, again)
    run = check_state(folder, "stopped")
    assert [s.state for s in run.stages] == ["done", "waiting"]
    assert run.started == 100.0


def test_remaining_time_counts_from_where_this_process_began(tmp_path: Path) -> None:
    progress = [
        {"kind": "progress", "stage": "train", "done": done, "total": 100, "unit": "steps"}
        for done in (50, 51, 52)
    ]
    run = check_state(make_run(tmp_path / "r", STARTED, TRAINING, *progress), "stopped")
    assert run.stages[1].progress is not None
    assert run.stages[1].progress.remaining == pytest.approx(48.0)


def test_metrics_keep_the_last_value_of_each_name(tmp_path: Path) -> None:
    metrics = [
        {"kind": "metrics", "stage": "train", "step": step, "total_steps": 9, "values": values}
        for step, values in ((1, {"loss": 2.0, "epoch": 0.1}), (2, {"eval_loss": 1.5}))
    ]
    run = check_state(make_run(tmp_path / "r", STARTED, TRAINING, *metrics), "stopped")
    assert run.metrics == {"loss": 2.0, "epoch": 0.1, "eval_loss": 1.5}
    assert run.step == 2


def test_unknown_kinds_and_malformed_fields_change_nothing(tmp_path: Path) -> None:
    strange = {"kind": "teleported", "to": "mars"}
    malformed = {"kind": "progress", "stage": "train", "done": "many", "total": 3, "unit": "steps"}
    listed = {
        "kind": "failure",
        **dict.fromkeys(("code", "message", "hint", "stage"), ""),
        "place": 7,
    }
    odd = [strange, malformed, listed, {"kind": ["train"]}]
    run = check_state(make_run(tmp_path / "r", STARTED, TRAINING, *odd), "stopped")
    assert run.stages[1].progress is None


def test_a_half_written_last_line_waits_for_its_rest(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"kind": "log"}\n{"kind": "met')
    events, offset = runs.tail(path, 0)
    assert events == [{"kind": "log"}]
    with path.open("ab") as file:
        file.write(b'rics"}\n')
    assert runs.tail(path, offset) == ([{"kind": "metrics"}], path.stat().st_size)


def test_a_line_that_a_killed_process_left_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"kind": "log"}\n{"kind": "met\n{"kind": "run-started"}\n')
    assert [e["kind"] for e in runs.tail(path, 0)[0]] == ["log", "run-started"]


def test_events_that_do_not_exist_yet_are_none(tmp_path: Path) -> None:
    assert runs.tail(tmp_path / "events.jsonl", 0) == ([], 0)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": 1}', "null"])
def test_a_folder_without_a_readable_plan_is_no_run(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text, encoding="utf-8")
    assert runs.read(tmp_path) is None


def test_the_index_finds_a_registered_run_and_drops_a_removed_one(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "far" / "r", STARTED)
    run_index.register(folder)
    assert run_index.indexed() == [folder]
    (folder / "plan.json").unlink()
    assert run_index.indexed() == []
    assert list(run_index.index_folder().iterdir()) == []


def test_runs_in_an_output_folder_enter_an_index_that_was_lost(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "runs" / "r", STARTED)
    assert [r.folder for r in run_index.gather([tmp_path / "runs"])] == [folder]
    assert run_index.indexed() == [folder]


def test_runs_are_listed_newest_first_and_found_by_id_or_folder(tmp_path: Path) -> None:
    old = make_run(tmp_path / "runs" / "b", STARTED)
    new = make_run(tmp_path / "runs" / "a", {**STARTED, "t": 500.0})
    assert [r.id for r in run_index.gather([tmp_path / "runs"])] == ["a", "b"]
    for name in ("b", str(old)):
        found = run_index.find(name)
        assert found is not None
        assert found.folder == old
    assert run_index.find("c") is None
    assert new.is_dir()


def test_a_broken_index_entry_is_dropped(state_folder: Path) -> None:
    (state_folder / "runs").mkdir(parents=True)
    (state_folder / "runs" / "x.json").write_text("{", encoding="utf-8")
    assert run_index.indexed() == []
    assert list((state_folder / "runs").iterdir()) == []


def test_an_index_that_cannot_be_written_is_no_reason_to_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("PITCHPIPE_STATE_DIR", str(tmp_path / "file"))
    run_index.register(make_run(tmp_path / "r", STARTED))
    assert run_index.indexed() == []


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    run_index.write_atomically(path, "one\n")
    run_index.write_atomically(path, "two\n")
    assert path.read_bytes() == b"two\n"
    assert list(tmp_path.glob(".plan*")) == []
    (tmp_path / "other").touch()
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode
