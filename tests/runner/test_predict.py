"""What is said of a training before its first step, against what it then takes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from pitchpipe.estimate.calibration import (
    Observation,
    Setting,
    from_json,
    machine_digest,
    to_json,
)
from pitchpipe_runner import expecting, predict
from pitchpipe_runner.cataloguing.describe import describe
from support.tiny import Architecture, tiny_model, tiny_rows
from support.workbench import CPU, Benches, Workbench

DATA = """
data:
  train: [{path: rows.jsonl}]
  prompt_template: "{text}"
  completion_template: "{label}"
  val_size: 0.25
  packing: false
"""
LORA, FULL = "method: {r: 4}\n", "method: {type: full}\n"


@pytest.fixture(autouse=True)
def rows(tmp_path: Path) -> None:
    tiny_rows(tmp_path, 32)


def workflow(method: str = LORA, **training: Any) -> str:
    usual = {"max_steps": 3, "per_device_train_batch_size": 8}
    return f"{method}training: {json.dumps(usual | training)}\n{DATA}"


def told(made: Workbench) -> tuple[dict[str, Any], dict[str, Any]]:
    """The prediction and the last measurement."""
    _ = made.trained
    (prediction,) = made.said("prediction")
    return prediction, made.said("measurement")[-1]


def warned(made: Workbench) -> list[str]:
    return [e["message"] for e in made.said("log") if e["level"] == "warning"]


@pytest.mark.parametrize("method", [LORA, FULL], ids=["lora", "full"])
@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
def test_the_memory_of_tensors_is_as_predicted(
    bench: Benches, tmp_path: Path, architecture: Architecture, method: str
) -> None:
    model = tiny_model(tmp_path / "model", architecture=architecture)
    made = bench(workflow(method), model)
    prediction, measurement = told(made)
    assert prediction["exact"]
    peak = prediction["allocated"]["likely"]
    assert sum(part["bytes"] for part in prediction["parts"]) == pytest.approx(peak, rel=0.01)
    compared = measurement["compared"]["allocated_bytes"]
    assert compared["measured"] == measurement["memory"]["allocated_bytes"]
    assert abs(compared["error"]) < 0.05
    assert warned(made) == []


@pytest.mark.parametrize("saved", ["lm_head", "embed_tokens"])
def test_the_one_copy_of_a_tied_matrix_is_counted_once(
    bench: Benches, chat_model: Path, saved: str
) -> None:
    made = bench(workflow(f"method: {{r: 4, modules_to_save: [{saved}]}}\n"), chat_model)
    prediction, measurement = told(made)
    parts = {part["name"]: part["bytes"] for part in prediction["parts"]}
    assert parts["gradients"] <= 4 * made.trained.facts["trainable"]
    states = 2 * 4 * made.trained.facts["trainable"]
    assert parts["optimizer states"] == pytest.approx(states, rel=0.001)  # and counts of steps
    assert abs(measurement["compared"]["allocated_bytes"]["error"]) < 0.03
    assert prediction["where"] in {"lm_head", "loss"}
    assert warned(made) == []


def test_the_rows_are_expected_in_the_order_in_which_they_come(
    bench: Benches, chat_model: Path
) -> None:
    """A training of one pass meets the very batch that was predicted, whatever the seed."""
    for seed in range(3):
        made = bench(workflow(max_steps=1, seed=seed), chat_model, run=f"{seed}")
        prediction, measurement = told(made)
        assert prediction["batch"] == measurement["batch"]


def test_the_largest_batch_of_the_epoch_is_predicted(bench: Benches, chat_model: Path) -> None:
    made = bench(workflow(max_steps=-1, num_train_epochs=1), chat_model)
    prediction, measurement = told(made)
    assert prediction["batch"]["length"] == measurement["batch"]["length"]
    assert prediction["steps"] == measurement["total_steps"] == 3


def test_adapters_hide_nothing_of_the_model(chat_model: Path) -> None:
    plain = describe(AutoModelForCausalLM.from_pretrained(chat_model), "causal-lm")
    adapted: Any = get_peft_model(
        AutoModelForCausalLM.from_pretrained(chat_model),
        LoraConfig(
            target_modules=["q_proj", "down_proj"],
            modules_to_save=["lm_head"],
            ensure_weight_tying=True,
        ),
    )
    found = expecting.shape_of(adapted)
    assert dict(_shapes(found)) == dict(_shapes(plain))
    assert (found.class_name, found.numel) == (plain.class_name, plain.numel)


def _shapes(shape: Any) -> list[tuple[str, Any]]:
    return [(n, [(p.name, p.shape) for p in g.parameters]) for n, g in shape.modules()]


def test_what_is_adapted_is_read_off_the_model(bench: Benches, chat_model: Path) -> None:
    made = bench(workflow("method: {r: 4, target_modules: [q_proj]}\n"), chat_model)
    model: Any = get_peft_model(
        AutoModelForCausalLM.from_pretrained(chat_model), LoraConfig(target_modules=["q_proj"])
    )
    batch = expecting.Batch(2, 9, 4, 8, False)
    step = expecting.taken(made.plan, CPU, model, expecting.shape_of(model), batch)
    assert step.adapted == tuple(f"model.layers.{i}.self_attn.q_proj" for i in range(2))
    assert (step.batch_size, step.length, step.logits_columns) == (2, 9, 4)


# What earlier runs showed


def hand_over(made: Workbench, text: str) -> None:
    (made.folder / "calibration.json").write_text(text, encoding="utf-8")


def test_earlier_runs_give_the_process_and_the_speed(bench: Benches, chat_model: Path) -> None:
    first = bench(workflow(), chat_model, run="first")
    prediction, measurement = told(first)
    assert (prediction["learnt_from"], prediction["seconds"]) == (0, None)
    names = ("machine", "kind", "name", "torch", "attention")
    setting = Setting(*(measurement["setting"][name] for name in names))
    seen = Observation("a", 1.0, setting, "lora", process_bytes=2_000_000_000, flops_per_second=1e9)
    second = bench(workflow(), chat_model, run="second")
    hand_over(second, json.dumps({"version": 1, "observations": [to_json(seen)]}))
    prediction, measurement = told(second)
    assert (prediction["learnt_from"], prediction["learnt_like"]) == (1, "machine")
    assert prediction["process"]["likely"] == pytest.approx(2e9, rel=0.15)
    assert prediction["seconds"]["low"] < prediction["seconds"]["likely"]
    assert measurement["compared"]["seconds"]["error"] is not None
    assert measurement["compared"]["tokens_per_second"]["error"] is not None


def test_a_run_of_the_same_kind_is_what_the_next_goes_by(
    bench: Benches, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict, "_LONG_ENOUGH", 0.0)
    _, measurement = told(bench(workflow(), chat_model, run="first"))
    seen = from_json({**measurement["setting"], **measurement["learnt"], "run": "a", "at": 1.0})
    assert seen is not None
    other = replace(seen, model_type="gpt2", flops_per_second=1e6)
    second = bench(workflow(), chat_model, run="second")
    seen_ones = [to_json(seen), *(to_json(replace(other, run=str(n), at=2.0)) for n in range(3))]
    hand_over(second, json.dumps({"version": 1, "observations": seen_ones}))
    prediction, _ = told(second)
    assert (prediction["learnt_from"], prediction["learnt_like"]) == (1, "run")


@pytest.mark.parametrize("text", ["", "[]", "null", '{"observations": 3}', '{"observations": [7]}'])
def test_a_broken_calibration_counts_as_none(bench: Benches, chat_model: Path, text: str) -> None:
    made = bench(workflow(max_steps=1), chat_model)
    hand_over(made, text)
    assert told(made)[0]["learnt_from"] == 0


def test_a_step_that_is_over_at_once_teaches_no_speed(bench: Benches, chat_model: Path) -> None:
    _, measurement = told(bench(workflow(), chat_model))
    assert measurement["learnt"]["flops_per_second"] is None
    assert measurement["learnt"]["process_bytes"] > 0


def test_speed_is_learnt_from_steps_that_take_their_time(
    bench: Benches, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict, "_LONG_ENOUGH", 0.0)
    _, measurement = told(bench(workflow(), chat_model))
    assert measurement["learnt"]["flops_per_second"] > 1e6
    assert measurement["setting"]["machine"] == machine_digest(predict.platform.node())


def test_a_smoke_run_teaches_nothing(bench: Benches, chat_model: Path) -> None:
    _, measurement = told(bench(workflow(), chat_model, smoke=True))
    assert set(measurement["learnt"].values()) == {None}


# Trouble


def test_a_wrong_term_is_reported_and_not_refitted(
    bench: Benches, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict, "_TOLERANCE", 0.0)
    made = bench(workflow(), chat_model)
    _, measurement = told(made)
    (said,) = warned(made)
    assert "that is a bug; please report it with plan.json" in said
    error = abs(measurement["compared"]["allocated_bytes"]["error"])
    assert f"{100 * error:.1f} % too" in said


def test_a_model_that_no_prediction_is_made_for_is_trained_and_measured(
    bench: Benches, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("sizes")

    monkeypatch.setattr(expecting, "shape_of", fail)
    made = bench(workflow(), chat_model)
    assert made.trained.facts["steps"] == 3
    assert made.said("prediction") == []
    compared = made.said("measurement")[-1]["compared"]["allocated_bytes"]
    assert compared["predicted"] is None
    assert compared["measured"] > 0
    assert warned(made) == ["what training will take can't be said: KeyError: 'sizes'"]
