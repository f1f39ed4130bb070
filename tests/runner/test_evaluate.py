from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from pitchpipe_runner.metrics import same_text
from support.tiny import SIGNS, tiny_model, tiny_rows
from support.workbench import Benches, Workbench, write_rows

TRAINING = "training: {max_steps: 40, learning_rate: 0.003, per_device_train_batch_size: 2}\n"
BRIEF = "training: {max_steps: 1}\n"
DATA = """
data:
  train: [{path: rows.jsonl}]
  prompt_template: "{text}"
  completion_template: "{label}"
  test_size: 0.4
  max_length: 64
"""


def scores(made: Workbench) -> dict[str, Any]:
    return json.loads((made.evaluated.folder / "scores.json").read_text(encoding="utf-8"))


def predictions(made: Workbench) -> list[dict[str, Any]]:
    with (made.evaluated.folder / "predictions.jsonl").open(encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


@pytest.fixture(scope="module")
def classified(shared_bench: Benches, chat_model: Path) -> Workbench:
    tiny_rows(shared_bench.folder, 60)
    fragment = f"""
task: classification
method: {{type: full}}
evaluate: {{generations: 3, max_new_tokens: 8}}
export: {{precision: fp32}}
{TRAINING}{DATA}  stratify_by: label
"""
    return shared_bench(fragment, chat_model)


def test_every_model_is_measured_on_the_same_rows(classified: Workbench) -> None:
    found = scores(classified)
    assert found["rows"] == {"n": 24, "split": "test", "counts": dict.fromkeys(SIGNS, 8)}
    assert [(m["name"], m["kind"], m["precision"]) for m in found["models"]] == [
        ("base", "base", None),
        ("tuned", "tuned", None),
        ("exported-fp32", "exported", "fp32"),
    ]
    for model in found["models"]:
        assert sum(map(sum, model["confusion"])) == 24
        assert [sum(row) for row in model["confusion"]] == [8, 8, 8]
        assert model["tokens_per_second"] > 0
        assert model["bytes"] > 0
        assert set(model["metrics"]) == {"loss", "perplexity", "accuracy", "f1", "exact_match"}
        for metric in model["metrics"].values():
            assert metric["low"] <= metric["value"] <= metric["high"]


def test_what_was_learnt_shows(classified: Workbench) -> None:
    base, tuned, fp32 = (m["metrics"] for m in scores(classified)["models"])
    assert tuned["loss"]["value"] < base["loss"]["value"] - 1
    assert base["exact_match"]["value"] == 0 < tuned["exact_match"]["value"]
    assert tuned["perplexity"]["value"] == pytest.approx(math.exp(tuned["loss"]["value"]))
    for name, metric in tuned.items():
        assert fp32[name]["value"] == pytest.approx(metric["value"], rel=1e-4)


def test_each_model_is_set_against_the_one_before_it(classified: Workbench) -> None:
    found = scores(classified)
    by_name = {m["name"]: m["metrics"] for m in found["models"]}
    pairs = {(d["a"], d["b"]) for d in found["differences"]}
    assert pairs == {("tuned", "base"), ("exported-fp32", "tuned")}
    for d in found["differences"]:
        a, b = (by_name[d[side]][d["metric"]]["value"] for side in "ab")
        assert d["value"] == pytest.approx(a - b)
        assert d["low"] <= d["value"] + 1e-9
        assert d["value"] <= d["high"] + 1e-9


def test_the_majority_is_what_a_guess_would_score(classified: Workbench) -> None:
    majority = scores(classified)["majority"]
    assert majority["label"] in SIGNS
    assert majority["accuracy"] == pytest.approx(1 / 3)
    assert majority["f1"] == pytest.approx(0.5 / 3)


def test_every_prediction_is_kept_and_adds_up(classified: Workbench) -> None:
    rows = predictions(classified)
    assert len(rows) == 24
    for model in scores(classified)["models"]:
        said = [row["models"][model["name"]] for row in rows]
        right = [s["predicted"] == row["completion"] for s, row in zip(said, rows, strict=True)]
        assert model["metrics"]["accuracy"]["value"] == pytest.approx(sum(right) / 24)
        same = [same_text(s["answer"], r["completion"]) for s, r in zip(said, rows, strict=True)]
        assert model["metrics"]["exact_match"]["value"] == pytest.approx(sum(same) / 24)
        loss = sum(s["nll"] for s in said) / sum(s["tokens"] for s in said)
        assert model["metrics"]["loss"]["value"] == pytest.approx(loss)


def test_some_answers_are_shown(classified: Workbench) -> None:
    found = scores(classified)
    names = {m["name"] for m in found["models"]}
    rows = predictions(classified)
    assert len(found["samples"]) == 3
    for sample, row in zip(found["samples"], rows, strict=False):
        assert sample["prompt"] == row["prompt"]
        assert sample["expected"] == row["completion"]
        assert sample["answers"] == {name: row["models"][name]["answer"] for name in names}


def test_texts_are_measured_by_their_likelihood_alone(
    bench: Benches, tmp_path: Path, plain_model: Path
) -> None:
    tiny_rows(tmp_path, 20)
    data = 'data: {train: [{path: rows.jsonl}], text_template: "{text}", val_size: 0.3}\n'
    made = bench(f"{BRIEF}evaluate: {{generations: 2, max_new_tokens: 4}}\n{data}", plain_model)
    found = scores(made)
    assert found["rows"] == {"n": 6, "split": "eval", "counts": None}
    assert found["labels"] is None
    assert found["majority"] is None
    for model in found["models"]:
        assert set(model["metrics"]) == {"loss", "perplexity"}
        assert model["confusion"] is None
    answers = [row["models"]["base"]["answer"] for row in predictions(made)]
    assert all(len(sample["answers"]) == 2 for sample in found["samples"])
    assert len(found["samples"]) == 2
    assert len(answers) == 6


def test_a_part_of_the_rows_is_drawn_by_the_seed(
    bench: Benches, tmp_path: Path, chat_model: Path
) -> None:
    tiny_rows(tmp_path, 40)
    drawn: list[list[str]] = []
    for run, seed in (("a", 1), ("b", 1), ("c", 2)):
        training = f"training: {{max_steps: 1, seed: {seed}}}\n"
        few = "evaluate: {max_rows: 5, metrics: [loss], generations: 0}\n"
        split = DATA.replace("test_size: 0.4", "test: [{path: rows.jsonl}]")
        made = bench(training + few + split, chat_model, run=run)
        drawn.append([row["prompt"] for row in predictions(made)])
        assert scores(made)["rows"]["n"] == 5
        assert scores(made)["samples"] == []
    assert drawn[0] == drawn[1] != drawn[2]


def test_without_held_out_rows_nothing_is_measured_and_that_is_said(
    bench: Benches, tmp_path: Path, chat_model: Path
) -> None:
    tiny_rows(tmp_path, 10)
    data = DATA.replace("test_size: 0.4", "val_size: 0")
    made = bench(BRIEF + data, chat_model)
    assert scores(made)["rows"]["n"] == 0
    assert made.warnings() == [
        "nothing-to-evaluate at data.val_size: no rows are held out, so nothing is measured"
    ]


@pytest.mark.filterwarnings("ignore:fan_in_fan_out")
@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
def test_a_prompt_that_fills_the_models_context_is_answered_as_far_as_there_is_room(
    bench: Benches, tmp_path: Path, architecture: Any
) -> None:
    model = tiny_model(tmp_path / "model", architecture=architecture)
    long = " ".join(["dog"] * 490)  # with its template 505 of the 512 tokens
    rows = [{"text": f"cat {i}", "label": "joy"} for i in range(4)]
    write_rows(tmp_path, [{"text": long, "label": "joy"}, rows[0]], "test.jsonl")
    fragment = f"""
training: {{max_steps: 1}}
evaluate: {{metrics: [loss, exact_match], max_new_tokens: 30}}
{DATA.replace("test_size: 0.4", "test: [{path: test.jsonl}]").replace("64", "512")}
"""
    made = bench(fragment, model, rows)
    assert scores(made)["rows"]["n"] == 2
