"""`pitchpipe convert`."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import pitchpipe

AXOLOTL = """\
# pitchpipe: axolotl
# One of our first.

base_model: org/model  # small
datasets:
  - path: data/rows.jsonl
    type: completion
adapter: lora
lora_r: 8
learning_rate: 2e-4
relora: true
output_dir: out
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    rows = '{"text": "a row of words"}\n{"text": "another one"}\n{"text": "a third"}\n'
    (tmp_path / "data" / "rows.jsonl").write_text(rows, encoding="utf-8")
    (tmp_path / "configs").mkdir()
    found = tmp_path / "configs" / "lora.yml"
    found.write_text(AXOLOTL, encoding="utf-8")
    return found


def test_what_is_printed_is_for_the_working_directory(file: Path, tmp_path: Path) -> None:
    done = pitchpipe("convert", "configs/lora.yml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("# pitchpipe: workflow\n# One of our first.\n\nmodel:\n")
    assert "  name_or_path: org/model  # small\n" in done.stdout
    assert "    - path: data/rows.jsonl\n" in done.stdout
    assert done.stdout.endswith("output_dir: out\n")
    assert "relora: adapters are not merged and begun anew" in done.stderr


def test_paths_are_spelt_from_where_the_new_file_lies(file: Path, tmp_path: Path) -> None:
    done = pitchpipe("convert", "configs/lora.yml", "-o", "configs/new.tune.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "configs" / "new.tune.yaml").read_text(encoding="utf-8")
    assert "    - path: ../data/rows.jsonl\n" in text
    checked = pitchpipe("check", "configs/new.tune.yaml", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout
    again = pitchpipe("convert", "configs/lora.yml", "-o", "configs/new.tune.yaml", cwd=tmp_path)
    assert (again.returncode, "exists already" in again.stderr) == (2, True)


@pytest.mark.parametrize("tool", ["trl", "llama-factory", "axolotl"])
def test_it_can_become_another_tools(tool: str, file: Path, tmp_path: Path) -> None:
    done = pitchpipe("convert", "configs/lora.yml", "--to", tool, "-o", "x.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    plan = pitchpipe("plan", "x.yaml", "--format", "json", cwd=tmp_path)
    if tool != "llama-factory":  # whose data are described in a file beside it
        assert plan.returncode == 0, plan.stderr


def test_a_file_with_errors_is_not_converted(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("# pitchpipe: trl\nlora_rr: 8\n", encoding="utf-8")
    done = pitchpipe("convert", "x.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert "unknown-key" in done.stdout + done.stderr
