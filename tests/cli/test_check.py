"""`pitchpipe check`, as people and scripts see it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.cli import command, environment, pitchpipe

GOOD = """\
model:
  name_or_path: org/model
data:
  train:
    - path: rows.jsonl
"""
WRONG_KEY = GOOD + "training:\n  learning_rat: 0.1\n"
WARNED = GOOD + "training:\n  learning_rate: 1e-4\n"


@pytest.fixture(autouse=True)
def rows(tmp_path: Path) -> None:
    row = {"prompt": "a", "completion": "b"}
    (tmp_path / "rows.jsonl").write_text(f"{json.dumps(row)}\n", encoding="utf-8")


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_a_file_without_findings_is_0_and_says_so(tmp_path: Path) -> None:
    write(tmp_path, good=GOOD)
    done = pitchpipe("check", "good.yaml", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "no findings in 1 file\n", "")


def test_an_error_is_1_with_file_line_and_column(tmp_path: Path) -> None:
    write(tmp_path, wrong=WRONG_KEY)
    done = pitchpipe("check", "wrong.yaml", cwd=tmp_path)
    assert done.returncode == 1
    message = "`training` has no key `learning_rat`; did you mean `learning_rate`?"
    assert done.stdout.splitlines() == [
        f"wrong.yaml:7:3: error[unknown-key]: {message}",
        "1 error in 1 file",
    ]


def test_warnings_do_not_fail(tmp_path: Path) -> None:
    write(tmp_path, warned=WARNED)
    done = pitchpipe("check", "warned.yaml", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].startswith("warned.yaml:7:18: warning[yaml11-float]: ")
    assert done.stdout.splitlines()[1] == "1 warning in 1 file"


def test_files_are_sorted_and_each_is_checked_once(tmp_path: Path) -> None:
    write(tmp_path, b=WRONG_KEY, a=WARNED)
    done = pitchpipe("check", "b.yaml", "a.yaml", "b.yaml", cwd=tmp_path)
    names = [line.split(":")[0] for line in done.stdout.splitlines()]
    assert names == ["a.yaml", "b.yaml", "1 error, 1 warning in 2 files"]


def test_a_file_that_cannot_be_read_is_2_and_the_others_are_checked(tmp_path: Path) -> None:
    write(tmp_path, wrong=WRONG_KEY)
    (tmp_path / "empty").mkdir()
    done = pitchpipe("check", "missing.yaml", "wrong.yaml", "empty", "a*.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "wrong.yaml:7:3: error[unknown-key]" in done.stdout
    assert done.stderr.splitlines() == [
        "pitchpipe: no workflow is in empty",
        "pitchpipe: no file matches a*.yaml",
        "pitchpipe: cannot read missing.yaml: no such file or directory",
    ]


def test_stdin_is_a_file_of_the_working_directory(tmp_path: Path) -> None:
    done = pitchpipe("check", "-", cwd=tmp_path, stdin=WRONG_KEY)
    assert done.returncode == 1
    assert done.stdout.startswith("<stdin>:7:3: error[unknown-key]")


def test_bytes_that_are_no_utf8_are_a_finding_at_their_place(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("model:\n  name_or_path: é\n".encode("latin-1"))
    done = pitchpipe("check", "latin.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout.startswith("latin.yaml:2:17: error[not-utf-8]: the byte 0xe9 is no UTF-8")


def test_paths_in_a_file_start_from_its_own_folder(tmp_path: Path) -> None:
    write(tmp_path, good=GOOD)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert pitchpipe("check", "../good.yaml", cwd=elsewhere).returncode == 0


def test_json_holds_files_places_fixes_and_a_summary(tmp_path: Path) -> None:
    write(tmp_path, wrong=WRONG_KEY)
    done = pitchpipe("check", "wrong.yaml", "nope.yaml", "--format", "json", cwd=tmp_path)
    assert done.returncode == 2
    place = {"line": 7, "column": 3, "end_line": 7, "end_column": 15}
    assert json.loads(done.stdout) == {
        "version": 1,
        "files": [
            {
                "path": "nope.yaml",
                "error": "cannot read nope.yaml: no such file or directory",
                "findings": [],
            },
            {
                "path": "wrong.yaml",
                "error": None,
                "findings": [
                    {
                        "code": "unknown-key",
                        "severity": "error",
                        "message": "`training` has no key `learning_rat`; "
                        "did you mean `learning_rate`?",
                        "path": "training.learning_rat",
                        **place,
                        "related": [],
                        "fix": {
                            "title": "Rename to `learning_rate`",
                            "edits": [{**place, "new_text": "learning_rate"}],
                        },
                    }
                ],
            },
        ],
        "summary": {"files": 1, "unreadable": 1, "errors": 1, "warnings": 0, "hints": 0},
    }


def test_a_fix_is_told_on_a_terminal_in_colour_and_to_nobody_else(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("needs a pseudo-terminal")
    write(tmp_path, wrong=WRONG_KEY)
    assert "fix:" not in pitchpipe("check", "wrong.yaml", cwd=tmp_path).stdout
    seen = on_terminal(tmp_path, "check", "wrong.yaml", NO_COLOR="")
    assert "\x1b[31merror[unknown-key]\x1b[0m" in seen
    assert "    fix: Rename to `learning_rate`" in seen
    assert "\x1b" not in on_terminal(tmp_path, "check", "wrong.yaml", NO_COLOR="1")


def on_terminal(cwd: Path, *arguments: str, **variables: str) -> str:
    """What the command shows on a terminal."""
    import os

    assert sys.platform != "win32"
    import pty

    theirs, ours = pty.openpty()
    with subprocess.Popen(
        command(*arguments),
        cwd=cwd,
        env=environment(TERM="xterm", **variables),
        stdout=ours,
        stdin=subprocess.DEVNULL,
    ):
        os.close(ours)
        seen = b""
        while True:
            try:
                piece = os.read(theirs, 65536)
            except OSError:
                break
            if not piece:
                break
            seen += piece
    os.close(theirs)
    return seen.decode("utf-8")


def test_a_reader_that_hangs_up_changes_neither_exit_code_nor_stderr(tmp_path: Path) -> None:
    write(tmp_path, wrong=WRONG_KEY)
    for arguments, code in ((["check", "wrong.yaml"], 1), (["--help"], 0), (["schema"], 0)):
        process = subprocess.Popen(
            command(*arguments),
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout
        process.stdout.close()
        assert process.wait(30) == code
        assert process.stderr
        assert process.stderr.read() == b""
        process.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
@pytest.mark.parametrize("arguments", [["schema"], ["--help"], ["completion", "bash"]])
def test_a_full_disk_below_the_output_is_said(tmp_path: Path, arguments: list[str]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            command(*arguments),
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == ("pitchpipe: the output could not be written: no space left on device\n")


def test_a_terminal_that_lacks_characters_gets_question_marks(tmp_path: Path) -> None:
    write(tmp_path, wrong=GOOD + "трениране: 1\n")
    variables = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "cp1252"}
    line = command("check", "wrong.yaml")
    done = subprocess.run(
        line, cwd=tmp_path, env=environment(**variables), capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"`?????????`" in done.stdout
    assert done.stderr == b""
    as_json = subprocess.run(
        [*line, "--format", "json"],
        cwd=tmp_path,
        env=environment(**variables),
        capture_output=True,
        check=False,
    )
    finding = json.loads(as_json.stdout)["files"][0]["findings"][0]
    assert finding["path"] == "трениране"
