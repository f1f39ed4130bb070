"""Facts for a keystroke: what is known is said at once, the rest is found out in a thread."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from pitchpipe.facts import FileFact, ModelFact, NotRead, Table
from pitchpipe.model_config import ModelConfig
from pitchpipe.modules import Head, ModelShape
from pitchpipe.not_yet import NotYet
from pitchpipe.plan import Fingerprint
from pitchpipe_facts.reader import Reader

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from pitchpipe.costs.machine import Machine
    from pitchpipe.costs.settings import Settings
    from pitchpipe.estimate import Records
    from pitchpipe.published import PublishedModel
    from pitchpipe.survey import Survey, View
    from pitchpipe_server.surveying import Surveying

T = TypeVar("T")
Key: TypeAlias = "tuple[str, Unpack[tuple[Hashable, ...]]]"

_FRESH = 1.0  # seconds for which it is believed that a file lies where it lay, as it was
_MOST_PATHS = 20_000
_MOST_ANSWERS = {"cost": 64, "lengths": 256}  # of a kind; of the others:
_MOST_OTHERS = 10_000
_AT_ONCE = 2 * 2**20  # bytes of a data file that is gone through in a tenth of a second
_SHOWN = {"cost", "fingerprint", "lengths", "rows", "tokens"}  # kinds that no finding goes by

logger = logging.getLogger(__name__)


class Patience:
    """Answers that took longer than a keystroke.

    `wake` is called when something waits to be found out: whoever listens has `find_out` run. An
    answer of an older state of the world is still given, until there is a new one. `state` changes
    with any answer that findings go by.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self.state = 0
        self._wake = wake
        self._home = threading.get_ident()
        self._asked_at = 0
        self._answers: dict[str, OrderedDict[Key, tuple[int, Any]]] = {}
        self._waiting: dict[Key, Callable[[], Any]] = {}

    def ask(self, key: Key, find: Callable[[], T]) -> T:
        """The answer to `key`, whose first part says of what kind it is.

        Raises:
            NotYet: nobody knows it yet; `find` will be run.
        """
        known = self._known(key)
        if known is None or known[0] != self._asked_at:
            self._waiting[key] = find
            # What finds something out, in another thread, is looked after by whoever started it.
            if threading.get_ident() == self._home:
                self._wake()
        if known is None:
            raise NotYet
        return cast(T, known[1])

    def _known(self, key: Key) -> tuple[int, Any] | None:
        answers = self._answers.get(key[0])
        if answers is None or key not in answers:
            return None
        answers.move_to_end(key)
        return answers[key]

    def _keep(self, key: Key, value: tuple[int, Any]) -> None:
        """Forgets what was not asked for the longest time, or an editor's day fills the memory."""
        answers = self._answers.setdefault(key[0], OrderedDict())
        answers[key] = value
        if len(answers) > _MOST_ANSWERS.get(key[0], _MOST_OTHERS):
            answers.popitem(last=False)

    @property
    def hurries(self) -> bool:
        """Whether findings go by something of what waits."""
        return any(key[0] not in _SHOWN for key in self._waiting)

    def tell(self, key: Key, answer: Any) -> None:
        """Somebody could not wait and has found it out himself."""
        self._waiting.pop(key, None)
        self._keep(key, (self._asked_at, answer))

    def renew(self, key: Key, find: Callable[[], Any]) -> None:
        """There is another answer to `key`, which `find` gives at once."""
        self._waiting[key] = find
        self._wake()

    def outdate(self) -> None:
        """Something outside may have changed: every answer is found out again when asked for."""
        self._asked_at += 1

    async def find_out(self) -> bool:
        """Finds out what waits; whether some answer is another than before."""
        changed = judged = False
        while self._waiting:
            batch, self._waiting = self._waiting, {}
            at = self._asked_at
            found = await asyncio.to_thread(_found, batch)
            for key, value in found.items():
                before = self._known(key)
                if before is None or before[1] != value:
                    changed = True
                    judged = judged or key[0] not in _SHOWN
                self._keep(key, (at, value))
            if found or self._waiting:
                # What needed another answer first is tried again when that is there.
                self._waiting.update((key, f) for key, f in batch.items() if key not in found)
        if judged:
            self.state += 1
        return changed


