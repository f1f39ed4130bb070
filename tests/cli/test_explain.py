"""`pitchpipe explain` tells about codes, keys and files."""

from __future__ import annotations

from pathlib import Path

import pytest

import pitchpipe_schemas
from support.cli import pitchpipe


@pytest.mark.parametrize(
    ("what", "first", "said"),
    [
        ("training.learning_rate", "# `training.learning_rate`", "default `0.0002`"),
        ("learning_rate", "# `training.learning_rate`", "greater than 0"),
        ("lr", "# `training.learning_rate`", "Elsewhere called `lr`"),
        ("method", "# `method`", "| `lora_alpha` | `32` |"),
        ("data.train.split", "# `data.train[0].split`", "```yaml"),
        ("training.max_steps", "# `training.max_steps`", "in optimizer steps"),
        ("path", "# `data.train[0].path`", ""),
    ],
)
def test_a_key(tmp_path: Path, what: str, first: str, said: str) -> None:
    done = pitchpipe("explain", what, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] in {first, f"# `{what}`"}
    assert said in done.stdout


def test_a_code(tmp_path: Path) -> None:
    done = pitchpipe("explain", "unknown-key", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, pitchpipe_schemas.page("unknown-key"))


@pytest.mark.parametrize(
    ("what", "near"),
    [
        ("unknown-kez", "`unknown-key`"),
        ("training.learning_rat", "`training.learning_rate`"),
        ("learning_rat", "`training.learning_rate`"),
    ],
)
def test_what_is_misspelt_is_2(tmp_path: Path, what: str, near: str) -> None:
    done = pitchpipe("explain", what, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"did you mean {near}?" in done.stderr


def test_a_name_that_no_file_can_have_is_2(tmp_path: Path) -> None:
    done = pitchpipe("explain", "x" * 5000, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("pitchpipe: there is no check, key or workflow file `xxx")


def test_a_file_in_plain_words(tmp_path: Path) -> None:
    text = """\
model: {name_or_path: HuggingFaceTB/SmolLM2-135M-Instruct, dtype: float32}
data: {train: [{path: rows.jsonl}]}
method: {target_modules: [q_proj, v_proj]}
compute: {device: cpu}
"""
    (tmp_path / "tone.yaml").write_text(text, encoding="utf-8")
    rows = "".join(f'{{"prompt": "{n}", "completion": "b"}}\n' for n in range(9))
    (tmp_path / "rows.jsonl").write_text(rows)
    state = str(tmp_path / "state")
    done = pitchpipe("explain", "tone.yaml", cwd=tmp_path, PITCHPIPE_STATE_DIR=state, HF_HOME=state)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("# tone\n\nA LoRA adapter of `HuggingFaceTB/SmolLM2-135M-Instr")
    assert "adapted modules: `q_proj`, `v_proj`" in done.stdout
    assert "`rows.jsonl`" in done.stdout
    assert "0 findings" in done.stdout


@pytest.mark.parametrize(
    ("model", "method", "said"),
    [
        (
            "HuggingFaceTB/SmolLM2-135M",
            "{type: full}",
            ["All weights of `H", "` learn to generate"],
        ),
        (
            "mistralai/Mixtral-8x7B-v0.1",
            "{target_modules: mlp}",
            ["adapted modules: `experts.gate_up_proj`, `experts.down_proj`"],
        ),
    ],
)
def test_a_file_says_what_is_trained(
    tmp_path: Path, model: str, method: str, said: list[str]
) -> None:
    text = f"model: {{name_or_path: {model}}}\ndata: {{train: [{{path: rows.jsonl}}]}}\n"
    (tmp_path / "tone.yaml").write_text(f"{text}method: {method}\n", encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text('{"prompt": "a", "completion": "b"}\n' * 9)
    state = str(tmp_path / "state")
    done = pitchpipe("explain", "tone.yaml", cwd=tmp_path, PITCHPIPE_STATE_DIR=state, HF_HOME=state)
    assert done.returncode == 0, done.stderr
    assert [part for part in said if part not in done.stdout] == []


def test_a_file_that_is_not_there_is_2(tmp_path: Path) -> None:
    assert pitchpipe("explain", "a.yaml", cwd=tmp_path).returncode == 2
