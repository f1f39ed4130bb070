"""Watches over the runner's process: starts it, follows its events, stops it when asked."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from pitchpipe_facts import runner_process, runs

_PAUSE = 0.1  # seconds between two looks at the events


@dataclass(frozen=True, slots=True)
class Ending:
    """How the runner's process ended: its exit code, or minus the signal that killed it (POSIX).

    `interrupted` tells that the user asked for it.
    """

    code: int
    interrupted: bool


class Runner:
    """A process, and how often the user asked it to stop.

    On POSIX it lives in a session of its own, so that it gets exactly one SIGINT for the first
    request, whether that came from the keyboard, as a signal to this process alone, or from a
    closing terminal. On Windows it shares the console, which hands Ctrl-C to both.
    """

    def __init__(self) -> None:
        self.requests = 0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, command: Sequence[str], output: Path) -> subprocess.Popen[bytes]:
        """What was asked for before it runs counts, too."""
        self.process = runner_process.start(command, output)
        if self.requests:
            self._ask()
        return self.process

    def stop(self) -> None:
        """The first request lets it save a checkpoint, the next one kills it and its children."""
        self.requests += 1
        if self.requests > 1:
            self._kill()
        else:
            self._ask()

    def _ask(self) -> None:
        if sys.platform != "win32" and self.process is not None:
            self.process.send_signal(signal.SIGINT)

    def _kill(self) -> None:
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            if sys.platform == "win32":
                self.process.kill()
            else:
                os.killpg(self.process.pid, signal.SIGKILL)


def follow(
    command: Sequence[str],
    folder: Path,
    offset: int,
    on_lines: Callable[[list[bytes]], None],
    on_stop: Callable[[int], None],
) -> Ending:
    """Runs `command` to its end.

    `on_lines` gets the event lines behind the byte `offset` as they come, and an empty list ten
    times a second, so that clocks go on. `on_stop` gets the number of the user's request to stop.
    """
    runner = Runner()
    told = 0
    with _requests_to(runner):
        process = runner.start(command, folder / runs.OUTPUT)
        while True:
            ended = process.poll() is not None
            lines, offset = runs.lines(folder / runs.EVENTS, offset)
            on_lines(lines)
            if runner.requests > told:
                told = runner.requests
                on_stop(told)
            if ended:
                return Ending(process.returncode, runner.requests > 0)
            time.sleep(_PAUSE)


@contextlib.contextmanager
def _requests_to(runner: Runner) -> Generator[None, None, None]:
    """Hands Ctrl-C, and whatever else asks politely, to the runner until it ends.

    A signal that was ignored from the start (`nohup`, a background job) stays ignored.
    """

    def request(number: int, frame: FrameType | None) -> None:
        runner.stop()

    names = ("SIGINT", "SIGTERM", "SIGHUP")
    wanted = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {s: signal.getsignal(s) for s in wanted if signal.getsignal(s) != signal.SIG_IGN}
    for number in before:
        signal.signal(number, request)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