def _found(batch: Mapping[Key, Callable[[], Any]]) -> dict[Key, Any]:
    found: dict[Key, Any] = {}
    for key, find in batch.items():
        with suppress(NotYet):
            found[key] = _guarded(key, find)
    return found


def _guarded(key: Key, find: Callable[[], Any]) -> Any:
    try:
        return find()
    except NotYet:
        raise
    except Exception as error:  # a fact that can't be had is "not read"
        logger.exception("finding out %s failed", key)
        return NotRead(f"{type(error).__name__}: {error}")


class PatientFacts:
    """A `Reader` whose slow answers come when there is time. The paths it is asked are absolute.

    `surveying` goes through large files; without it they are gone through like small ones.
    """

    def __init__(
        self, reader: Reader, patience: Patience, surveying: Surveying | None = None
    ) -> None:
        self._reader = reader
        self._patience = patience
        self._surveying = surveying
        self._looks: dict[str, Callable[[str], Any]] = {
            "file": reader.file,
            "stamp": reader.stamp,
        }
        self._lately: dict[tuple[str, str], tuple[float, Any]] = {}
        self._looked = time.monotonic()
        self._changes = 0

    def seen(self) -> int:
        """Another number whenever a path that was asked for is not as it was."""
        now = time.monotonic()
        if self._lately and now - self._looked > _FRESH:
            self._looked = now
            for (what, path), (_, before) in list(self._lately.items()):
                after = self._looks[what](path)
                if after != before:
                    self._changes += 1
                self._lately[what, path] = (now, after)
        return self._changes

    def file(self, path: str) -> FileFact:
        return self._believed("file", path)

    def table(self, path: str) -> Table:
        key = ("table", path, self._stamp(path))
        return self._patience.ask(key, lambda: self._reader.table(path))

    def json(self, path: str) -> Mapping[str, Any] | NotRead:
        key = ("json", path, self._stamp(path))
        return self._patience.ask(key, lambda: self._reader.json(path))

    def survey(self, path: str, view: View) -> Survey | NotRead:
        stamp = self._stamp(path)
        key = ("survey", path, stamp, view)
        with suppress(RuntimeError):  # nobody works on a loop: then nobody is told either
            if self._surveying:
                self._surveying.at_home(asyncio.get_running_loop())
        return self._patience.ask(key, lambda: self._look_through(key, Path(path), view))

    def _look_through(self, key: Key, file: Path, view: View) -> Survey | NotRead:
        """What is known of a large file: all, or else its head for now."""
        from pitchpipe_facts import surveys  # noqa: PLC0415  # as many files have no data

        slow = file.stat().st_size > _AT_ONCE and surveys.is_text(file)
        if not slow or self._surveying is None:
            return surveys.survey(file, view, self._reader.python)
        if known := surveys.kept(file, view):
            return known
        self._surveying.want(file, view, lambda s: self._patience.renew(key, lambda: s))
        return surveys.head(file, view)

    def counted(self, settings: Settings) -> Mapping[str, Any] | None:
        key = ("counted", blake2b(repr(settings).encode("utf-8", "replace")).digest())
        return self._patience.ask(key, lambda: self._reader.counted(settings))

    def _stamp(self, path: str) -> tuple[int, int] | None:
        return self._believed("stamp", path)

    def _believed(self, what: str, path: str) -> Any:
        """What was seen of a path a moment ago: a long file asks thousands of times for a few."""
        now = time.monotonic()
        known = self._lately.get((what, path))
        if known is None or now - known[0] > _FRESH:
            if len(self._lately) > _MOST_PATHS:
                self._lately.clear()
                self._changes += 1  # nobody looks after them any more
            known = (now, self._looks[what](path))
            self._lately[what, path] = known
        return known[1]

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

    def published(self, name: str) -> PublishedModel | None:
        return self._patience.ask(("published", name), lambda: self._reader.published(name))

    def devices(self) -> Mapping[str, Any]:
        return self._reader.devices()

    def machine(self, device: str) -> Machine | None:
        return self._patience.ask(("machine", device), lambda: self._reader.machine(device))

    def records(self, model_type: str) -> Records:
        return self._patience.ask(("records", model_type), lambda: self._reader.records(model_type))
