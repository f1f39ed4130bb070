"""`pitchpipe estimate` says what a workflow takes, on a model that ships in the tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.cli import pitchpipe

WORKFLOW = """\
model: {name_or_path: HuggingFaceTB/SmolLM2-135M-Instruct, dtype: bfloat16}
data: {train: [{path: rows.jsonl}]}
compute: {device: cpu}
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(WORKFLOW, encoding="utf-8")
    row = json.dumps({"prompt": "What is it?" * 9, "completion": "A house."})
    (tmp_path / "rows.jsonl").write_text(f"{row}\n" * 300, encoding="utf-8")


def estimated(folder: Path, *arguments: str) -> dict[str, Any]:
    state = str(folder / "state")
    line = ("estimate", "a.yaml", "--format", "json", *arguments)
    done = pitchpipe(*line, cwd=folder, PITCHPIPE_STATE_DIR=state, HF_HOME=state)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_text_says_where_every_number_is_from(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    done = pitchpipe("estimate", "a.yaml", cwd=tmp_path, PITCHPIPE_STATE_DIR=state, HF_HOME=state)
    assert done.returncode == 0
    names = [line.partition("  ")[0] for line in done.stdout.splitlines()]
    wanted = ["model", "trained", "computed on", "largest batch", "tensors", "needed in all"]
    assert names[: len(wanted)] == wanted
    assert {"weights", "adapters", "optimizer states", "steps", "tokens", "time", "disk"} <= set(
        names
    )
    assert "the table of published models" in done.stdout
    assert "training.gradient_checkpointing: true" in done.stdout
    assert "\x1b[" not in done.stdout


def test_json_is_whole(tmp_path: Path) -> None:
    found = estimated(tmp_path)
    assert found["version"] == 1
    assert found["model"]["parameters"] == 134_515_008
    assert found["data"]["train"]["rows"]["likely"] == 270
    assert found["step"]["method"] == "lora"
    allocated = found["estimate"]["allocated"]
    assert allocated["low"] <= allocated["likely"] <= allocated["high"]
    peak = found["estimate"]["peaks"][0]
    assert sum(part["bytes"] for part in peak["parts"]) == peak["bytes"]
    assert (found["methods"], found["traced"]) == (None, None)


def test_what_the_command_line_sets_counts(tmp_path: Path) -> None:
    small = estimated(tmp_path, "--set", "data.max_length=128")
    large = estimated(tmp_path, "--set", "data.max_length=512")
    assert small["estimate"]["allocated"]["likely"] < large["estimate"]["allocated"]["likely"]
    assert small["work"]["steps"]["likely"] > large["work"]["steps"]["likely"]


def test_a_device_by_name_has_memory_and_speed(tmp_path: Path) -> None:
    found = estimated(tmp_path, "--device", "RTX 4090", "--compare")
    machine = found["machine"]
    assert (machine["kind"], machine["name"]) == ("cuda", "RTX 4090")
    assert 23 << 30 < machine["memory"] <= 24 << 30
    assert found["seconds"]["low"] <= found["seconds"]["high"]
    methods = found["methods"]
    assert methods["full"]["trainable"] > methods["lora"]["trainable"]
    target = estimated(tmp_path, "--set", "compute.target=RTX 4090")
    assert target["machine"] == found["machine"]


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("RTX 4900", "no device is known as `RTX 4900`; did you mean `RTX 4090`?"),
        ("A100", "`A100` could be `A100 40GB` or `A100 80GB`"),
    ],
)
def test_an_unknown_device_is_2(tmp_path: Path, device: str, message: str) -> None:
    done = pitchpipe("estimate", "a.yaml", "--device", device, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_a_file_with_errors_is_1_and_an_unknown_model_2(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(WORKFLOW + "trainig: {}\n", encoding="utf-8")
    assert pitchpipe("estimate", "a.yaml", cwd=tmp_path).returncode == 1
    unknown = WORKFLOW.replace("HuggingFaceTB/SmolLM2-135M-Instruct", "nobody/has-this")
    (tmp_path / "a.yaml").write_text(unknown, encoding="utf-8")
    done = pitchpipe("estimate", "a.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "what `nobody/has-this` consists of is not known" in done.stderr
