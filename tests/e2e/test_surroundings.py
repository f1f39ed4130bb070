"""Terminals, pipes, strange names and small rights."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

import pytest

from support.cli import command
from support.whole_runs import Ground, events_of, made

pytestmark = pytest.mark.e2e

ESCAPE = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(rb"\x1b\[[0-9;]*m")
STAGE = re.compile(r"  [·●✓↺■] [a-z]+")  # a line of the picture
COLUMNS, LINES = 40, 20


def test_names_may_hold_spaces_and_any_character(ground: Ground) -> None:
    """The whole path in seconds, from another folder than the file's."""
    name = "a folder/tönes of 🎻 joy.yaml"
    (ground.folder / name).parent.mkdir()
    ground.write(name)
    done = ground.run("run", name, "--smoke", "--set", "export.format=onnx-genai")
    assert done.returncode == 0, done
    (run,) = (ground.folder / name).parent.glob("runs/*")
    assert run.name.endswith("-tones-smoke")
    assert made(run)[-1] == "report"
    assert "Traceback" not in done.stdout + done.stderr


def test_a_reader_that_leaves_does_not_end_the_run(ground: Ground) -> None:
    ground.write()
    process = ground.start("run", "tones.yaml", "--only", "fetch")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("run ")
    process.stdout.close()
    assert process.stderr is not None
    assert (process.wait(), process.stderr.read()) == (0, "")
    process.stderr.close()
    assert events_of(ground.runs[0])[-1]["kind"] == "run-done"


def test_a_folder_that_may_not_be_written_is_said(ground: Ground) -> None:
    ground.write()
    ground.folder.chmod(0o555)
    try:
        done = subprocess.run(
            [*bound_by_rights(), *command("run", "tones.yaml")],
            cwd=ground.folder,
            env=ground.environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    finally:
        ground.folder.chmod(0o755)
    assert (done.returncode, done.stdout) == (2, "")
    where = ground.folder / "runs"
    assert done.stderr == f"pitchpipe: no run folder can be made in {where}: permission denied\n"


def bound_by_rights() -> list[str]:
    """What to put before a command so that a folder's rights bind even root."""
    if sys.platform == "win32":
        pytest.skip("Windows has other rights")
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root may write anywhere")
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_small_terminal_shows_the_run_and_obeys_ctrl_c(ground: Ground) -> None:
    """Ctrl-C comes from the terminal itself, which sends it to all that run in its foreground."""
    ground.write()
    settings = ["--set", "training.max_steps=5000", "--set", "training.eval_strategy=no"]
    said = typed(ground, ["run", "tones.yaml", *settings], b"\x03", when=b"train")
    assert said.code == 130
    (run,) = ground.runs
    assert events_of(run)[-1]["kind"] == "interrupted"
    assert COLOUR.search(said.screen)
    text = ESCAPE.sub(b"", said.screen).decode("utf-8")
    stages = [line.rstrip() for line in text.splitlines() if STAGE.match(line)]
    assert len(stages) > 2 * 7
    assert max(map(len, stages)) <= COLUMNS
    assert f"pitchpipe run --resume {run.name}" in text
    assert "Traceback" not in text


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_colours_can_be_turned_off(ground: Ground) -> None:
    ground.write()
    quiet = Ground(ground.folder, ground.model, ground.rows, {"NO_COLOR": "1"})
    said = typed(quiet, ["run", "tones.yaml", "--only", "fetch"])
    assert said.code == 0
    assert not re.search(rb"\x1b\[3[0-9]", said.screen)
    assert b"fetch" in said.screen


@dataclass(frozen=True)
class Said:
    """What a command wrote on a terminal, and how it ended."""

    code: int
    screen: bytes


def typed(ground: Ground, arguments: list[str], keys: bytes = b"", when: bytes = b"") -> Said:
    """Runs the command in a small terminal, and types `keys` as soon as `when` is on it."""
    assert sys.platform != "win32", "Windows has no pseudo-terminals"
    import fcntl
    import pty
    import struct
    import termios

    variables = {k: v for k, v in ground.environment.items() if k != "NO_COLOR"}
    variables |= {"TERM": "xterm-256color", **ground.variables}
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        os.chdir(ground.folder)
        os.execve(sys.executable, command(*arguments), variables)
    screen = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux' way to say that nobody writes there any more
            piece = b""
        if not piece:
            break
        screen += piece
        if keys and when in screen:
            os.write(terminal, keys)
            keys = b""
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return Said(os.waitstatus_to_exitcode(status), screen)
