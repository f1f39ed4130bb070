"""The tutorial's commands, on a tiny model: from options to an adapter that the next one finds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from support.hub import DATASET, MODEL, hub
from support.whole_runs import Ground, made

pytestmark = pytest.mark.e2e

TRAINING = (
    *("--max_steps", "2", "--per_device_train_batch_size", "2", "--max_seq_len", "64"),
    *("--text_template", r"{text} is\n{label}", "--torch_dtype", "float32", "--lora_r", "4"),
)
OLIVE = """\
model:
  type: PyTorchModel
  config: {model_path: MODEL, task: text-generation}
data_configs:
  - name: custom_dataset
    type: HuggingfaceContainer
    load_dataset_config: {data_files: ROWS, split: "train[:20]"}
    pre_process_data_config: {text_template: "{text} is {label}", max_seq_len: 64}
passes:
  lora:
    type: LoRA
    config: {r: 4, lora_alpha: 8, target_modules: [q_proj], torch_dtype: float32}
training_config: {max_steps: 2, per_device_train_batch_size: 2}
"""


def test_finetune_publishes_the_adapter_and_the_model(ground: Ground, tmp_path: Path) -> None:
    given = ("-m", str(ground.model), "-d", "json", "--data_files", str(ground.rows))
    out = tmp_path / "models" / "ft"
    done = ground.run("finetune", *given, *TRAINING, "--output_path", str(out))
    assert done.returncode == 0, done
    (run,) = ground.runs
    assert made(run)[:3] == ["fetch", "prepare", "train"]
    adapter = json.loads((out / "adapter" / "adapter_config.json").read_text(encoding="utf-8"))
    assert (adapter["r"], adapter["lora_alpha"]) == (4, 16)
    assert (out / "adapter" / "adapter_model.safetensors").is_file()
    assert (out / "model" / "config.json").is_file()
    base, copy = ground.model / "model.safetensors", out / "model" / "model.safetensors"
    assert copy.read_bytes() == base.read_bytes()


def test_finetune_takes_model_and_data_from_the_hub(ground: Ground, tmp_path: Path) -> None:
    with hub(tmp_path / "hub") as running:
        online = {"HF_ENDPOINT": running.endpoint, "HF_HUB_OFFLINE": "0"}
        given = ("--model_name_or_path", MODEL, "--data_name", DATASET)
        done = replace(ground, variables=online).run("finetune", *given, *TRAINING)
        assert done.returncode == 0, done
        assert running.unknown == []


def test_a_tutorials_file_runs_when_its_data_are_there(ground: Ground) -> None:
    ground.write("olive-config.yaml", OLIVE)
    done = ground.run("run", "--config", "olive-config.yaml", "--setup")
    assert done.returncode == 0, done
    assert "nothing is missing" in done.stderr
    (run,) = ground.runs
    plan = json.loads((run / "plan.json").read_text(encoding="utf-8"))
    assert plan["method"]["lora_alpha"] == 8
    assert plan["training"]["max_steps"] == 2
