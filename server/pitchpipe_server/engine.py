"""What the server knows: the core's tables, the world, and what was made of each text.

Imported when the first workflow is opened: a client waits for `initialize` and for nothing else.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from importlib import import_module

import pitchpipe_schemas
from pitchpipe.analyse import Analysis, analyse
from pitchpipe.check import NOTHING_KNOWN
from pitchpipe.dialects.recognise import NATIVE, dialect_of
from pitchpipe.ide.snapshot import Client, Snapshot
from pitchpipe.ide.world import Run
from pitchpipe.schema import Schema
from pitchpipe_server.patience import PatientFacts
from pitchpipe_server.settings import Settings
from pitchpipe_server.texts import OpenText
from pitchpipe_server.uris import path_of
from pitchpipe_server.world import RealWorld

# What the first file needs and isn't imported with this module, in the order of need.
_WANTED = (
    "pitchpipe_server.convert",
    "pitchpipe.syntax.tolerant",
    "pitchpipe.checks.ignores",
    "pitchpipe.checks.targets",
    "pitchpipe.checks.patterns",
    "pitchpipe.checks.fitting",
    "pitchpipe_facts.row_counts",
    "pitchpipe_facts.calibration",
    "pitchpipe_facts.token_counts",
)


_NOT_SAVED = "untitled:"
_LANGUAGE, _NAMED = "pitchpipe", "pitchpipe.yaml"


@dataclass(slots=True)
class _Made:
    """What was made of a text: of which version, at which state of the world."""

    text: OpenText
    state: Hashable
    snapshot: Snapshot | None


class Engine:
    """Makes snapshots of open texts, each once."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        client: Client,
        wake: Callable[[], None],
        runs: Callable[[str], tuple[Run, ...]],
        start_of: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self.schema = Schema(
            pitchpipe_schemas.load("workflow"), fast=True, others=pitchpipe_schemas.dialect
        )
        self.client = client
        self._settings = settings
        self._start_of = start_of
        self.world = RealWorld(settings, wake, runs)
        self._made: dict[str, _Made] = {}

    def snapshot(self, text: OpenText) -> Snapshot | None:
        """The snapshot of a text; None where it is no workflow of ours."""
        made = self._made.get(text.uri)
        path = path_of(text.uri) or _unsaved(text.uri)
        facts = self.world.facts(os.path.dirname(path))  # noqa: PTH120  # any system's path
        state = self.world.state, facts, facts.seen()
        if made and made.text is text and made.state == state:
            return made.snapshot
        snapshot = self._make(text, path, facts, made, state)
        self._made[text.uri] = _Made(text, state, snapshot)
        return snapshot

    def warm_up(self) -> None:
        """Does what the first file would wait for, as long as there is none.

        May be called from any thread.
        """
        self.schema.violations({})
        for name in _WANTED:
            import_module(name)

    def forget(self, uri: str) -> None:
        self._made.pop(uri, None)

    def _make(
        self, text: OpenText, path: str, facts: PatientFacts, made: _Made | None, state: Hashable
    ) -> Snapshot | None:
        # What the client takes for a workflow is named like one.
        dialect = dialect_of(_NAMED if text.language == _LANGUAGE else path, text.text)
        if dialect is None:
            return None
        before = made.snapshot.analysis if made and made.snapshot else None
        found: Analysis = analyse(
            text.text,
            schema=self.schema,
            facts=facts,
            path=path,
            reuse=before and before.document,
            known=before.known if made and before and made.state == state else NOTHING_KNOWN,
            blind=path_of(text.uri) is None and not text.uri.startswith(_NOT_SAVED),
            dialect=dialect,
            start=None if dialect == NATIVE else self._start_of(path),
        )
        elsewhere = text.language in self._settings().schema_elsewhere
        client = replace(self.client, schema_elsewhere=True) if elsewhere else self.client
        return Snapshot(found, self.world, client, time.time())


def _unsaved(uri: str) -> str:
    """Where a document that has no file yet is taken to lie: in the server's folder."""
    return os.path.join(os.getcwd(), uri.rpartition("/")[2].rpartition(":")[2] or "untitled")  # noqa: PTH109, PTH118
