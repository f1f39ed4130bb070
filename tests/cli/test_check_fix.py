"""`pitchpipe check --fix` and `--diff`."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pitchpipe_cli.errors import CommandError
from pitchpipe_cli.mending import mend, write
from pitchpipe_cli.workflow_file import check
from support.cli import pitchpipe

WRONG = """\
# ours, tuned by hand
model:
  name_or_path: org/model
data:
  train:
    - dataset_name: org/rows
training:
  learning_rat: 2e-5   # as in the paper 🎼
  max_step: [5]
"""
RIGHT = WRONG.replace("learning_rat: 2e-5", "learning_rate: 2.0e-5")
FIXED = [
    "a.yaml:8:3: fixed[unknown-key]: Rename to `learning_rate`",
    "a.yaml:8:17: fixed[yaml11-float]: Write `2.0e-5`",
]


def bytes_of(text: str, newline: str = "\n") -> bytes:
    return text.replace("\n", newline).encode("utf-8")


@pytest.mark.parametrize(("newline", "start"), [("\n", ""), ("\r\n", ""), ("\n", "\ufeff")])
def test_safe_fixes_are_taken_until_none_is_left_and_all_else_stays(
    tmp_path: Path, newline: str, start: str
) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(bytes_of(start + WRONG, newline))
    done = pitchpipe("check", "--fix", "a.yaml", cwd=tmp_path)
    assert file.read_bytes() == bytes_of(start + RIGHT, newline)
    assert done.returncode == 1
    said = done.stdout.splitlines()
    assert [line.partition(": ")[2] for line in said[:2]] == [
        line.partition(": ")[2] for line in FIXED
    ]
    assert "error[unknown-key]" in said[2]
    assert said[3] == "1 error in 1 file; 2 fixes made"
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_what_is_behind_a_mended_key_is_mended_too(tmp_path: Path) -> None:
    text = WRONG.replace("  max_step: [5]\n", "").replace("training:", "trainig:")
    (tmp_path / "a.yaml").write_bytes(bytes_of(text))
    done = pitchpipe("check", "--fix", "a.yaml", cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "no findings in 1 file; 3 fixes made"
    right = RIGHT.replace("  max_step: [5]\n", "")
    assert (tmp_path / "a.yaml").read_bytes() == bytes_of(right)
    assert pitchpipe("check", "--fix", "a.yaml", cwd=tmp_path).stdout == (
        "no findings in 1 file; 0 fixes made\n"
    )


def test_a_file_without_fixes_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(bytes_of(WRONG))
    before = file.stat().st_mtime_ns
    done = pitchpipe("check", "--fix", "--select", "yaml-syntax", "a.yaml", cwd=tmp_path)
    assert (done.returncode, file.stat().st_mtime_ns) == (0, before)


def test_only_what_is_spoken_of_is_mended(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(bytes_of(WRONG))
    done = pitchpipe("check", "--fix", "--ignore", "yaml11-float", "a.yaml", cwd=tmp_path)
    assert done.stdout.splitlines()[0] == FIXED[0]
    assert "learning_rate: 2e-5 " in (tmp_path / "a.yaml").read_text(encoding="utf-8")


def test_what_changes_a_run_is_not_mended(tmp_path: Path) -> None:
    text = WRONG.replace("dataset_name: org/rows", "path: row.jsonl")
    (tmp_path / "rows.jsonl").write_text('{"prompt": "a", "completion": "b"}\n', encoding="utf-8")
    (tmp_path / "a.yaml").write_bytes(bytes_of(text))
    done = pitchpipe("check", "--fix", "a.yaml", cwd=tmp_path)
    assert "error[data-file-not-found]" in done.stdout
    assert "path: row.jsonl" in (tmp_path / "a.yaml").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="modes and links are others there")
def test_links_and_modes_stay(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    file = tmp_path / "real" / "a.yaml"
    file.write_bytes(bytes_of(WRONG))
    file.chmod(0o640)
    link = tmp_path / "a.yaml"
    link.symlink_to(file)
    pitchpipe("check", "--fix", "a.yaml", cwd=tmp_path)
    assert link.is_symlink()
    assert file.read_bytes() == bytes_of(RIGHT)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that can't be written")
def test_a_file_that_cannot_be_written_is_2_and_the_others_are_mended(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_bytes(bytes_of(WRONG))
    real = tmp_path / "real.txt"
    real.write_bytes(bytes_of(WRONG))
    with real.open("rb") as opened:
        there = f"/proc/self/fd/{opened.fileno()}"
        real.unlink()
        done = pitchpipe("check", "--fix", there, "b.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == f"pitchpipe: cannot write {there}: no such file or directory\n"
    assert (tmp_path / "b.yaml").read_bytes() == bytes_of(RIGHT)


def test_a_file_that_is_another_by_now_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(bytes_of(WRONG))
    mended = mend(check(str(file)), lambda _: True)
    file.write_bytes(bytes_of(WRONG + "# more\n"))
    with pytest.raises(CommandError, match="has changed since it was read"):
        write(str(file), mended)
    assert file.read_bytes() == bytes_of(WRONG + "# more\n")


def test_stdin_is_printed_mended_and_all_else_goes_to_stderr(tmp_path: Path) -> None:
    done = pitchpipe("check", "--fix", "-", "--stdin-filename", "a.yaml", cwd=tmp_path, stdin=WRONG)
    assert (done.returncode, done.stdout) == (1, RIGHT)
    assert done.stderr.splitlines()[:2] == FIXED
    assert done.stderr.splitlines()[-1] == "1 error in 1 file; 2 fixes made"


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_difference_is_one_that_git_applies(tmp_path: Path, end: str) -> None:
    text = WRONG.rstrip("\n").replace("  max_step: [5]", "  max_steps: '5'") + end
    (tmp_path / "a.yaml").write_bytes(bytes_of(text, "\r\n"))
    done = pitchpipe("check", "--diff", "a.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "3 fixes to make in 1 file\n"
    assert (tmp_path / "a.yaml").read_bytes() == bytes_of(text, "\r\n")
    git = shutil.which("git")
    if git is None:
        pytest.skip("needs git")
    (tmp_path / "patch").write_bytes(done.stdout.encode("utf-8"))
    subprocess.run([git, "apply", "patch"], cwd=tmp_path, check=True)
    after = RIGHT.rstrip("\n").replace("max_step: [5]", "max_steps: 5") + end
    assert (tmp_path / "a.yaml").read_bytes() == bytes_of(after, "\r\n")
    assert pitchpipe("check", "--diff", "a.yaml", cwd=tmp_path).stdout == ""


def test_json_says_what_was_mended(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(bytes_of(WRONG))
    done = pitchpipe("check", "--fix", "a.yaml", "--format", "json", cwd=tmp_path)
    found = json.loads(done.stdout)
    (file,) = found["files"]
    assert found["summary"]["fixed"] == 2
    assert file["fixed"][0] == {
        "code": "unknown-key",
        "title": "Rename to `learning_rate`",
        "line": 8,
        "column": 3,
        "end_line": 8,
        "end_column": 15,
    }
    assert [finding["code"] for finding in file["findings"]] == ["unknown-key"]


@pytest.mark.parametrize(
    "options", [("--diff", "a.yaml", "--format", "json"), ("--fix", "-", "--format", "sarif")]
)
def test_two_things_on_stdout_are_refused(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = pitchpipe("check", *options, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "for which there is no --format" in done.stderr
