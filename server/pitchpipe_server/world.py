"""The real `World`: folders, tables, costs and runs, each found out once as long as it holds."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import pitchpipe_schemas
from pitchpipe.context import Context
from pitchpipe.facts import NotRead
from pitchpipe.ide.world import Child, Lengths, Run
from pitchpipe.not_yet import NotYet
from pitchpipe_facts import shipped
from pitchpipe_facts.reader import Reader
from pitchpipe_server.counting import Counting
from pitchpipe_server.patience import Patience, PatientFacts
from pitchpipe_server.settings import Settings
from pitchpipe_server.surveying import Surveying

if TYPE_CHECKING:
    from pitchpipe.costs.cost import Cost
    from pitchpipe.costs.machine import Machine
    from pitchpipe.costs.settings import Settings as Configured
    from pitchpipe_facts.token_counts import TokenCounts
    from pitchpipe_server.lengths import Data

_MOST_CHILDREN = 1000
_MOST_FOLDERS = 32
_FEW = 20  # sources of a file


# What a first look at a file does without is imported where it is used.
# ruff: noqa: PLC0415


class RealWorld:
    """`state` changes when an answer is another than before."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        wake: Callable[[], None],
        runs: Callable[[str], tuple[Run, ...]],
    ) -> None:
        self.patience = Patience(wake)
        self._settings = settings
        self._runs = runs
        self._models = shipped.shapes()
        self._facts: dict[str, PatientFacts] = {}
        self._token_counts: TokenCounts | None = None
        self._numbers = WeakKeyDictionary[Context, int]()
        self._count = count()
        self._tried: tuple[str, int, str] | None = None
        self._counting = Counting(self._tokens, self._ended)
        self._surveying = Surveying()

    @property
    def state(self) -> int:
        return self.patience.state

    def changed(self) -> None:
        """Says that files, settings or runs may be others now."""
        self._facts.clear()
        self._models = shipped.shapes()
        self._token_counts = None
        self._counting.forget()
        self.patience.outdate()
        self.patience.state += 1

    def facts(self, root: str) -> PatientFacts:
        """The facts of workflows in the folder `root`."""
        if len(self._facts) > _MOST_FOLDERS:
            self._facts.clear()
        if root not in self._facts:
            reader = Reader(
                root,
                python=self._python(),
                models=self._models,
                devices=shipped.devices,
                machine=self._machine,
                records=shipped.records,
            )
            self._facts[root] = PatientFacts(reader, self.patience, self._surveying)
        return self._facts[root]

    def cost(self, context: Context) -> Cost | NotRead | None:
        from pitchpipe.costs.settings import of_context

        try:
            settings = of_context(context)
            # A digest: settings of a long file are long, and many are asked for while one types.
            key = ("cost", hashlib.blake2b(repr(settings).encode("utf-8", "replace")).digest())
            return self.patience.ask(key, lambda: self._costed(settings, context))
        except NotYet:
            return None

    def rows(self, path: str) -> int | NotRead | None:
        def count() -> int | NotRead:
            from pitchpipe_facts import row_counts

            try:
                return row_counts.count(Path(path))
            except OSError as error:
                return NotRead(str(error))

        try:
            return self.patience.ask(("rows", path), count)
        except NotYet:
            return None

    def lengths(self, path: str, context: Context) -> Lengths | NotRead | None:
        from pitchpipe_server import lengths

        key = ("lengths", self._numbers.setdefault(context, next(self._count)), path)
        try:
            found = self.patience.ask(key, lambda: self._lengths(path, context, self._find))
        except NotYet:
            # Looking at a long file's sources takes longer than a keystroke.
            if self._tried == key or len(list(islice(context.sources(), _FEW + 1))) > _FEW:
                return None
            self._tried = key
            try:
                found = self._lengths(path, context, self._counted)
            except NotYet:
                return None
            if not isinstance(found, lengths.Data):
                self.patience.tell(key, found)
        if isinstance(found, lengths.Data):
            python = self._named_python() or sys.executable
            self._counting.want(found.key, lengths.plan_of(found), python)
            return None
        return found

    def _lengths(
        self, path: str, context: Context, find: Callable[[str], Mapping[str, Any] | None]
    ) -> Lengths | NotRead | Data:
        """What is to be counted where nobody has.

        Raises:
            NotYet: something that it goes by is not known.
        """
        from pitchpipe_server import lengths

        asked = lengths.data_of(context)
        if (found := find(asked.key)) is not None:
            return lengths.of_file(found, asked.settings, path, context.facts)
        if failure := self._counting.failure(asked.key):
            return failure
        return lengths.why_not(asked, context.facts, self._named_python(), os.environ) or asked

    def _counted(self, key: str) -> Mapping[str, Any] | None:
        """As it was last looked at. Raises NotYet."""
        return self.patience.ask(("tokens", key), lambda: self._find(key))

    def _find(self, key: str) -> Mapping[str, Any] | None:
        found = self._tokens().find(key)
        return found and found[0]

    def _ended(self, key: str) -> None:
        """A count has ended: what went by guesses goes by it, and who looks is told."""
        self.patience.outdate()
        self.patience.state += 1  # findings go by it
        with suppress(NotYet):
            self._counted(key)

    def _tokens(self) -> TokenCounts:
        from pitchpipe_facts.token_counts import TokenCounts

        if self._token_counts is None:
            self._token_counts = TokenCounts()
        return self._token_counts

    def children(self, folder: str) -> tuple[Child, ...]:
        try:
            with os.scandir(folder) as found:
                entries = list(islice(found, _MOST_CHILDREN))
        except (OSError, ValueError):
            return ()
        return tuple(Child(e.name, e.is_dir()) for e in sorted(entries, key=lambda e: e.name))

    def published(self) -> Mapping[str, Any]:
        return shipped.models()

    def models(self) -> tuple[str, ...]:
        from pitchpipe_facts import hub_cache

        return tuple(hub_cache.names(os.environ))

    def page(self, code: str) -> str | None:
        return pitchpipe_schemas.page(code)

    def runs(self, path: str) -> tuple[Run, ...]:
        return self._runs(path)

    def _python(self) -> str:
        """The interpreter that would train."""
        return self._named_python() or sys.executable

    def _named_python(self) -> str | None:
        from pitchpipe_facts import runner_process

        return self._settings().python or os.environ.get(runner_process.PYTHON_VARIABLE)

    def _machine(self, device: str) -> Machine:
        from pitchpipe.costs import machine as machines

        if named := self._settings().device:
            found = machines.named(named, shipped.devices(), "set in the editor")
            if found is not None:
                return found
        return shipped.this_machine(device)

    def _costed(self, settings: Configured, context: Context) -> Cost | NotRead:
        from pitchpipe.costs import cost as costs
        from pitchpipe.costs import machine as machines
        from pitchpipe.estimate.calibration import NOTHING_LEARNT
        from pitchpipe_facts import calibration

        facts = context.facts
        shape = costs.shape_of(settings, facts)
        if isinstance(shape, NotRead):
            return shape
        target = settings.compute.target
        on = machines.named(target, facts.devices(), f"`{target}`") if target else None
        if on is None:
            on = self._machine(settings.compute.device)
        learnt = NOTHING_LEARNT if target or self._settings().device else calibration.read(on.kind)
        records, counts = facts.records(shape.model_type), shipped.Counts(self._tokens())
        return costs.cost(settings, shape, on, facts, counts, records, learnt)
