"""The runner as a process: how it is started, and what its end means in words."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

MODULE = "pitchpipe_runner"
PYTHON_VARIABLE = "PITCHPIPE_PYTHON"  # names the interpreter where nothing else does
LAST_LINES = 15  # of the runner's own output are worth showing

# What the runner's interpreter shall do, whatever it does elsewhere: write its output at once and
# in UTF-8, say where it was when it crashed, and not import what lies in the working directory.
_ENVIRONMENT = {
    "PYTHONUNBUFFERED": "1",
    "PYTHONUTF8": "1",
    "PYTHONFAULTHANDLER": "1",
    "PYTHONSAFEPATH": "1",
}


# Starting


def command(
    python: str,
    folder: Path,
    *,
    only: Sequence[str] = (),
    fresh: bool = False,
    resume: bool = False,
    trust_remote_code: bool = False,
) -> list[str]:
    """The command line that works on a run folder."""
    stages = [word for stage in only for word in ("--only", stage)]
    options = {"--fresh": fresh, "--resume": resume, "--trust-remote-code": trust_remote_code}
    given = [option for option, wanted in options.items() if wanted]
    return [python, "-m", MODULE, str(folder), *stages, *given]


def start(
    line: Sequence[str], output: Path, *, folder: Path | None = None, flags: int = 0
) -> subprocess.Popen[bytes]:
    """Starts a command line whose output goes to the end of the file `output`.

    It reads nothing and, on POSIX, leads a session of its own: nobody's Ctrl-C or closing terminal
    reaches it. `folder` is where it works, None for this process's own; `flags` are Windows'.

    Raises:
        OSError: there is no such program, or the output can't be written.
    """
    with output.open("ab") as log:
        return subprocess.Popen(
            line,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **_ENVIRONMENT},
            start_new_session=sys.platform != "win32",
            creationflags=flags,
        )


# Ending


def output_since(folder_output: Path, offset: int) -> str:
    """The last lines of `output.log` behind the byte `offset`; empty where it can't be read."""
    try:
        with folder_output.open("rb") as file:
            file.seek(offset)
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-LAST_LINES:])


def could_not_begin(said: str, python: str, elsewhere: str) -> str:
    """Why a runner ended before its first event, from its output `said`.

    `elsewhere` completes "or name another Python …".
    """
    message = f"the runner could not begin: {_bare(said) or 'it said nothing'}"
    if re.search(r"No module named|ModuleNotFoundError|ImportError|not installed", said):
        message += f"\n\n{python} lacks what training needs. Install it with\n\n    "
        message += f"{install_command(python)}\n\nor name another Python {elsewhere}"
    return message


def _bare(said: str) -> str:
    return said.strip().removeprefix("pitchpipe: ")


def install_command(python: str) -> str:
    """What to type to give an interpreter the runner."""
    return f'{python} -m pip install "pitchpipe[runner]"'


def died(code: int) -> str:
    """What became of a process that ended with `code`, minus a signal's number on POSIX."""
    if code >= 0:
        return f"ended with the exit code {code}, without a word of why"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by the signal {-code}"


def guess(code: int) -> str:
    """What such a death mostly means; empty where nobody can tell."""
    if sys.platform == "win32":
        return ""
    if code == -signal.SIGKILL:
        return "; mostly that is the system, short of memory: a smaller batch or model needs less"
    crashes = {-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGILL, -signal.SIGABRT}
    return "; that is a bug in a native library" if code in crashes else ""
