"""Asks the process of a run to stop, or kills it.

A process that this server started is known. One that it found is told by the pid in the events,
which may be another program's by now: it is asked for its command line first.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from pitchpipe_facts import runner_process, runs
from pitchpipe_server.runs.errors import CannotStop
from pitchpipe_server.runs.reading import begun

_PATIENCE = 10  # seconds for the system's own programs


def cancel(
    folder: Path, process: subprocess.Popen[bytes] | None = None, *, force: bool = False
) -> None:
    """Lets the run end after its current step, with a checkpoint; `force` kills it at once.

    `process` is the one that this server started for it, if it did.

    Raises:
        CannotStop: nothing works on the run, or nobody can tell which process does.
    """
    if process is not None:
        if process.poll() is not None:
            raise CannotStop(f"run {folder.name} has ended")
        pid = process.pid
    else:
        pid = _worker(folder)
    with contextlib.suppress(ProcessLookupError):  # it has just ended
        if force:
            _kill(pid)
        else:
            _ask(pid)


def _worker(folder: Path) -> int:
    """The pid of the process that holds the run's lock."""
    if not runs.is_locked(folder):
        raise CannotStop(f"no process works on run {folder.name}")
    reading = begun(folder)
    if reading is not None:
        reading.drain()
    pid = reading.started.get("pid") if reading and reading.started else None
    if not isinstance(pid, int) or not _is_runner(pid, folder):
        raise CannotStop(f"run {folder.name} is just being taken up; try again in a moment")
    return pid


def _is_runner(pid: int, folder: Path) -> bool:
    line = _command_line(pid)
    return runner_process.MODULE in line and folder.name in line


def _command_line(pid: int) -> str:
    """Of a process; empty where there is none, or the system does not tell."""
    proc = Path(f"/proc/{pid}/cmdline")
    with contextlib.suppress(OSError):
        return proc.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    if sys.platform == "win32":
        query = f"(Get-CimInstance Win32_Process -Filter 'ProcessId={pid}').CommandLine"
        line = ["powershell", "-NoProfile", "-NonInteractive", "-Command", query]
    else:
        line = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    try:
        done = subprocess.run(
            line,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _ask(pid: int) -> None:
    if sys.platform != "win32":
        os.kill(pid, signal.SIGINT)
        return
    module = "pitchpipe_server.runs.console"
    subprocess.run(
        [sys.executable, "-m", module, str(pid)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        creationflags=subprocess.CREATE_NO_WINDOW,
        timeout=_PATIENCE,
        check=False,
    )


def _kill(pid: int) -> None:
    """With what it has started, such as the exporter's builder."""
    if sys.platform == "win32":
        subprocess.run(
            ["taskkill", "/T", "/F", "/PID", str(pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
        )
    elif os.getpgid(pid) == pid:
        os.killpg(pid, signal.SIGKILL)
    else:
        os.kill(pid, signal.SIGKILL)
