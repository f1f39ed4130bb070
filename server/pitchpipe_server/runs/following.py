"""Follows any number of runs: looks at their events again and again, and tells what is new."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from pitchpipe_facts import calibration, runs
from pitchpipe_facts.runs import Event
from pitchpipe_server.runs import endings, pace
from pitchpipe_server.runs.news import Ended, News, Progressed, meaning
from pitchpipe_server.runs.reading import ENDS, Reading, begun
from pitchpipe_server.runs.starting import Started

SHORTEST, LONGEST = 0.2, 1.0  # seconds between two looks
_SLOWING = 1.5  # the pause grows by this while nothing happens
_LOCK_EVERY = 2.0  # seconds between two looks at the lock of a silent run
_GRACE = 10.0  # seconds that a process may take from its run's folder to the lock, or to its exit
_AT_ONCE = 0.01  # seconds; others get their turn while a long file is read


@dataclass(slots=True)
class _Followed:
    """`told` is the offset up to which nothing needs to be told any more.

    `looked` is when the lock was last looked at, `since` when following began, `ending` when the
    last event was found to be an ending (None: it is not); all by the clock that never jumps.
    `heard`: there was news. `share` is the greatest that was told.
    """

    reading: Reading
    told: int
    earlier: pace.Seconds
    started: Started | None
    since: float = field(default_factory=time.monotonic)
    looked: float = float("-inf")
    ending: float | None = None
    heard: bool = False
    measured: bool = False
    share: float = 0.0


class Follower:
    """Follows runs on an event loop: `follow`, `forget` and `news` belong to its thread.

    A run that is not followed any more, because it ended or was forgotten, goes on all the same.
    """

    def __init__(self) -> None:
        self._followed: dict[Path, _Followed] = {}
        self._leaving: list[subprocess.Popen[bytes]] = []
        self._pause = SHORTEST
        self._awake = asyncio.Event()

    @property
    def folders(self) -> tuple[Path, ...]:
        """Of the runs that are followed."""
        return tuple(self._followed)

    @property
    def pause(self) -> float:
        """Seconds until the next look."""
        return self._pause

    def run(self, folder: Path) -> runs.RunInfo | None:
        """A followed run as far as it has been read."""
        followed = self._followed.get(folder.resolve())
        return followed.reading.run if followed else None

    def process(self, folder: Path) -> subprocess.Popen[bytes] | None:
        """The process that works on a followed run, where this server started it."""
        followed = self._followed.get(folder.resolve())
        return followed.started.process if followed and followed.started else None

    def follow(
        self, run: Path | Started, *, offset: int | None = None, earlier: pace.Seconds | None = None
    ) -> bool:
        """Begins to follow a run; False for one that is followed already or has no plan.

        Of one that is followed already, a process that was just started takes the last one's place.
        News begin behind the byte `offset` of its events; None: where the process that was just
        started begins, or the end as it is now. `earlier` are the stages' seconds of an earlier
        run, see `pace`.
        """
        started = run if isinstance(run, Started) else None
        folder = (started.folder if started else Path(str(run))).resolve()
        known = self._followed.get(folder)
        if known and started:
            self._hand_over(known, started)
        reading = None if known else begun(folder)
        if reading is None:
            return False
        if offset is None:
            offset = started.offset if started else reading.size()
        self._followed[folder] = _Followed(reading, offset, earlier or {}, started)
        self._pause = SHORTEST
        self._awake.set()
        return True

    def _hand_over(self, known: _Followed, started: Started) -> None:
        """What the last process ended with is no end any more."""
        if known.started:
            self._leaving.append(known.started.process)
        known.started, known.since = started, time.monotonic()
        known.ending, known.heard, known.share = None, False, 0.0
        self._pause = SHORTEST
        self._awake.set()

    def forget(self, folder: Path) -> None:
        """Tells nothing of a run any more."""
        followed = self._followed.pop(folder.resolve(), None)
        if followed and followed.started:
            self._leaving.append(followed.started.process)

    async def news(self) -> AsyncGenerator[News, None]:
        """What happens to the runs, without end. One at a time may be iterated."""
        while True:
            for news in self.look():
                yield news
            self._awake.clear()
            busy = self._followed or self._leaving
            try:
                await asyncio.wait_for(self._awake.wait(), self._pause if busy else None)
            except asyncio.TimeoutError:
                continue

    def look(self) -> list[News]:
        """What is new since the last look, in each run's order."""
        self._leaving = [process for process in self._leaving if process.poll() is None]
        found: list[News] = []
        unread = False
        for folder, followed in list(self._followed.items()):
            before = followed.reading.offset
            news = _latest_progress_alone(list(_news(followed)))
            found += news
            if news and isinstance(news[-1].update, Ended):
                self._end(folder, followed)
            elif followed.reading.offset != before:
                unread = unread or followed.reading.offset < followed.reading.size()
        if unread:
            self._pause = _AT_ONCE
        else:
            self._pause = SHORTEST if found else min(max(self._pause, SHORTEST) * _SLOWING, LONGEST)
        return found

    def _end(self, folder: Path, followed: _Followed) -> None:
        self.forget(folder)
        if followed.measured:
            calibration.record(folder)


