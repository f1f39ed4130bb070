"""What a workflow's run folders tell an editor: summaries, and a failure at its line."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pitchpipe.ide.world import Run
from pitchpipe_facts import run_index
from pitchpipe_server.runs.knowing import Runs
from support import recorded_run
from support.run_events import (
    DONE,
    FAILURE,
    INTERRUPTED,
    STARTED,
    RunFolder,
    begun,
    ended,
    metrics,
    steps,
    worked_on,
)

TEXT = "version: 1\ntraining:\n  per_device_train_batch_size: 64\n"


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PITCHPIPE_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def workflow(tmp_path: Path) -> Path:
    file = tmp_path / "tone.yaml"
    file.write_text(TEXT, encoding="utf-8")
    return file


def make(workflow: Path, name: str, *events: dict[str, Any], **plan: Any) -> RunFolder:
    """A run of the workflow that is in the index."""
    run = RunFolder(workflow.parent / "runs" / name, *events, workflow=workflow.name, **plan)
    run_index.register(run.path)
    return run


def only(workflow: Path) -> Run:
    (run,) = Runs().summaries(workflow)
    return run


def test_a_workflow_without_runs_has_none(workflow: Path) -> None:
    runs = Runs()
    runs.discover(workflow)
    assert (runs.summaries(workflow), runs.running()) == ((), [])


def test_a_run_that_is_done_names_its_lowest_eval_loss_and_its_report(workflow: Path) -> None:
    losses = [metrics(10, eval_loss=0.9), metrics(20, eval_loss=0.5), metrics(30, eval_loss=0.7)]
    run = make(workflow, "r", STARTED, *losses, metrics(30, loss=0.1, eval_loss=None), DONE)
    (run.path / "report.html").touch()
    found = only(workflow)
    assert (found.id, found.state, found.best, found.share) == ("r", "done", ("eval_loss", 0.5), 1)
    assert (found.step, found.total_steps, found.at) == (30, 100, 105.0)
    assert found.report == str((run.path / "report.html").resolve())


def test_without_evaluations_while_training_the_last_one_is_told(
    workflow: Path, tmp_path: Path
) -> None:
    run = make(workflow, "r", STARTED, metrics(10, loss=0.2), DONE)
    assert only(workflow).best == ("loss", 0.2)
    (run.path / "06-evaluate").mkdir()
    scores = recorded_run.scores(recorded_run.Recipe())
    (run.path / "06-evaluate" / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
    accuracy = next(m for m in scores["models"] if m["kind"] == "tuned")["metrics"]["accuracy"]
    assert only(workflow).best == ("accuracy", accuracy["value"])


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"models": [{"kind": "tuned"}]}'])
def test_scores_of_another_version_are_no_best(workflow: Path, text: str) -> None:
    run = make(workflow, "r", STARTED, metrics(10, loss=None), DONE)
    (run.path / "06-evaluate").mkdir()
    (run.path / "06-evaluate" / "scores.json").write_text(text, encoding="utf-8")
    assert only(workflow).best is None


def test_runs_come_newest_first_and_no_others(workflow: Path) -> None:
    make(workflow, "a", {**STARTED, "t": 50}, DONE)
    make(workflow, "b", {**STARTED, "t": 500, "smoke": True}, INTERRUPTED)
    make(workflow, "c", {**STARTED, "t": 200}, FAILURE)
    make(workflow.with_name("other.yaml"), "d", {**STARTED, "t": 900}, DONE)
    found = Runs().summaries(workflow)
    assert [run.id for run in found] == ["b", "c", "a"]
    assert [run.state for run in found] == ["interrupted", "failed", "done"]
    assert [run.smoke for run in found] == [True, False, False]


def test_a_summary_follows_what_is_written(workflow: Path) -> None:
    runs = Runs()
    run = make(workflow, "r")
    assert [r.state for r in runs.summaries(workflow)] == ["waiting"]
    with worked_on(run.path):
        run.say(STARTED, begun("train"), steps(0), steps(50), metrics(50, loss=0.5))
        runs = Runs()
        (running,) = runs.summaries(workflow)
        assert (running.state, running.stage, running.step) == ("running", "train", 50)
        assert running.share == pytest.approx(3 / 4)
        assert runs.running() == [run.path.resolve()]
        run.say(metrics(60, loss=0.4))
        runs.changed()
        assert runs.summaries(workflow)[0].step == 60
    run.say(DONE)
    assert Runs().summaries(workflow)[0].state == "done"
    shutil.rmtree(run.path)
    runs.changed()
    assert runs.summaries(workflow) == ()


def test_a_run_that_died_is_stopped(workflow: Path) -> None:
    make(workflow, "r", STARTED, begun("train"))
    assert only(workflow).state == "stopped"


def test_a_run_that_goes_on_is_measured_by_an_earlier_one(workflow: Path) -> None:
    whole = {**STARTED, "t": 1}
    took = [ended("prepare", 5.0), ended("train", 40.0), ended("export", 50.0)]
    make(workflow, "a", whole, *took, DONE)
    run = make(workflow, "b", {**STARTED, "t": 900}, ended("prepare", 5.0, t=905))
    run.say(begun("train", t=905), steps(0, t=905), steps(50, t=925))
    with worked_on(run.path):
        found = Runs().summaries(workflow)[0]
    assert found.share == pytest.approx(25 / (25 + 20 + 50))


def test_runs_that_the_index_does_not_know_are_found_near_the_file(workflow: Path) -> None:
    RunFolder(workflow.parent / "runs" / "r", STARTED, DONE)
    runs = Runs()
    assert runs.summaries(workflow) == ()
    runs.discover(workflow)
    runs.changed()
    assert [run.id for run in runs.summaries(workflow)] == ["r"]


# Failures


def fail(workflow: Path, text: str = TEXT, **changes: Any) -> RunFolder:
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    failure = {**FAILURE, **changes}
    return make(workflow, "r", STARTED, begun("train"), failure, workflow_sha256=sha256)


def test_a_failure_is_found_at_its_line(workflow: Path) -> None:
    fail(workflow)
    found = Runs().failure_finding(workflow, TEXT)
    assert found is not None
    assert TEXT[found.span.start : found.span.end] == "per_device_train_batch_size: "
    assert (found.code, found.path) == ("out-of-memory", FAILURE["path"])
    assert found.message == "the last run failed in `train`: not enough memory; halve it"


def test_it_stays_until_the_text_is_another_and_comes_back_with_it(workflow: Path) -> None:
    fail(workflow)
    runs = Runs()
    assert runs.failure_finding(workflow, TEXT.replace("64", "32")) is None
    assert runs.failure_finding(workflow, TEXT) is not None


def test_a_newer_run_takes_it_away(workflow: Path) -> None:
    fail(workflow)
    make(workflow, "s", {**STARTED, "t": 900})
    assert Runs().failure_finding(workflow, TEXT) is None


def test_a_resume_takes_it_away(workflow: Path) -> None:
    run = fail(workflow)
    with worked_on(run.path):
        assert Runs().failure_finding(workflow, TEXT) is None
    run.say({**STARTED, "resumed": True})
    assert Runs().failure_finding(workflow, TEXT) is None


@pytest.mark.parametrize(
    "place",
    [None, {"line": 99, "column": 1, "end_line": 99, "end_column": 2}, {"line": 1}, 7],
)
def test_a_failure_of_no_place_in_the_text_is_no_finding(workflow: Path, place: object) -> None:
    fail(workflow, place=place)
    assert Runs().failure_finding(workflow, TEXT) is None
