"""`pitchpipe finetune`, with the options of `olive finetune`."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

import pitchpipe_schemas
from pitchpipe_cli import installing, publishing
from pitchpipe_cli.errors import CommandError
from pitchpipe_cli.olive_options import ARGUMENTS, unescaped
from support.cli import pitchpipe

LORA = (
    *("finetune", "--model_name_or_path", "org/model", "--trust_remote_code"),
    *("--output_path", "models/ft", "--data_name", "org/phrases"),
    *("--text_template", r"user\n{phrase}assistant\n{tone}", "--method", "lora"),
    *("--max_steps", "100", "--log_level", "1"),
)
WORKFLOW = """\
# pitchpipe: workflow

model:
  name_or_path: org/model
  trust_remote_code: true
data:
  train:
    - dataset_name: org/phrases
      split: train
  val_size: 0
  text_template: "user\\n{phrase}assistant\\n{tone}"
  loss_on: all
method:
  type: lora
  r: 64
  lora_alpha: 16
  lora_dropout: 0.05
training:
  max_steps: 100
  per_device_train_batch_size: 8
  lr_scheduler_type: constant
  eval_strategy: "no"
  gradient_checkpointing: true
export:
  format: none
"""


def test_the_options_come_to_a_workflow(tmp_path: Path) -> None:
    done = pitchpipe(*LORA, "--print-workflow", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, WORKFLOW)
    (tmp_path / "printed.yaml").write_text(done.stdout, encoding="utf-8")
    checked = pitchpipe("check", "printed.yaml", cwd=tmp_path)
    assert checked.returncode == 0


def test_arguments_of_training_are_options(tmp_path: Path) -> None:
    given = ("--per_device_train_batch_size", "16", "--gradient_checkpointing", "false")
    given += ("--learning_rate", "1e-4", "--eval_split", "train[4096:4224]", "--eval_steps", "50")
    done = pitchpipe(
        *LORA, *given, "--train_split", "train[:4096]", "--print-workflow", cwd=tmp_path
    )
    assert done.returncode == 0
    assert "per_device_train_batch_size: 16\n" in done.stdout
    assert "gradient_checkpointing: false\n" in done.stdout
    assert "learning_rate: 0.0001\n" in done.stdout
    assert 'split: "train[:4096]"\n' in done.stdout
    assert 'split: "train[4096:4224]"\n' in done.stdout
    assert "eval_strategy: steps\n" in done.stdout


def test_dora_is_a_method_and_files_are_data(tmp_path: Path) -> None:
    rows = json.dumps({"text": "a"}) + "\n"
    (tmp_path / "a.jsonl").write_text(rows, encoding="utf-8")
    given = ("finetune", "-m", "org/model", "-d", "json", "--data_files", "a.jsonl")
    given += ("--method", "dora", "--lora_r", "4", "--target_modules", "q_proj,v_proj")
    done = pitchpipe(*given, "--print-workflow", cwd=tmp_path)
    assert "use_dora: true\n" in done.stdout
    assert "- path: a.jsonl\n" in done.stdout
    assert "target_modules: [q_proj, v_proj]\n" in done.stdout


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--max_stepz", "2"), "did you mean `--max_steps`?"),
        (("--method", "lroa"), "'lora', 'qlora', 'dora'"),
        (("--lora_r", "many"), "invalid int value"),
    ],
)
def test_a_wrong_command_line_is_2(given: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = pitchpipe(*LORA, *given, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr


def test_wrong_values_are_2_and_told_of_the_option(tmp_path: Path) -> None:
    done = pitchpipe(*LORA, "--lora_r", "-4", cwd=tmp_path)
    assert done.returncode == 2
    assert "error[out-of-range]: `r` must be at least 1, not `-4`" in done.stderr
    done = pitchpipe(*LORA, "--learning_rate", "fast", cwd=tmp_path)
    assert done.returncode == 2
    assert "error[wrong-type]: `learning_rate` must be" in done.stderr


def test_without_model_or_data_the_projects_count(tmp_path: Path) -> None:
    classifier = ("finetune", "--method", "lora", "--task_name", "generation")
    done = pitchpipe(*classifier, cwd=tmp_path)
    assert done.returncode == 2
    assert "error[missing-required]: nothing says what the model is" in done.stderr

    (tmp_path / "rows.jsonl").write_text('{"text": "a"}\n', encoding="utf-8")
    project = "model: {name_or_path: org/model}\ndata: {train: [{path: rows.jsonl}]}\n"
    (tmp_path / "pitchpipe.yaml").write_text(project, encoding="utf-8")
    monitored = ("--logging_steps", "10", "--save_steps", "100", "--logging_dir", "./logs")
    monitored += ("--report_to", "tensorboard", "--print-workflow")
    done = pitchpipe(*classifier, *monitored, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "name_or_path: org/model\n" in done.stdout
    assert "- path: rows.jsonl\n" in done.stdout
    assert "logging_steps: 10\n" in done.stdout
    assert "report_to: tensorboard\n" in done.stdout


def test_a_models_own_code_needs_consent_on_the_command_line(tmp_path: Path) -> None:
    project = "model: {name_or_path: org/model, trust_remote_code: true}\n"
    project += "data: {train: [{dataset_name: org/data}]}\n"
    (tmp_path / "pitchpipe.yaml").write_text(project, encoding="utf-8")
    done = pitchpipe("finetune", "--dry_run", cwd=tmp_path)
    assert done.returncode == 2
    assert "--trust-remote-code" in done.stderr
    assert pitchpipe("finetune", "--dry_run", "--trust_remote_code", cwd=tmp_path).returncode == 0


def test_every_argument_that_olives_files_take_is_an_option() -> None:
    known = pitchpipe_schemas.dialect("olive")["$defs"]["training_args"]["properties"]
    others = {"extra_args", "output_dir", "log_level", "hub_token", "push_to_hub_token"}
    assert set(ARGUMENTS) == set(known) - others


@pytest.mark.parametrize(
    ("written", "meant"),
    [(r"a\nb", "a\nb"), (r"a\\nb", r"a\nb"), ("a\nb", "a\nb"), (r"\d{1}", r"\d{1}"), ("é", "é")],
)
def test_escapes_are_what_they_stand_for(written: str, meant: str) -> None:
    assert unescaped(written) == meant


def test_only_what_a_run_published_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(CommandError, match="exists already"):
        publishing.demand_free(tmp_path)
    run = tmp_path / "runs" / "r"
    for folder in ("01-fetch", "03-train/adapter", "base"):
        (run / folder).mkdir(parents=True)
    (run / "base" / "config.json").write_text("{}", encoding="utf-8")
    (run / "03-train" / "adapter" / "adapter_config.json").write_text("1", encoding="utf-8")
    said = json.dumps({"folder": str(run / "base")})
    (run / "01-fetch" / "model.json").write_text(said, encoding="utf-8")
    target = tmp_path / "out"
    for _ in range(2):
        publishing.demand_free(target)
        assert publishing.publish(run, target) == [target / "adapter", target / "model"]
    assert (target / "model" / "config.json").read_text(encoding="utf-8") == "{}"
    assert sorted(p.name for p in target.iterdir()) == ["adapter", "model", "pitchpipe.json"]


def test_a_quantized_base_is_asked_for(tmp_path: Path) -> None:
    done = pitchpipe(*LORA, "--method", "qlora", "--print-workflow", cwd=tmp_path)
    assert "type: qlora\n" in done.stdout
    assert done.returncode == 0, done.stderr


def test_the_workflow_can_be_written_down(tmp_path: Path) -> None:
    done = pitchpipe(*LORA, "--dry_run", "--save_config_file", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = tmp_path / "models" / "ft" / "finetune.tune.yaml"
    assert written.read_text(encoding="utf-8") == WORKFLOW


def test_setting_up_lists_what_is_missing_and_asks_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))  # no terminal, so nobody is asked
    with pytest.raises(CommandError, match="nothing is installed"):
        installing.set_up(sys.executable, ("no-such-tracker",), consent=False)
    assert "    no-such-tracker\n" in capsys.readouterr().err
    installing.set_up(sys.executable, (), consent=False)
    assert "nothing is missing" in capsys.readouterr().err
