"""`pitchpipe preview` where no row can be shown; tests/runner has those where some are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.cli import bare_python, pitchpipe

WORKFLOW = """\
model: {name_or_path: owner/some-model}
data: {train: [{path: rows.jsonl}]}
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(WORKFLOW, encoding="utf-8")
    row = json.dumps({"prompt": "What is it?", "completion": "A house."})
    (tmp_path / "rows.jsonl").write_text(f"{row}\n" * 3, encoding="utf-8")


def test_a_file_with_errors_has_no_rows_to_show(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(WORKFLOW + "trianing: {}\n", encoding="utf-8")
    done = pitchpipe("preview", "a.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "unknown-key" in done.stderr


def test_a_python_without_the_runner_is_named_with_what_it_lacks(tmp_path: Path) -> None:
    python = bare_python(tmp_path)
    done = pitchpipe("preview", "a.yaml", "--python", str(python), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "No module named" in done.stderr
    assert f'`{python} -m pip install "pitchpipe[runner]"`' in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--rows", "0"), "at least 1 row is shown"),
        (("--rows", "few"), "`few` is no whole number"),
        (("--skip", "-1"), "at least 0 rows are passed over"),
        (("--python", "no-such-python"), "--python names no-such-python, which is no program"),
    ],
)
def test_what_the_command_line_gets_wrong_is_said(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = pitchpipe("preview", "a.yaml", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