def _news(followed: _Followed) -> Iterator[News]:
    """The news of one run; the last is `Ended` when it has ended."""
    reading = followed.reading
    if not reading.run.folder.is_dir():
        yield News(reading.run, reading.offset, None, Ended("gone"))
        return
    # Asked before the events are read: what a process wrote before its end is told before it.
    code = followed.started.process.poll() if followed.started else None
    over = code is not None or _is_free(followed)
    followed.told = min(followed.told, reading.size())  # it may have become shorter
    if reading.offset < followed.told and _still_behind(followed):
        return
    for offset, event in _events(reading, to_the_end=over):
        if offset > followed.told:
            followed.told = offset
            yield _told(followed, offset, event)
    ended = _end_of(followed, over, code)
    if ended is not None:
        yield News(reading.run, reading.offset, None, ended)


def _still_behind(followed: _Followed) -> bool:
    """Whether there is more of the past to skim, after a piece of it."""
    skimmed = followed.reading.skim(followed.told)
    return skimmed and followed.reading.offset < followed.told


def _is_free(followed: _Followed) -> bool:
    """Whether no process works on a run that another one started, as far as was looked.

    The lock is taken for a moment to find out, so that is done while nothing else happens.
    """
    reading, now = followed.reading, time.monotonic()
    if followed.started or reading.size() != reading.offset:
        return False
    if not reading.ended and now - followed.looked < _LOCK_EVERY:
        return False
    followed.looked = now
    return not runs.is_locked(reading.run.folder)


def _events(reading: Reading, *, to_the_end: bool) -> Iterator[tuple[int, Event]]:
    while events := reading.read_on():
        yield from events
        if not to_the_end:
            return


def _told(followed: _Followed, offset: int, event: Event) -> News:
    """An ending is forgotten where another process wrote on behind it, or was started."""
    run, kind = followed.reading.run, event["kind"]
    followed.measured = followed.measured or kind == "measurement"
    if followed.started is None or offset > followed.started.offset:
        followed.heard = True
        followed.ending = time.monotonic() if kind in ENDS else None
    update = meaning(run, event, followed.earlier)
    if isinstance(update, Progressed) and update.share is not None:
        followed.share = max(followed.share, update.share)
        update = replace(update, share=followed.share)
    return News(run, offset, event, update, pace.seconds_left(run, followed.earlier))


def _end_of(followed: _Followed, over: bool, code: int | None) -> Ended | None:
    """A process that has told its end is waited for: it still writes its report, and may hang."""
    run, now = followed.reading.run, time.monotonic()
    if followed.ending is not None:
        return endings.told(run) if over or now - followed.ending > _GRACE else None
    if not over:
        return None
    if followed.started is not None and code is not None:
        return endings.of_process(run, followed.started, code, heard=followed.heard)
    if followed.reading.ended:
        return endings.told(run)
    early = run.state == "waiting" and now - followed.since < _GRACE
    return None if early else endings.unseen(run)


def _latest_progress_alone(news: list[News]) -> list[News]:
    """What an editor would draw over at once is not told; the events are."""
    last = max((i for i, n in enumerate(news) if isinstance(n.update, Progressed)), default=0)
    return [
        replace(n, update=None) if i < last and isinstance(n.update, Progressed) else n
        for i, n in enumerate(news)
    ]
