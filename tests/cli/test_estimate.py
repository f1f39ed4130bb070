"""`pitchpipe estimate` says what a workflow takes, on a model that ships in the tables."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from pitchpipe_cli import estimate_view, terminal
from pitchpipe_cli.estimate_tables import Table
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


def test_what_this_machine_lacks_is_not_held_against_another(tmp_path: Path) -> None:
    text = WORKFLOW.replace("HuggingFaceTB/SmolLM2-135M-Instruct", "meta-llama/Llama-3.1-405B")
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    assert "does-not-fit" in pitchpipe("check", "a.yaml", cwd=tmp_path).stdout
    done = pitchpipe("estimate", "a.yaml", "--device", "H200", cwd=tmp_path)
    assert done.returncode == 0
    assert "does-not-fit" not in done.stderr
    assert "H200 likely holds no batch of this model" in done.stdout


@pytest.mark.parametrize(
    ("train", "device", "said"),
    [
        ("dataset_name: nobody/rows", "RTX 4090", "not known: the rows of `nobody/rows` are not"),
        ("path: rows.jsonl", "GTX 1660 Ti", "not known: the speed of GTX 1660 Ti is in no table"),
        ("path: rows.jsonl", None, "not known; a first run teaches this machine's speed"),
    ],
)
def test_no_time_has_its_own_reason(
    tmp_path: Path, train: str, device: str | None, said: str
) -> None:
    text = WORKFLOW.replace("path: rows.jsonl", train) + "training: {max_steps: 100}\n"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    line = ("estimate", "a.yaml", *(("--device", device) if device else ()))
    state = str(tmp_path / "state")
    done = pitchpipe(*line, cwd=tmp_path, PITCHPIPE_STATE_DIR=state, HF_HOME=state)
    times = [row for row in done.stdout.splitlines() if row.startswith("time")]
    assert len(times) == 1, done.stderr
    assert said in times[0]


# Several devices


def test_each_of_several_devices_holds_less_the_more_is_split(tmp_path: Path) -> None:
    line = ("--device", "RTX 4090", "--devices", "4", "--set", "method.type=full")
    found = estimated(tmp_path, *line)["devices"]
    assert found["count"] == 4
    needed = [found["each"][k]["allocated"]["likely"] for k in ("ddp", "zero2", "zero3")]
    assert needed == sorted(needed, reverse=True)
    assert needed[0] > needed[-1]
    one = estimated(tmp_path, *line, "--sharding", "fsdp2")["devices"]["each"]
    assert one == {"fsdp2": found["each"]["fsdp2"]}


def test_a_machine_with_several_devices_is_taken_at_its_word(tmp_path: Path) -> None:
    found = estimated(tmp_path, "--device", "2x RTX 4090")
    assert found["devices"]["count"] == 2
    assert estimated(tmp_path, "--device", "RTX 4090")["devices"] is None


def test_nothing_is_split_over_processors(tmp_path: Path) -> None:
    done = pitchpipe("estimate", "a.yaml", "--devices", "2", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "name one with `--device`" in done.stderr
    assert pitchpipe("estimate", "a.yaml", "--devices", "0", cwd=tmp_path).returncode == 2


def test_devices_that_compute_otherwise_need_otherwise(tmp_path: Path) -> None:
    """A T4 has no bfloat16, so the weights are twice as large there."""
    text = WORKFLOW.replace(", dtype: bfloat16", "")
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    line = ("--device", "RTX 4090", "--device", "T4")
    done = pitchpipe("estimate", "a.yaml", *line, cwd=tmp_path)
    rows = [row.split("  ") for row in done.stdout.splitlines() if row.startswith(("RTX 40", "T4"))]
    needed = {row[0]: row for row in rows if "likely" not in row[0]}
    assert len(needed) == 2, done.stdout
    assert needed["RTX 4090"][2:] != needed["T4"][2:]


# Files with errors


def test_a_file_with_errors_is_1_and_estimated_as_far_as_it_goes(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(WORKFLOW + "training: {max_steps: x}\n", encoding="utf-8")
    done = pitchpipe("estimate", "a.yaml", "--exact", cwd=tmp_path)
    assert done.returncode == 1
    assert "error[wrong-type]" in done.stderr
    assert "defaults stand in for `training.max_steps`" in done.stderr
    assert "no step was traced" in done.stderr
    assert done.stdout.startswith("model ")
    done = pitchpipe("estimate", "a.yaml", "--format", "json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert (done.returncode, found["errors"]) == (1, True)
    assert found["assumed"] == ["training.max_steps"]


@pytest.mark.parametrize("more", ["trainig: {}\n", "method: {r: [\n", "data: {train: [{path: x"])
def test_half_a_file_is_better_than_none(tmp_path: Path, more: str) -> None:
    text = f"model: {{name_or_path: HuggingFaceTB/SmolLM2-135M-Instruct}}\n{more}"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    done = pitchpipe("estimate", "a.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert "134,515,008 parameters" in done.stdout


def test_without_a_model_the_findings_are_all(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("method: {r: 4}\n", encoding="utf-8")
    done = pitchpipe("estimate", "a.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "missing-required" in done.stderr
    assert "nothing is estimated: no model is named" in done.stderr


@pytest.mark.parametrize("format_", ["text", "json"])
@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("device: cpu", "target: RTX 9999", "no device is known as `RTX 9999`"),
        (
            "HuggingFaceTB/SmolLM2-135M-Instruct",
            "nobody/has-this",
            "what `nobody/has-this` consists of as a causal language model is not known",
        ),
    ],
)
def test_a_file_with_errors_and_no_estimate_says_why(
    tmp_path: Path, old: str, new: str, reason: str, format_: str
) -> None:
    text = WORKFLOW.replace(old, new) + "training: {max_steps: x}\n"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    done = pitchpipe("estimate", "a.yaml", "--format", format_, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error[wrong-type]" in done.stderr
    assert f"pitchpipe: nothing is estimated: {reason}" in done.stderr


def test_a_model_of_nothing_is_compared_without_a_method(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    config = {"model_type": "llama", "hidden_size": 0}
    (tmp_path / "none" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    model = "model.name_or_path=./none"
    done = pitchpipe("estimate", "a.yaml", "--compare", "--set", model, cwd=tmp_path)
    assert done.returncode == 2  # it has no tokenizer
    assert "needed in all" in done.stdout
    assert "Traceback" not in done.stderr


def test_an_unknown_model_is_2(tmp_path: Path) -> None:
    unknown = WORKFLOW.replace("HuggingFaceTB/SmolLM2-135M-Instruct", "nobody/has-this")
    (tmp_path / "a.yaml").write_text(unknown, encoding="utf-8")
    done = pitchpipe("estimate", "a.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert (
        "what `nobody/has-this` consists of as a causal language model is not known" in done.stderr
    )


# Ranks


def test_other_ranks_of_some_modules_count(tmp_path: Path) -> None:
    line = ("--set", "method.target_modules=[q_proj, down_proj]", "--set", "method.r=4")
    same = estimated(tmp_path, *line)["trainable"]
    other = estimated(tmp_path, *line, "--set", "method.rank_pattern={q_proj: 8}")["trainable"]
    assert other == same + 30 * 4 * (576 + 576)


@pytest.mark.parametrize("ranks", ["{}", "{q_proj: 8}", "{'layers.3.*': 9}"])
def test_memory_is_that_of_the_trained_parameters(tmp_path: Path, ranks: str) -> None:
    line = ("--set", "method.target_modules=[q_proj]", "--set", f"method.rank_pattern={ranks}")
    found = estimated(tmp_path, *line)
    assert found["trainable"] == found["estimate"]["trainable"]


# With the runner's Python


@pytest.mark.skipif(not find_spec("torch"), reason="the runner's packages are not here")
def test_exact_traces_the_step_that_is_estimated(tmp_path: Path) -> None:
    from support.tiny import tiny_model

    tiny_model(tmp_path / "tiny")
    text = WORKFLOW.replace("HuggingFaceTB/SmolLM2-135M-Instruct", "tiny")
    (tmp_path / "a.yaml").write_text(text.replace("bfloat16", "float32"), encoding="utf-8")
    line = ("--set", "data.packing=false", "--set", "data.loss_on=all")
    found = estimated(tmp_path, "--exact", "--python", sys.executable, *line)
    assert found["data"]["source"] == "tokens"
    likely, traced = found["estimate"]["allocated"]["likely"], found["traced"]
    assert traced["allocated_peak_bytes"] == pytest.approx(likely, rel=0.03)
    again = estimated(tmp_path, *line)
    assert (again["data"]["source"], again["data"]["train"]) == ("tokens", found["data"]["train"])


@pytest.mark.skipif(not find_spec("torch"), reason="the runner's packages are not here")
def test_a_step_that_can_not_be_traced_says_why_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(WORKFLOW, encoding="utf-8")
    line = ("--exact", "--python", sys.executable)
    done = pitchpipe("estimate", "a.yaml", *line, cwd=tmp_path, HF_HOME=str(tmp_path / "hub"))
    assert done.returncode == 2
    assert "a trace downloads nothing; hint: `hf download" in done.stderr
    assert "traced: pitchpipe:" not in done.stderr


# How it looks

PARTS = Table(
    rows=(("weights", "1.19 GB", "75 %"), ("logits and loss", "396 MB", "25 %")),
    header=("TENSORS AT THE PEAK", "SIZE", "SHARE"),
    right=(1, 2),
    shares=(1.0, 1 / 3),
)
DEVICES = Table(
    rows=(("L4", "24.2 GB", "fits"), ("T4", "16 GB", "does not fit")),
    header=("DEVICE", "MEMORY", ""),
    right=(1,),
    marks=("good", "bad"),
    notes=("L4 likely holds 8 rows",),
)

PLAIN = """\
TENSORS AT THE PEAK     SIZE  SHARE
weights              1.19 GB   75 %  ████████████████████████
logits and loss       396 MB   25 %  ████████

DEVICE   MEMORY
L4      24.2 GB  fits
T4        16 GB  does not fit
L4 likely holds 8 rows
"""


def test_a_pipe_gets_plain_columns(capsys: pytest.CaptureFixture[str]) -> None:
    estimate_view.show([PARTS, Table(()), DEVICES])
    assert capsys.readouterr().out == PLAIN


@pytest.mark.parametrize(("width", "bars"), [(80, True), (50, False)])
def test_a_terminal_gets_bars_where_there_is_room(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int, bars: bool
) -> None:
    monkeypatch.setattr(terminal, "is_terminal", lambda _: True)
    monkeypatch.setenv("COLUMNS", str(width))
    estimate_view.show([PARTS, DEVICES])
    lines = capsys.readouterr().out.splitlines()
    assert [line.rstrip() for line in lines] == [
        line if bars else line.partition("  █")[0] for line in PLAIN.splitlines()
    ]
    assert max(map(len, lines)) <= width


def test_a_terminal_gets_colours(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "is_terminal", lambda _: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    estimate_view.show([DEVICES])
    drawn = capsys.readouterr().out
    assert "\x1b[32mfits" in drawn
    assert "\x1b[31mdoes not fit" in drawn
