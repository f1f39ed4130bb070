"""Where runs differ."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pitchpipe_schemas
from pitchpipe.schema import Schema
from pitchpipe_server.runs import comparing
from pitchpipe_server.runs.reading import Reading, begun
from support import recorded_run
from support.recorded_run import Recipe
from support.run_events import STARTED, RunFolder, metrics

KEYS = list(Schema(pitchpipe_schemas.load("workflow")).leaves())


def changed(folder: Path, **settings: Any) -> Path:
    """A run whose plan has these values, by dotted keys with `__` for the dot."""
    recorded_run.write(folder)
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    for name, value in settings.items():
        *sections, key = name.split("__")
        inner = plan
        for section in sections:
            inner = inner[section]
        if value is ...:
            del inner[key]
        else:
            inner[key] = value
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    return folder


def settings(*folders: Path) -> list[tuple[str, list[str | None]]]:
    return [(row["key"], row["values"]) for row in comparing.settings(folders, KEYS)]


def reading(folder: Path) -> Reading:
    found = begun(folder.resolve())
    assert found
    found.drain()
    return found


def measured(*folders: Path) -> dict[str, list[float | None]]:
    return {m["name"]: m["values"] for m in comparing.metrics([reading(f) for f in folders])}


def test_runs_of_one_plan_differ_in_nothing(tmp_path: Path) -> None:
    assert settings(changed(tmp_path / "a"), changed(tmp_path / "b")) == []
    assert settings(tmp_path / "a") == []
    assert settings() == []


def test_what_differs_comes_in_the_order_of_the_schema(tmp_path: Path) -> None:
    one = changed(tmp_path / "a", training__seed=1, training__learning_rate=1e-5, name="first")
    other = changed(tmp_path / "b", training__seed=2, training__learning_rate=0.001, name="2nd")
    assert settings(one, other) == [
        ("name", ["first", "2nd"]),
        ("training.learning_rate", ["1e-05", "0.001"]),
        ("training.seed", ["1", "2"]),
    ]


def test_values_are_yaml_on_one_line(tmp_path: Path) -> None:
    one = changed(
        tmp_path / "a",
        method__target_modules=["q_proj", "v_proj"],
        method__rank_pattern={"^layers.0": 4},
        data__prompt_template="Say: {a}\n",
        data__stratify_by=None,
    )
    other = changed(
        tmp_path / "b",
        method__target_modules="all-linear",
        method__rank_pattern={},
        data__prompt_template="plain",
        data__stratify_by="true",
    )
    found = dict(settings(one, other))
    assert found == {
        "data.stratify_by": ["null", '"true"'],
        "data.prompt_template": ['"Say: {a}\\n"', "plain"],
        "method.rank_pattern": ["{^layers.0: 4}", "{}"],
        "method.target_modules": ["[q_proj, v_proj]", "all-linear"],
    }


def test_of_a_data_source_only_what_is_said(tmp_path: Path) -> None:
    source = {"path": "a.jsonl", "dataset_name": None, "split": "train", "columns": {}}
    one = changed(tmp_path / "a", data__train=[source])
    other = changed(tmp_path / "b", data__train=[source, {**source, "path": "b.jsonl"}])
    assert settings(one, other) == [
        (
            "data.train",
            [
                "[{path: a.jsonl, split: train}]",
                "[{path: a.jsonl, split: train}, {path: b.jsonl, split: train}]",
            ],
        )
    ]


def test_a_key_that_an_older_version_does_not_have_is_unknown(tmp_path: Path) -> None:
    one = changed(tmp_path / "a", training__optim="sgd")
    older = changed(tmp_path / "b", training__optim=...)
    assert settings(one, older) == [("training.optim", ["sgd", None])]


def test_metrics_stand_side_by_side(tmp_path: Path) -> None:
    whole = recorded_run.write(tmp_path / "a")
    cut = recorded_run.write(tmp_path / "b", Recipe(ends="interrupted"))
    found = measured(whole, cut)
    assert list(found)[:6] == [
        *("loss", "eval_loss", "tokens_per_second"),
        *("tuned accuracy", "base accuracy", "exported-int4 accuracy"),
    ]
    scores = json.loads((whole / "06-evaluate" / "scores.json").read_text(encoding="utf-8"))
    tuned = next(m for m in scores["models"] if m["name"] == "tuned")
    assert found["tuned accuracy"] == [tuned["metrics"]["accuracy"]["value"], None]
    assert None not in found["eval_loss"]


def test_what_no_run_has_is_left_out(tmp_path: Path) -> None:
    one = RunFolder(tmp_path / "a", STARTED, metrics(1, loss=None))
    other = RunFolder(tmp_path / "b", STARTED, metrics(1, loss=0.5), metrics(2, eval_loss=0.4))
    assert measured(one.path, other.path) == {"loss": [None, 0.5], "eval_loss": [None, 0.4]}
