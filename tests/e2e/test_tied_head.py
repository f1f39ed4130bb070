"""A head that is the embedding's own matrix, trained in full: kept tied up to the export.

The same runs show that an estimate learns from what the last run on this machine measured.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

from support.whole_runs import WORKFLOW, Ground, said, stage

pytestmark = pytest.mark.e2e

TEXT = (
    WORKFLOW.partition("method:")[0]
    + """\
method: {r: 4, modules_to_save: [lm_head]}
training: {max_steps: 6, per_device_train_batch_size: 4, learning_rate: 5.0e-3, seed: 7}
evaluate: {max_new_tokens: 4, generations: 0}
export: {precision: [fp32]}
compute: {device: cpu, threads: 1}
"""
)
EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"


def estimate(ground: Ground) -> dict[str, Any]:
    done = ground.run("estimate", "tones.yaml", "--format", "json")
    assert done.returncode == 0, done
    return json.loads(done.stdout)["estimate"]


@pytest.fixture(scope="module")
def before(shared: Ground) -> dict[str, Any]:
    """What is estimated on a machine on which nothing has been run yet."""
    shared.write(text=TEXT)
    return estimate(shared)


@pytest.fixture(scope="module")
def run(shared: Ground, before: dict[str, Any]) -> Path:
    done = shared.run("run", "tones.yaml")
    assert done.returncode == 0, done
    (folder,) = shared.runs
    return folder


def test_the_merged_model_has_one_matrix_which_has_learnt(shared: Ground, run: Path) -> None:
    base = load_file(shared.model / "model.safetensors")
    merged = load_file(run / "04-merge" / "model" / "model.safetensors")
    assert merged.keys() == base.keys()
    assert HEAD not in merged
    config = json.loads((run / "04-merge" / "model" / "config.json").read_text(encoding="utf-8"))
    assert config["tie_word_embeddings"] is True
    assert (merged[EMBEDDING] != base[EMBEDDING]).mean() > 0.5
    adapter = load_file(run / "03-train" / "adapter" / "adapter_model.safetensors")
    saved = {name for name in adapter if "lora" not in name}
    for name in saved:
        assert (adapter[name] == merged[EMBEDDING]).all(), name
    assert saved


def test_the_exported_model_computes_what_the_tuned_one_does(run: Path) -> None:
    (facts,) = stage(run, "export")["facts"]["exports"]
    assert facts["same_argmax"] == 1.0
    assert facts["max_logit_error"] < 1e-3
    scores = stage(run, "evaluate")["facts"]["scores"]
    assert scores["exported-fp32"]["loss"] == pytest.approx(scores["tuned"]["loss"], abs=1e-4)
    assert scores["tuned"]["loss"] < scores["base"]["loss"]
    assert stage(run, "train")["facts"]["eval_loss"] is not None


def test_the_one_copy_is_foretold_as_it_is_trained(before: dict[str, Any], run: Path) -> None:
    trained = stage(run, "train")["facts"]
    assert (before["trainable"], before["parameters"]) == (
        trained["trainable"],
        trained["parameters"],
    )
    (prediction,) = said(run, "prediction")
    states = next(p["bytes"] for p in prediction["parts"] if p["name"] == "optimizer states")
    assert states == pytest.approx(8 * trained["trainable"], rel=0.001)


def test_the_next_estimate_and_run_know_what_this_one_measured(
    shared: Ground, before: dict[str, Any], run: Path
) -> None:
    measured = said(run, "measurement")[-1]
    process = measured["memory"]["peak_rss_bytes"]
    assert said(run, "prediction")[0]["learnt_from"] == 0
    assert not (run / "calibration.json").exists()
    after = estimate(shared)
    check_nearer(process, before["total"]["likely"], after["total"]["likely"])
    assert after["host"]["likely"] != before["host"]["likely"]

    done = shared.run("run", "tones.yaml", "--fresh", "--only", "fetch", "--only", "prepare",
                      "--only", "train")  # fmt: skip
    assert done.returncode == 0, done
    second = shared.runs[-1]
    (prediction,) = said(second, "prediction")
    assert prediction["learnt_from"] == 1
    first = said(run, "prediction")[0]
    check_nearer(process, first["process"]["likely"], prediction["process"]["likely"])
    assert prediction["allocated"] == first["allocated"]  # nothing is refitted


def check_nearer(measured: float, before: float, after: float) -> None:
    """`after` lies between what was measured and what was thought before."""
    assert after != before
    slack = 0.01 * measured  # what is beside the process: the tensors of another batch
    low, high = sorted((measured, before))
    assert low - slack <= after <= high + slack
    assert abs(after - measured) <= abs(before - measured) + slack
