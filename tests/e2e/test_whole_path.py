"""From a workflow file to a tuned, exported, measured model, by the command alone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import pitchpipe_schemas
from support.whole_runs import (
    WORKFLOW,
    Ground,
    events_of,
    made,
    reused,
    said,
    stage,
)

pytestmark = pytest.mark.e2e

# Of random weights an adapter has nothing to adapt, so all of them are trained.
FULL = """\
method: {type: full}
training:
  learning_rate: 5.0e-3  # pitchpipe: ignore[learning-rate-unusual]
  max_steps: 60
  per_device_train_batch_size: 4
  logging_steps: 10
  save_strategy: epoch
  save_total_limit: 1
  eval_strategy: epoch
evaluate: {max_new_tokens: 4, generations: 30}
export: {precision: [fp32]}
compute: {device: cpu, threads: 1}
"""
TEXT = WORKFLOW.partition("method:")[0] + FULL
STAGES = ["fetch", "prepare", "train", "merge", "export", "evaluate", "report"]


@pytest.fixture(scope="module")
def run(shared: Ground) -> Path:
    """The first run."""
    shared.write(text=TEXT)
    checked = shared.run("check", "tones.yaml")
    assert (checked.returncode, checked.stdout) == (0, "no findings in 1 file\n")
    done = shared.run("run", "tones.yaml")
    assert done.returncode == 0, done
    assert "evaluated on 30 test rows" in done.stdout
    assert done.stderr == ""
    (folder,) = shared.runs
    assert f"runs/{folder.name}/report.html" in done.stdout
    return folder


def scores(run: Path) -> dict[str, dict[str, Any]]:
    """Of each model, by name."""
    found = json.loads((run / "06-evaluate" / "scores.json").read_text(encoding="utf-8"))
    return {model["name"]: model for model in found["models"]}


def test_every_stage_is_made_and_leaves_a_folder(run: Path) -> None:
    assert made(run) == STAGES
    names = [f"{number:02d}-{name}" for number, name in enumerate(STAGES, start=1)]
    files = ["events.jsonl", "output.log", "plan.json", "report.html", "run.lock", "workflow.yaml"]
    assert sorted(p.name for p in run.iterdir()) == [*names, *files]
    for name in STAGES:
        record = stage(run, name)
        assert record["stage"] == name
        assert len(record["key"]) == 64
        (done,) = said(run, "stage-done", stage=name)
        assert (done["facts"], done["seconds"]) == (record["facts"], record["seconds"])
    assert (run / "workflow.yaml").read_text(encoding="utf-8") == (
        run.parents[1] / "tones.yaml"
    ).read_text(encoding="utf-8")


def test_plan_and_events_are_as_their_schemas_have_them(run: Path) -> None:
    plan = json.loads((run / "plan.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(pitchpipe_schemas.load("plan")).validate(plan)
    events = events_of(run)
    assert (events[0]["kind"], events[-1]["kind"]) == ("run-started", "run-done")
    paths = [e["path"] for e in events if e["kind"] == "artifact"]
    assert paths == ["04-merge/model", "05-export/fp32", "report.html"]
    assert all((run / path).exists() for path in paths)
    steps = [e["step"] for e in said(run, "metrics") if "loss" in e["values"]]
    assert steps == [1, 10, 20, 30, 40, 50, 60]


def test_the_tuned_model_has_learnt_what_the_rows_say(run: Path) -> None:
    found = scores(run)
    assert found["base"]["metrics"]["accuracy"]["value"] < 0.6
    assert found["tuned"]["metrics"]["accuracy"]["low"] > 0.8
    assert found["tuned"]["metrics"]["loss"]["high"] < found["base"]["metrics"]["loss"]["low"]


def test_the_exported_model_answers_as_the_tuned_one(run: Path) -> None:
    file = run / "06-evaluate" / "predictions.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 30
    for row in rows:
        tuned, exported = row["models"]["tuned"], row["models"]["exported-fp32"]
        assert (tuned["answer"], tuned["predicted"]) == (exported["answer"], exported["predicted"])
        assert tuned["nll"] == pytest.approx(exported["nll"], abs=1e-3)
    (facts,) = stage(run, "export")["facts"]["exports"]
    assert facts["same_argmax"] == 1.0
    assert facts["max_logit_error"] < 1e-3


def test_the_report_needs_nothing_but_itself(run: Path) -> None:
    html = (run / "report.html").read_text(encoding="utf-8")
    fetched = re.findall(r"<(?:script|img|link|iframe)[^>]*\s(?:src|href)=\"([^\"]*)\"", html)
    assert [place for place in fetched if not place.startswith("data:")] == []
    assert "@import" not in html
    assert "default-src 'none'" in html
    assert "fp32" in html


def test_a_second_run_reuses_everything(shared: Ground, run: Path) -> None:
    done = shared.run("run", "tones.yaml", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    second = shared.runs[-1]
    assert second != run
    assert done.stdout == (second / "events.jsonl").read_text(encoding="utf-8")
    assert made(second) == ["report"]
    assert reused(second)["train"] == f"{run.name}/03-train"
    (ended,) = said(second, "run-done")
    assert ended["seconds"] < stage(run, "export")["seconds"]
    assert scores(second) == scores(run)


def test_a_change_of_the_evaluation_retrains_nothing(shared: Ground, run: Path) -> None:
    done = shared.run("run", "tones.yaml", "--set", "evaluate.max_new_tokens=3", "-q")
    assert done.returncode == 0, done
    assert made(shared.runs[-1]) == ["evaluate", "report"]


def test_fresh_takes_nothing_of_other_runs(shared: Ground, run: Path) -> None:
    done = shared.run("run", "tones.yaml", "--fresh", "--only", "prepare")
    assert done.returncode == 0, done
    assert made(shared.runs[-1]) == ["prepare"]
    assert set(reused(shared.runs[-1])) == {"fetch"}


def test_runs_are_listed_shown_and_removed(shared: Ground, run: Path) -> None:
    listed = shared.run("runs", "list", "--format", "json")
    entries = {entry["id"]: entry for entry in json.loads(listed.stdout)["runs"]}
    assert entries[run.name]["state"] == "done"
    assert set(entries) == {folder.name for folder in shared.runs}
    shown = shared.run("runs", "show", run.name)
    assert shown.returncode == 0
    assert "evaluated on 30 test rows" in shown.stdout
    # What later runs took over from the first stays theirs.
    last = shared.runs[-1]
    removed = shared.run("runs", "rm", "--yes", run.name)
    assert (removed.returncode, run.exists()) == (0, False)
    assert (last / "01-fetch" / "model.json").read_text(encoding="utf-8")
    assert run.name not in shared.run("runs", "list").stdout
