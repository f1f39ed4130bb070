"""`--with BASE FILE`, as people and scripts see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.cli import pitchpipe

BASE = """\
model:
  name_or_path: org/model
data:
  train:
    - path: rows.jsonl
training:
  max_steps: 20
"""
PART = """\
passes:
  lora:
    type: LoRA
    config:
      lora_dropout: 0.1
      weight_decay: 0.01
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    row = {"prompt": "a", "completion": "b"}
    (tmp_path / "rows.jsonl").write_text(f"{json.dumps(row)}\n", encoding="utf-8")
    (tmp_path / "base.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "part.yaml").write_text(PART, encoding="utf-8")


def test_a_plan_has_what_either_file_says(tmp_path: Path) -> None:
    done = pitchpipe("plan", "--with", "base.yaml", "part.yaml", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0
    plan = json.loads(done.stdout)
    assert plan["training"]["max_steps"] == 20
    assert plan["training"]["weight_decay"] == 0.01
    assert plan["method"]["lora_dropout"] == 0.1
    assert plan["workflow"] == "base.yaml"


def test_settings_count_more_than_the_part(tmp_path: Path) -> None:
    given = ("--set", "training.weight_decay=0.2", "--format", "json")
    done = pitchpipe("plan", "--with", "base.yaml", "part.yaml", *given, cwd=tmp_path)
    assert json.loads(done.stdout)["training"]["weight_decay"] == 0.2


def test_a_part_alone_cannot_run_and_check_says_what_it_lacks(tmp_path: Path) -> None:
    done = pitchpipe("check", "part.yaml", cwd=tmp_path)
    assert done.returncode == 0
    assert "part.yaml:1:1: hint[incomplete-workflow]: " in done.stdout
    assert pitchpipe("run", "part.yaml", cwd=tmp_path).returncode == 1


def test_check_names_the_file_that_each_finding_is_about(tmp_path: Path) -> None:
    (tmp_path / "part.yaml").write_text(PART.replace("0.1", "7"), encoding="utf-8")
    (tmp_path / "base.yaml").write_text(BASE + "  sed: 1\n", encoding="utf-8")
    done = pitchpipe("check", "--with", "base.yaml", "part.yaml", cwd=tmp_path)
    assert done.returncode == 1
    errors = [line for line in done.stdout.splitlines() if "error[" in line]
    assert errors == [
        "base.yaml:8:3: error[unknown-key]: `training` has no key `sed`; did you mean `seed`?",
        "part.yaml:5:21: error[out-of-range]: `lora_dropout` must be at most 1, not `7`",
    ]


def test_what_does_not_go_together_is_refused(tmp_path: Path) -> None:
    done = pitchpipe("check", "--fix", "--with", "base.yaml", "part.yaml", cwd=tmp_path)
    assert (done.returncode, "--fix" in done.stderr) == (2, True)
    done = pitchpipe("run", "--with", "base.yaml", "--resume", "x", cwd=tmp_path)
    assert (done.returncode, "--with" in done.stderr) == (2, True)


def test_a_plan_says_which_file_a_value_is_from(tmp_path: Path) -> None:
    given = ("--set", "training.seed=1")
    done = pitchpipe("plan", "--with", "base.yaml", "part.yaml", *given, cwd=tmp_path)
    origins = {line.split()[0]: line.split()[-1] for line in done.stdout.splitlines()}
    assert origins["training.max_steps"] == "base.yaml:7"
    assert origins["training.weight_decay"] == "part.yaml"
    assert origins["training.seed"] == "training.seed=1"


def test_a_json_file_of_olive_is_a_workflow_and_no_plan(tmp_path: Path) -> None:
    load = {"data_name": "json", "data_files": "gone.jsonl", "split": "train"}
    rows = {"name": "d", "type": "HuggingfaceContainer", "load_dataset_config": load}
    model = {"type": "HfModel", "model_path": "org/model"}
    passes = {"f": {"type": "LoRA", "train_data_config": "d"}}
    whole = {"input_model": model, "data_configs": [rows], "passes": passes}
    (tmp_path / "run.json").write_text(json.dumps(whole), encoding="utf-8")
    done = pitchpipe("run", "--config", "run.json", cwd=tmp_path)
    assert done.returncode == 1
    assert "error[data-file-not-found]" in done.stderr
