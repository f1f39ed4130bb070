"""Goes through large data files behind an editor's back, in a process that keeps no key waiting."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pitchpipe.facts import NotRead
from pitchpipe_facts.runner_python import Stop

if TYPE_CHECKING:
    from pitchpipe.survey import Survey, View

_SETTLED = 1.0  # seconds for which nothing else is wanted, so that no half-typed columns are


@dataclass(frozen=True, slots=True)
class _Wanted:
    file: Path
    view: View
    done: Callable[[Survey | NotRead], None]


class Surveying:
    """One file at a time, in a thread of its own; of each part of a file the view wanted last."""

    def __init__(self) -> None:
        self._wanted: dict[tuple[Path, str], _Wanted] = {}
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = Stop()

    def at_home(self, loop: asyncio.AbstractEventLoop) -> None:
        """Names the loop on which answers are told."""
        self._loop = loop

    def want(self, file: Path, view: View, done: Callable[[Survey | NotRead], None]) -> None:
        """Has `file` gone through and `done` called with what was found. From any thread."""
        with self._news:
            self._wanted[file, view.split] = _Wanted(file, view, done)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="surveying", daemon=True)
                self._thread.start()
                atexit.register(self._stop.stop)
            self._news.notify()

    def _work(self) -> None:
        while not self._stop.asked:
            wanted = self._next()
            found = _found(wanted, self._stop)
            if self._loop is not None:
                with contextlib.suppress(RuntimeError):  # the server has ended
                    self._loop.call_soon_threadsafe(wanted.done, found)

    def _next(self) -> _Wanted:
        with self._news:
            while True:
                while not self._wanted:
                    self._news.wait()
                if not self._news.wait(_SETTLED):  # nothing new in the meantime
                    return self._wanted.pop(next(iter(self._wanted)))


def _found(wanted: _Wanted, stop: Stop) -> Survey | NotRead:
    from pitchpipe_facts import surveys  # noqa: PLC0415  # as few files are large

    found = surveys.elsewhere(wanted.file, wanted.view, stop)
    if not isinstance(found, NotRead):
        surveys.keep(wanted.file, wanted.view, found)
    return found
