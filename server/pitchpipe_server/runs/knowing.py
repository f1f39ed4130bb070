"""The runs of this user's workflows, each folder read once and read on when it has grown."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pitchpipe.findings import Finding
from pitchpipe.ide.world import Run
from pitchpipe_facts import nearby, run_index, runs
from pitchpipe_facts.runs import RunInfo
from pitchpipe_server.runs import blaming, endings, pace, telling
from pitchpipe_server.runs.news import MALFORMED, failure_of
from pitchpipe_server.runs.reading import Reading, begun

_HOLDS = 0.25  # seconds that a look at a workflow's runs counts
_LOCK_HOLDS = 0.5  # seconds that a look at a run's lock counts


@dataclass(slots=True)
class _Known:
    """A run, of which file and of which text it was made, and when its plan was written.

    `locked` was so at `looked`, by the clock that never jumps.
    """

    reading: Reading
    workflow: str
    sha256: str
    made: float
    locked: bool = False
    looked: float = float("-inf")


class Runs:
    """What the folders tell, kept while it holds. Not for two threads at once."""

    def __init__(self) -> None:
        self._entries = frozenset[str]()
        self._folders: list[Path] = []
        self._known: dict[Path, _Known | None] = {}
        self._looked: dict[str, tuple[float, list[_Known]]] = {}
        self._summaries: dict[Path, tuple[object, Run]] = {}

    def changed(self) -> None:
        """Says that a run has begun or ended; else that takes a moment to be seen."""
        self._looked.clear()
        for known in self._known.values():
            if known:
                known.looked = float("-inf")

    def discover(self, workflow: Path) -> None:
        """Looks for runs near a workflow that the index does not know, and enters them.

        Reads the folders around: for when a file is opened.
        """
        for output_dir in nearby.output_dirs(workflow.resolve().parent):
            self.enter(plan.parent for plan in output_dir.glob(f"*/{runs.PLAN}"))

    def enter(self, folders: Iterable[Path]) -> None:
        """Puts run folders into the index that are not in there."""
        known = set(run_index.indexed())
        for folder in folders:
            if folder.resolve() not in known:
                run_index.register(folder)

    def summaries(self, workflow: Path) -> tuple[Run, ...]:
        """The workflow's runs, newest first."""
        return tuple(self._summary(known) for known in self._of(workflow))

    def told(self, workflow: Path) -> list[dict[str, Any]]:
        """The same for a client, see `telling.told`."""
        return [telling.told(self._summary(known), known.reading) for known in self._of(workflow)]

    def one(self, folder: Path) -> tuple[dict[str, Any], Reading] | None:
        """A run for a client, wherever it lies; None where no plan can be read."""
        known = self._known.get(folder) or _look(folder)
        if known is None:
            return None
        self._known[folder] = known
        known.reading.drain()
        return telling.told(self._summary(known), known.reading), known.reading

    def workflows(self) -> list[Path]:
        """Those that the runs of the index are of, each once."""
        return list({k.workflow: w for k in self._all() if (w := k.reading.run.workflow)}.values())

    def there(self) -> dict[Path, Path]:
        """The folders of the index' runs that are there, and the workflows that those are of."""
        found = ((k.reading.run.folder, k.reading) for k in self._all())
        return {f: r.run.workflow for f, r in found if r.run.workflow and r.events.is_file()}

    def goes_on(self, folder: Path) -> bool:
        """Whether the run may still say something."""
        found = self.one(folder)
        return found is not None and found[0]["state"] in {"waiting", "running"}

    def running(self) -> list[Path]:
        """The runs of the index that a process works on now."""
        return [k.reading.run.folder for k in self._all() if self._is_locked(k)]

    def earlier(self, run: RunInfo) -> pace.Seconds:
        """What the stages took in the newest run of the same workflow and kind that is done."""
        if run.workflow is None:
            return pace.NOTHING_EARLIER
        for known in self._of(run.workflow):
            other = known.reading.run
            if other.state == "done" and other.smoke == run.smoke and other.folder != run.folder:
                return pace.seconds_of(other)
        return pace.NOTHING_EARLIER

    def earlier_of(self, folder: Path) -> pace.Seconds:
        """The same for the run in a folder, whether there is any or not."""
        run = runs.planned(folder)
        return self.earlier(run) if run else pace.NOTHING_EARLIER

    def failure_finding(self, workflow: Path, text: str) -> Finding | None:
        """What the newest run failed of, if `text` is what it was made from."""
        newest = next(iter(self._of(workflow)), None)
        if newest is None or newest.reading.failure is None or self._is_locked(newest):
            return None
        if newest.sha256 != _sha256(text):
            return None
        try:
            return blaming.finding(failure_of(newest.reading.failure), text)
        except MALFORMED:
            return None

    def _all(self) -> list[_Known]:
        """Those of the index. It is asked at every keystroke: its entries never change."""
        entries = _entries()
        if entries != self._entries:
            self._entries, self._folders = entries, run_index.indexed()
        for folder in self._folders:
            if folder not in self._known:
                self._known[folder] = _look(folder)
        return [known for folder in self._folders if (known := self._known[folder])]

    def _of(self, workflow: Path) -> list[_Known]:
        """Read as far as they have come, newest first."""
        wanted, now = same(workflow), time.monotonic()
        at, kept = self._looked.get(wanted, (float("-inf"), []))
        if now - at < _HOLDS:
            return kept
        its = [known for known in self._all() if known.workflow == wanted]
        there = [known for known in its if known.reading.events.is_file()]
        for known in there:
            known.reading.drain()
        there.sort(key=_newest_first)
        self._looked[wanted] = (now, there)
        return there

    def _is_locked(self, known: _Known) -> bool:
        """One that has ended may have been taken up again."""
        now = time.monotonic()
        if now - known.looked >= _LOCK_HOLDS:
            known.locked, known.looked = runs.is_locked(known.reading.run.folder), now
        return known.locked

    def _summary(self, known: _Known) -> Run:
        reading, folder = known.reading, known.reading.run.folder
        # A run that failed writes its report behind its last event.
        state = (reading.offset, self._is_locked(known), endings.report_of(reading.run))
        kept = self._summaries.get(folder)
        if kept is None or kept[0] != state:
            kept = (state, telling.summary(reading, locked=known.locked, earlier=self.earlier))
            self._summaries[folder] = kept
        return kept[1]


def _look(folder: Path) -> _Known | None:
    reading = begun(folder)
    if reading is None or reading.run.workflow is None:
        return None
    file = folder / runs.PLAN
    try:
        plan: Any = json.loads(file.read_text(encoding="utf-8"))
        sha256, made = str(plan["workflow_sha256"]), file.stat().st_mtime
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return _Known(reading, same(reading.run.workflow), sha256, made)


def _entries() -> frozenset[str]:
    try:
        return frozenset(os.listdir(run_index.index_folder()))  # noqa: PTH208  # names alone
    except OSError:
        return frozenset()


def same(workflow: Path) -> str:
    """Equal for two paths of one file."""
    return os.path.normcase(os.path.realpath(workflow))


def _newest_first(known: _Known) -> tuple[float, str]:
    run = known.reading.run
    return (-(run.started or known.made), run.id)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
