"""A program in a terminal of its own, whose keys we press."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

LINES, COLUMNS = 50, 120
_KEPT = 20_000  # bytes of what it drew last, for failure messages


def _take_terminal() -> None:
    if sys.platform != "win32":
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """Runs `command` until `close`. What it draws is read and, but for the last of it, dropped."""

    _master: int
    _process: subprocess.Popen[bytes]
    _drawn: bytearray
    _reader: threading.Thread

    def __init__(self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str]) -> None:
        if sys.platform == "win32":
            raise RuntimeError("there are no pseudo-terminals on Windows")
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self._process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env={**env, "TERM": "xterm-256color"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_take_terminal,  # Emacs opens /dev/tty
        )
        os.close(slave)
        self._drawn = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    @property
    def drawn(self) -> str:
        """The last of what was drawn, with its control sequences."""
        return self._drawn.decode("utf-8", "replace")

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def close(self) -> None:
        """Ends the program, and whatever else runs in its session."""
        if sys.platform == "win32":
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join(5)
        os.close(self._master)

    def _read(self) -> None:
        # EIO: the last process that held the other side is gone
        with contextlib.suppress(OSError):
            while read := os.read(self._master, 65536):
                self._drawn += read
                del self._drawn[:-_KEPT]
