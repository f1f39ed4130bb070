"""Runs the command `pitchpipe`: in this process, or as one of its own."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from pitchpipe.plan import from_json
from pitchpipe_cli.main import main
from support import recorded_run

TESTS = Path(__file__).parent.parent
ROOT = TESTS.parent


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pitchpipe_cli", *arguments]


def environment(**variables: str) -> dict[str, str]:
    """This process's environment, with the packages of this checkout and without colours."""
    paths = [str(ROOT / name) for name in ("server", "runner", "schemas", "tests")]
    plain = {"PYTHONPATH": os.pathsep.join(paths), "NO_COLOR": "1", "PYTHONUTF8": "1"}
    return {**os.environ, **plain, **variables}


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left: its exit code and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def pitchpipe(*arguments: str, cwd: Path, stdin: str = "", **variables: str) -> Done:
    """Runs the command in this process, which takes milliseconds, with streams of its own."""
    streams = [
        io.TextIOWrapper(io.BytesIO(d), encoding="utf-8") for d in (stdin.encode(), b"", b"")
    ]
    before = Path.cwd()
    os.chdir(cwd)
    try:
        with (
            mock.patch.dict(os.environ, environment(**variables)),
            mock.patch.multiple(sys, stdin=streams[0], stdout=streams[1], stderr=streams[2]),
        ):
            code = main(arguments)
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    finally:
        os.chdir(before)
    for stream in streams[1:]:
        stream.flush()
    out, err = (stream.buffer.getvalue().decode("utf-8") for stream in streams[1:])  # pyright: ignore
    return Done(code, out.replace(os.linesep, "\n"), err.replace(os.linesep, "\n"))


def stand_in_python(folder: Path) -> Path:
    """A program to name with `--python`: it starts the stand-in runner instead of the real one."""
    script = TESTS / "support" / "stand_in_runner.py"
    if sys.platform == "win32":
        path = folder / "stand-in.bat"
        path.write_text(f'@"{sys.executable}" "{script}" %*\n', encoding="utf-8")
        return path
    path = folder / "stand-in"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n', encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def bare_python(folder: Path) -> Path:
    """A program to name with `--python`: a Python that has nothing but its standard library."""
    if sys.platform == "win32":
        path = folder / "bare.bat"
        path.write_text(f'@"{sys.executable}" -I -S %*\n', encoding="utf-8")
        return path
    path = folder / "bare"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n', encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def write_plan(path: Path, **changes: Any) -> Path:
    """A plan.json that can be run, with top-level values replaced by `changes`."""
    plan = {**recorded_run.plan(recorded_run.Recipe()), "root": str(path.parent), **changes}
    from_json(plan)
    path.write_text(json.dumps(plan), encoding="utf-8")
    return path
