"""`python -m pitchpipe_runner trace`: one JSON object, or a message and an exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pitchpipe.plan import to_json
from pitchpipe_runner import cli
from pitchpipe_runner.failures import ENVIRONMENT_IS_WRONG, FILE_IS_WRONG, RUN_FAILED
from pitchpipe_runner.tracing.training import BatchSize
from support.plans import changed
from support.runner_steps import RunnerCase, plan_for

FIELDS = {
    "version",
    "model",
    "model_type",
    "method",
    "device",
    "device_is_here",
    "dtype",
    "batch",
    "length",
    "learnt",
    "packed",
    "padded",
    "trained_parameters",
    "parameters",
    "allocated_peak_bytes",
    "between_steps_bytes",
    "breakdown",
    "peak",
    "largest",
    "operations",
    "seconds",
    "versions",
}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A plan file; of its model only config.json is left."""
    made = plan_for(RunnerCase("llama", BatchSize(1, 1)), tmp_path)
    for file in (tmp_path / "llama").iterdir():
        if file.name != "config.json":
            file.unlink()
    return written(tmp_path, to_json(made))


def written(folder: Path, value: Any) -> Path:
    file = folder / "plan.json"
    file.write_text(json.dumps(value), encoding="utf-8")
    return file


def test_two_processes_say_the_same(plan: Path) -> None:
    words = [sys.executable, "-m", "pitchpipe_runner", "trace", str(plan)]
    words += ["--batch", "2", "--length", "48", "--learnt", "8", "--device", "cpu"]
    running = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers: list[dict[str, Any]] = []
    for process in running:
        out, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        answers.append(json.loads(out))
    first, second = answers
    assert set(first) == FIELDS
    assert first | {"seconds": 0} == second | {"seconds": 0}
    assert (first["batch"], first["length"], first["learnt"]) == (2, 48, 8)
    assert sum(first["breakdown"].values()) == first["allocated_peak_bytes"]
    assert first["peak"]["phase"] in {"forward", "backward", "optimizer"}
    sizes = [group["bytes"] for group in first["largest"]]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(sizes) <= first["allocated_peak_bytes"]


def test_the_plan_says_what_the_command_line_does_not(
    plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["trace", str(plan), "--length", "16"]) == 0
    found = json.loads(capsys.readouterr().out)
    value = json.loads(plan.read_text(encoding="utf-8"))
    assert found["batch"] == value["training"]["per_device_train_batch_size"]
    assert found["packed"] == value["data"]["packing"]
    assert (found["device"], found["device_is_here"]) == ("cpu", True)


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("there-is-none", FILE_IS_WRONG, "there is no `config.json`"),
        (".", FILE_IS_WRONG, "there is no `config.json`"),
    ],
)
def test_a_model_that_is_not_there_is_named(
    name: str, code: int, said: str, plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    value = json.loads(plan.read_text(encoding="utf-8"))
    value["model"]["name_or_path"] = name
    assert cli.main(["trace", str(written(plan.parent, value))]) == code
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.out == ""


def test_a_model_of_the_hub_is_not_downloaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = plan_for(RunnerCase("llama", BatchSize(1, 1)), tmp_path)
    made = changed(made, "model", name_or_path="nobody/nothing", local=False)
    assert cli.main(["trace", str(written(tmp_path, to_json(made)))]) == ENVIRONMENT_IS_WRONG
    assert "hint: `hf download nobody/nothing config.json`" in capsys.readouterr().err


def test_a_config_that_can_not_be_used_is_named(
    plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = plan.parent / "llama" / "config.json"
    config.write_text('{"model_type": "no-such-type"}', encoding="utf-8")
    assert cli.main(["trace", str(plan)]) == FILE_IS_WRONG
    assert "config.json can't be used" in capsys.readouterr().err
    config.write_text('{"model_type": "t5"}', encoding="utf-8")
    assert cli.main(["trace", str(plan)]) == FILE_IS_WRONG
    assert "`t5` is no causal language model" in capsys.readouterr().err


def test_a_file_that_is_no_plan_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["trace", str(tmp_path / "none.json")]) == ENVIRONMENT_IS_WRONG
    assert cli.main(["trace", str(written(tmp_path, {"version": 1}))]) == FILE_IS_WRONG
    assert "lacks" in capsys.readouterr().err


def test_too_little_time_is_said(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["trace", str(plan), "--length", "16", "--seconds", "0"]) == RUN_FAILED
    assert "`--seconds` gives it more time" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--batch", "0"], ["--device", "tpu"], ["--length", "x"]])
def test_wrong_words_end_with_2(
    words: list[str], plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["trace", str(plan), *words])
    assert ended.value.code == ENVIRONMENT_IS_WRONG
    assert words[0] in capsys.readouterr().err


def test_the_command_itself_is_light() -> None:
    code = (
        "import sys; import pitchpipe_runner.tracing.command;"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
