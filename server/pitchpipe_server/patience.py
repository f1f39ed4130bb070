"""Facts for a keystroke: what is known is said at once, the rest is found out in a thread."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pitchpipe.facts import FileFact, ModelFact, NotRead, Table
from pitchpipe.model_config import ModelConfig
from pitchpipe.modules import Head, ModelShape
from pitchpipe.not_yet import NotYet
from pitchpipe.plan import Fingerprint
from pitchpipe_facts.reader import Reader

if TYPE_CHECKING:
    from pitchpipe.costs.machine import Machine
    from pitchpipe.estimate import Records

T = TypeVar("T")

_FRESH = 1.0  # seconds for which it is believed that a file lies where it lay, as it was
_MOST_PATHS = 50_000

logger = logging.getLogger(__name__)


class Patience:
    """Answers that took longer than a keystroke.

    `wake` is called when something waits to be found out: whoever listens has `find_out` run. An
    answer of an older state of the world is still given, until there is a new one.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self.state = 0
        self._wake = wake
        self._home = threading.get_ident()
        self._asked_at = 0
        self._answers: dict[Hashable, tuple[int, Any]] = {}
        self._waiting: dict[Hashable, Callable[[], Any]] = {}

    def ask(self, key: Hashable, find: Callable[[], T]) -> T:
        """The answer to `key`.

        Raises:
            NotYet: nobody knows it yet; `find` will be run.
        """
        known = self._answers.get(key)
        if known is None or known[0] != self._asked_at:
            self._waiting[key] = find
            # What finds something out, in another thread, is looked after by whoever started it.
            if threading.get_ident() == self._home:
                self._wake()
        if known is None:
            raise NotYet
        return cast(T, known[1])

    def outdate(self) -> None:
        """Something outside may have changed: every answer is found out again when asked for."""
        self._asked_at += 1

    async def find_out(self) -> bool:
        """Finds out what waits; whether some answer is another than before."""
        changed = False
        while self._waiting:
            batch, self._waiting = self._waiting, {}
            at = self._asked_at
            found = await asyncio.to_thread(_found, batch)
            for key, value in found.items():
                before = self._answers.get(key)
                changed = changed or before is None or before[1] != value
                self._answers[key] = (at, value)
            if found or self._waiting:
                # What needed another answer first is tried again when that is there.
                self._waiting.update((key, f) for key, f in batch.items() if key not in found)
        if changed:
            self.state += 1
        return changed


def _found(batch: Mapping[Hashable, Callable[[], Any]]) -> dict[Hashable, Any]:
    found: dict[Hashable, Any] = {}
    for key, find in batch.items():
        with suppress(NotYet):
            found[key] = _guarded(key, find)
    return found


def _guarded(key: Hashable, find: Callable[[], Any]) -> Any:
    try:
        return find()
    except NotYet:
        raise
    except Exception as error:  # a fact that can't be had is "not read"
        logger.exception("finding out %s failed", key)
        return NotRead(f"{type(error).__name__}: {error}")


class PatientFacts:
    """A `Reader` whose slow answers come when there is time. The paths it is asked are absolute."""

    def __init__(self, reader: Reader, patience: Patience) -> None:
        self._reader = reader
        self._patience = patience
        self._lately: dict[tuple[str, str], tuple[float, Any]] = {}

    def file(self, path: str) -> FileFact:
        return self._believed("file", path, self._reader.file)

    def table(self, path: str) -> Table:
        key = ("table", path, self._stamp(path))
        return self._patience.ask(key, lambda: self._reader.table(path))

    def _stamp(self, path: str) -> tuple[int, int] | None:
        return self._believed("stamp", path, self._reader.stamp)

    def _believed(self, what: str, path: str, look: Callable[[str], T]) -> T:
        """What was seen of a path a moment ago: a long file asks thousands of times for a few."""
        now = time.monotonic()
        known = self._lately.get((what, path))
        if known is None or now - known[0] > _FRESH:
            if len(self._lately) > _MOST_PATHS:
                self._lately.clear()
            known = (now, look(path))
            self._lately[what, path] = known
        return cast(T, known[1])

    def model(self, path: str) -> ModelFact | NotRead:
        return self._patience.ask(("model", path), lambda: self._reader.model(path))

    def model_config(
        self, name_or_path: str, *, local: bool, revision: str | None = None
    ) -> ModelConfig | NotRead:
        return self._patience.ask(
            ("config", name_or_path, local, revision),
            lambda: self._reader.model_config(name_or_path, local=local, revision=revision),
        )

    def shape(
        self,
        name_or_path: str,
        *,
        local: bool,
        revision: str | None = None,
        head: Head | None = None,
    ) -> ModelShape | NotRead:
        return self._patience.ask(
            ("shape", name_or_path, local, revision, head),
            lambda: self._reader.shape(name_or_path, local=local, revision=revision, head=head),
        )

    def fingerprint(self, path: str) -> Fingerprint | NotRead:
        key = ("fingerprint", path, self._stamp(path))
        return self._patience.ask(key, lambda: self._reader.fingerprint(path))

    def environment(self, name: str) -> str | None:
        return self._reader.environment(name)

    def devices(self) -> Mapping[str, Any]:
        return self._reader.devices()

    def machine(self, device: str) -> Machine | None:
        return self._patience.ask(("machine", device), lambda: self._reader.machine(device))

    def records(self, model_type: str) -> Records:
        return self._patience.ask(("records", model_type), lambda: self._reader.records(model_type))
