"""Which findings `pitchpipe check` speaks of, and when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import pitchpipe

TEXT = """\
model:
  name_or_path: org/model
data:
  train:
    - dataset_name: org/rows
training:
  learning_rat: 0.1
  weight_decay: 1e-2
  save_strategy: epoch
  save_steps: 5
"""
ALL = ["unknown-key", "yaml11-float", "key-without-effect"]


@pytest.mark.parametrize(
    ("options", "codes", "exit_code"),
    [
        ([], ALL, 1),
        (["--severity", "warning"], ALL, 1),
        (["--severity", "error"], ALL[:1], 1),
        (["--select", "yaml11-float"], ALL[1:2], 0),
        (["--select", "yaml11-float", "--strict"], ALL[1:2], 1),
        (["--select", "yaml11-float, unknown-key", "--select", "unused-ignore"], ALL[:2], 1),
        (["--ignore", "unknown-key"], ALL[1:], 0),
        (["--ignore", "unknown-key,", "--strict"], ALL[1:], 1),
        (["--strict", "--severity", "error", "--ignore", "unknown-key"], [], 0),
        (["--select", "unknown-key", "--ignore", "unknown-key"], [], 0),
    ],
)
def test_what_is_not_shown_does_not_count(
    tmp_path: Path, options: list[str], codes: list[str], exit_code: int
) -> None:
    (tmp_path / "a.yaml").write_text(TEXT, encoding="utf-8")
    done = pitchpipe("check", "a.yaml", *options, cwd=tmp_path)
    assert done.returncode == exit_code
    assert [line.partition("[")[2].partition("]")[0] for line in done.stdout.splitlines()] == [
        *codes,
        "",
    ]


def test_a_code_that_is_misspelt_is_a_wrong_command_line(tmp_path: Path) -> None:
    done = pitchpipe("check", "a.yaml", "--ignore", "yaml-float", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "pitchpipe: --ignore: no finding has the code yaml-float; did you mean yaml11-float?\n"
    )
    done = pitchpipe("check", "a.yaml", "--select", "abacus", cwd=tmp_path)
    assert done.stderr == "pitchpipe: --select: no finding has the code abacus\n"


def test_what_a_comment_silences_does_not_count_even_when_strict(tmp_path: Path) -> None:
    rate = TEXT.replace("  learning_rat: 0.1\n", "").replace("save_steps: 5", "")
    text = rate.replace("1e-2", "1e-2  # pitchpipe: ignore[yaml11-float]")
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    assert pitchpipe("check", "a.yaml", "--strict", cwd=tmp_path).returncode == 0


def test_a_run_goes_by_an_error_whatever_check_shows(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(TEXT, encoding="utf-8")
    assert pitchpipe("plan", "a.yaml", cwd=tmp_path).returncode == 1
