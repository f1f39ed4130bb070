"""One run in full, as a panel shows it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pitchpipe_facts import runs
from pitchpipe_runner.reporting import recording, series
from pitchpipe_server.runs.details import MOST_POINTS, Details
from pitchpipe_server.runs.pace import NOTHING_EARLIER
from support import recorded_run
from support.contract import complaint
from support.recorded_run import Recipe
from support.run_events import (
    DONE,
    FAILURE,
    INTERRUPTED,
    STARTED,
    RunFolder,
    begun,
    ended,
    log,
    metrics,
    steps,
    worked_on,
)


def details(folder: Path, most: int = MOST_POINTS, known: Details | None = None) -> dict[str, Any]:
    found = (known or Details()).of(folder, most, NOTHING_EARLIER)
    assert found is not None
    assert complaint(found, "RunDetails") is None
    json.dumps(found, allow_nan=False)
    return found


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(),
        Recipe(device="cuda", resumed_at=100),
        Recipe(ends="failed", nan_from=50),
        Recipe(ends="killed", forecast=False),
        Recipe(ends="interrupted", metrics=False),
        Recipe(classification=False, export=False),
    ],
)
def test_every_run_keeps_to_the_contract(tmp_path: Path, recipe: Recipe) -> None:
    found = details(recorded_run.write(tmp_path / "r", recipe))
    assert found["run"]["id"] == "r"
    assert [stage["name"] for stage in found["stages"]] == list(recorded_run.STAGES)


def test_a_run_that_is_done_tells_all_that_its_report_does(tmp_path: Path) -> None:
    folder = recorded_run.write(tmp_path / "r")
    (folder / "report.html").touch()
    found = details(folder)
    run = found["run"]
    assert (run["state"], run["resumable"], run["share"]) == ("done", False, 1.0)
    assert run["predicted"] == {"low": 2.079e9, "likely": 2.31e9, "high": 2.541e9}
    assert run["measured"] == 2_420_000_000
    assert run["report"] == str(folder / "report.html")
    assert {stage["state"] for stage in found["stages"]} == {"done"}
    assert set(found["series"]) == {
        *("loss", "learning_rate", "grad_norm", "epoch", "tokens_per_second", "eval_loss")
    }
    assert found["memory"]["of"] == "process"
    assert found["offset"] == (folder / "events.jsonl").stat().st_size
    scores = json.loads((folder / "06-evaluate" / "scores.json").read_text(encoding="utf-8"))
    assert [model["kind"] for model in found["evaluated"]] == [
        model["name"] for model in scores["models"]
    ]
    tuned = next(model for model in found["evaluated"] if model["kind"] == "tuned")
    known = next(model for model in scores["models"] if model["name"] == "tuned")
    assert tuned["metrics"]["accuracy"]["value"] == known["metrics"]["accuracy"]["value"]
    assert len(found["samples"]) == len(scores["samples"]) > 0
    assert found["samples"][0]["prompt"] == scores["samples"][0]["prompt"]


def test_on_a_device_memory_is_the_devices(tmp_path: Path) -> None:
    folder = recorded_run.write(tmp_path / "r", Recipe(device="cuda"))
    found = details(folder)
    assert found["memory"]["of"] == "device"
    expected = series.resources(recording.read(folder), "device_bytes")
    assert found["memory"]["bytes"] == [point.value for point in expected]
    assert found["run"]["predicted"]["likely"] == 1_846_000_000
    assert found["run"]["measured"] == 1_850_000_000


def test_what_a_resumed_run_computed_again_is_told_once(tmp_path: Path) -> None:
    folder = recorded_run.write(tmp_path / "r", Recipe(resumed_at=120))
    found = details(folder)
    loss = found["series"]["loss"]
    assert loss["step"] == list(range(1, 281))
    assert loss["seconds"] == sorted(loss["seconds"])
    sessions = recording.read(folder).sessions
    assert found["run"]["seconds"] == pytest.approx(sessions[-1].seconds(sessions[-1].events[-1]))


def test_working_time_goes_up_to_the_last_word_of_each_process(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "runs" / "r", STARTED, metrics(1, loss=3.0), log("still here"))
    run.say({**STARTED, "t": 9000.0}, {**metrics(2, loss=2.5), "t": 9004.0})
    assert details(run.path)["run"]["seconds"] == 6.0


def test_a_run_that_goes_on_tells_how_far_it_is(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "runs" / "r", STARTED, ended("prepare", 3.5), begun("train"))
    run.say(steps(0), steps(25), metrics(25, loss=1.0))
    with worked_on(run.path):
        found = Details().of(run.path, 10, {"export": 40.0, "train": 99.0})
    assert found
    assert found["run"]["state"] == "running"
    assert not found["run"]["resumable"]
    prepare, train, export = found["stages"]
    assert (prepare["seconds"], prepare["left"]) == (3.5, None)
    told = {name: train[name] for name in ("state", "seconds", "done", "total", "unit", "left")}
    assert told == {
        "state": "running",
        "seconds": 3.0,
        "done": 25.0,
        "total": 100.0,
        "unit": "steps",
        "left": 3.0,
    }
    assert (export["state"], export["seconds"], export["left"]) == ("waiting", None, 40.0)


@pytest.mark.parametrize(
    ("events", "state", "failure"),
    [
        ([], "waiting", None),
        ([STARTED, FAILURE], "failed", "out-of-memory"),
        ([STARTED, FAILURE, STARTED, INTERRUPTED], "interrupted", None),
        ([STARTED, begun("train")], "stopped", None),
    ],
)
def test_a_run_without_a_good_end_can_be_resumed(
    tmp_path: Path, events: list[dict[str, Any]], state: str, failure: str | None
) -> None:
    run = details(RunFolder(tmp_path / "runs" / "r", *events).path)["run"]
    assert (run["state"], run["resumable"]) == (state, True)
    assert (run["failure"] and run["failure"]["code"]) == failure
    assert (run["seconds"] is None) == (not events)


def test_a_failure_is_told_until_a_process_takes_the_run_up(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "runs" / "r", STARTED, FAILURE)
    hint = "halve it"
    assert details(run.path)["run"]["failure"]["hint"] == hint
    with worked_on(run.path):
        assert details(run.path)["run"]["failure"] is None


def test_a_hundred_thousand_steps_are_read_once_and_thinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder(tmp_path / "runs" / "r", STARTED, begun("train"))
    losses = [2.0 + (n % 97) / 97 for n in range(100_000)]
    losses[31_415], losses[77_777] = 99.0, -99.0
    run.say(*(metrics(n + 1, loss=loss, learning_rate=1e-4) for n, loss in enumerate(losses)))
    known = Details()
    found = details(run.path, 500, known)
    loss = found["series"]["loss"]
    assert len(loss["step"]) <= 502
    assert (loss["step"][0], loss["step"][-1]) == (1, 100_000)
    assert {99.0, -99.0} <= set(loss["value"])
    assert found["run"]["step"] == 100_000
    run.say(metrics(100_001, loss=1.0))
    read: list[bytes] = []
    parse = runs.parse
    monkeypatch.setattr(runs, "parse", lambda line: read.append(line) or parse(line))
    again = details(run.path, 500, known)
    assert again["series"]["loss"]["step"][-1] == 100_001
    assert again["offset"] == run.events.stat().st_size
    assert len(read) <= 4


def test_a_run_in_the_place_of_another_is_read_from_its_beginning(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "runs" / "r", STARTED, metrics(1, loss=5.0), metrics(2, loss=4.0))
    known = Details()
    details(run.path, known=known)
    run.events.write_bytes(b"")
    run.say(STARTED, metrics(1, loss=0.5))
    assert details(run.path, known=known)["series"]["loss"]["value"] == [0.5]
    other = json.loads((run.path / "plan.json").read_text(encoding="utf-8"))
    run.events.write_bytes(b"")
    run.say(STARTED, metrics(1, loss=5.0), metrics(2, loss=0.25), metrics(3, loss=0.125))
    (run.path / "plan.json").unlink()
    (run.path / "new.json").write_text(json.dumps({**other, "smoke": True}), encoding="utf-8")
    (run.path / "new.json").rename(run.path / "plan.json")
    found = details(run.path, known=known)
    assert found["series"]["loss"]["value"] == [5.0, 0.25, 0.125]


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"name": "x"}'])
def test_a_folder_without_a_readable_plan_tells_nothing(tmp_path: Path, text: str | None) -> None:
    run = RunFolder(tmp_path / "runs" / "r", STARTED)
    (run.path / "plan.json").unlink()
    if text is not None:
        (run.path / "plan.json").write_text(text, encoding="utf-8")
    assert Details().of(run.path, 10, NOTHING_EARLIER) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"models": 1, "samples": {}}', '{"models": [1], "samples": [null]}']
)
def test_scores_of_another_version_are_passed_over(tmp_path: Path, text: str) -> None:
    run = RunFolder(tmp_path / "runs" / "r", STARTED, DONE)
    (run.path / "06-evaluate").mkdir()
    (run.path / "06-evaluate" / "scores.json").write_text(text, encoding="utf-8")
    found = details(run.path)
    assert (found["samples"], found["evaluated"]) == ([], [])


def test_a_model_that_gave_no_answer_has_none(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "runs" / "r", STARTED, DONE)
    (run.path / "06-evaluate").mkdir()
    sample = {"prompt": "p", "expected": None, "answers": {"base": None, "tuned": "x"}}
    model = {"name": "tuned", "metrics": {"loss": {"value": None}, "f1": {"value": 0.5}}}
    scores = {"models": [model], "samples": [sample]}
    (run.path / "06-evaluate" / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
    found = details(run.path)
    assert found["samples"] == [{"prompt": "p", "expected": None, "answers": {"tuned": "x"}}]
    assert found["evaluated"] == [
        {"kind": "tuned", "metrics": {"f1": {"value": 0.5, "low": None, "high": None}}}
    ]
