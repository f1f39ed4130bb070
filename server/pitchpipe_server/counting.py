"""Counts how long rows are in tokens behind an editor's back, in the interpreter that trains."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pitchpipe.facts import NotRead
from pitchpipe.plan import Plan
from pitchpipe_facts.runner_python import Stop

if TYPE_CHECKING:
    from pitchpipe_facts.token_counts import TokenCounts

_SETTLED = 3.0  # seconds for which nothing else is wanted, so that no half-typed file is counted


@dataclass(frozen=True, slots=True)
class _Wanted:
    key: str
    plan: Plan
    python: str


class Counting:
    """One count at a time, in a thread of its own; the newest that is wanted, and each key once.

    `done` is called where it was wanted from, with the key, when there is an answer.
    """

    def __init__(self, counts: Callable[[], TokenCounts], done: Callable[[str], None]) -> None:
        self._counts = counts
        self._done = done
        self._failed: dict[str, NotRead] = {}
        self._begun = set[str]()
        self._wanted: _Wanted | None = None
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = Stop()

    def failure(self, key: str) -> NotRead | None:
        """Why it could not be counted; None where nobody has tried, or it is being counted."""
        return self._failed.get(key)

    def want(self, key: str, plan: Plan, python: str) -> None:
        """Has the rows counted when nothing else is wanted for a while. On an event loop."""
        self._loop = asyncio.get_running_loop()
        with self._news:
            if key in self._begun or (self._wanted and self._wanted.key == key):
                return
            self._wanted = _Wanted(key, plan, python)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="counting", daemon=True)
                self._thread.start()
                atexit.register(self.stop)
            self._news.notify()

    def forget(self) -> None:
        """What failed may be tried again: files or settings are others."""
        with self._news:
            self._begun -= self._failed.keys()
            self._failed.clear()

    def stop(self) -> None:
        """Ends the process that counts; nothing is counted any more."""
        self._stop.stop()

    def _work(self) -> None:
        while not self._stop.asked:
            wanted = self._next()
            found = self._counts().count(wanted.plan, wanted.python, self._stop)
            if not isinstance(found, NotRead) and self._counts().find(wanted.key) is None:
                found = NotRead("the counts could not be kept in the user's cache folder")
            if isinstance(found, NotRead):
                self._failed[wanted.key] = found
            if self._loop is not None:
                with contextlib.suppress(RuntimeError):  # the server has ended
                    self._loop.call_soon_threadsafe(self._done, wanted.key)

    def _next(self) -> _Wanted:
        with self._news:
            while True:
                while self._wanted is None:
                    self._news.wait()
                wanted = self._wanted
                self._news.wait(_SETTLED)
                if self._wanted is wanted:
                    self._wanted = None
                    self._begun.add(wanted.key)
                    return wanted
