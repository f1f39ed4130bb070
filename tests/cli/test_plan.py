"""`pitchpipe plan` shows every value and where it came from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pitchpipe.plan import from_json
from support.cli import pitchpipe

WORKFLOW = """\
model:
  name_or_path: org/model
data:
  train:
    - path: rows.jsonl
      columns: {prompt: phrase, completion: tone}
training:
  seed: 7
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    (tmp_path / "tone.yaml").write_text(WORKFLOW, encoding="utf-8")
    row = {"phrase": "a", "tone": "b"}
    (tmp_path / "rows.jsonl").write_text(f"{json.dumps(row)}\n", encoding="utf-8")


def lines(text: str) -> dict[str, list[str]]:
    """The line of each key, cut at its columns."""
    rows = (line.split(maxsplit=2) for line in text.splitlines())
    return {key: rest for key, *rest in rows}


def test_each_value_comes_from_the_file_the_command_line_or_a_default(tmp_path: Path) -> None:
    done = pitchpipe("plan", "tone.yaml", "--set", "training.max_steps=5", cwd=tmp_path)
    assert done.returncode == 0
    found = lines(done.stdout)
    assert found["training.seed"] == ["7", "tone.yaml:8"]
    assert found["training.max_steps"] == ["5", "--set training.max_steps=5"]
    assert found["training.weight_decay"] == ["0", "default"]
    assert found["data.train[0].columns.prompt"] == ["phrase", "tone.yaml:6"]
    assert found["data.packing"] == ["true", "default"]
    assert found["compute.threads"] == ["null", "default"]


def test_json_is_the_plan(tmp_path: Path) -> None:
    done = pitchpipe("plan", "tone.yaml", "--format", "json", cwd=tmp_path)
    plan = from_json(json.loads(done.stdout))
    assert plan.training.seed == 7
    assert plan.name == "tone"


def test_a_file_with_errors_has_findings_instead_of_a_plan(tmp_path: Path) -> None:
    (tmp_path / "tone.yaml").write_text(WORKFLOW + "  sed: 1\n", encoding="utf-8")
    done = pitchpipe("plan", "tone.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("tone.yaml:9:3: error[unknown-key]: `training` has no key `sed`")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("training.max_step=5", "tone.yaml: error[unknown-key]: `training` has no key `max_step`"),
        ("training.seed=x", "tone.yaml: error[wrong-type]: `seed` must be a whole number"),
        ("training.seed", "pitchpipe: --set: `training.seed` must be of the form `key=value`"),
        ("training.seed=[1", "pitchpipe: --set: the value of `training.seed` is no YAML"),
        ("data.train[9].path=x", "tone.yaml: error[unknown-key]: `--set data.train[9].path`: "),
    ],
)
def test_a_wrong_setting_is_the_command_lines_fault(
    tmp_path: Path, setting: str, message: str
) -> None:
    done = pitchpipe("plan", "tone.yaml", "--set", setting, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
