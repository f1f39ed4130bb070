"""What the server knows: the core's tables, the world, and what was made of each text.

Imported when the first workflow is opened: a client waits for `initialize` and for nothing else.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import pitchpipe_schemas
from pitchpipe.analyse import Analysis, analyse
from pitchpipe.document import Document
from pitchpipe.ide.recognise import is_workflow
from pitchpipe.ide.snapshot import Client, Snapshot
from pitchpipe.ide.world import Run
from pitchpipe.schema import Schema
from pitchpipe_server.settings import Settings
from pitchpipe_server.texts import OpenText
from pitchpipe_server.uris import path_of
from pitchpipe_server.world import RealWorld


@dataclass(slots=True)
class _Made:
    """What was made of a text: of which version, at which state of the world."""

    text: OpenText
    state: int
    snapshot: Snapshot | None


class Engine:
    """Makes snapshots of open texts, each once."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        client: Client,
        wake: Callable[[], None],
        runs: Callable[[str], tuple[Run, ...]],
    ) -> None:
        self.schema = Schema(pitchpipe_schemas.load("workflow"), fast=True)
        self.client = client
        self.world = RealWorld(settings, wake, runs)
        self._made: dict[str, _Made] = {}

    def snapshot(self, text: OpenText) -> Snapshot | None:
        """The snapshot of a text; None where it is no workflow of ours."""
        made = self._made.get(text.uri)
        if made and made.text is text and made.state == self.world.state:
            return made.snapshot
        before = made.snapshot.document if made and made.snapshot else None
        made = _Made(text, self.world.state, self._make(text, before))
        self._made[text.uri] = made
        return made.snapshot

    def forget(self, uri: str) -> None:
        self._made.pop(uri, None)

    def _make(self, text: OpenText, before: Document | None) -> Snapshot | None:
        path = path_of(text.uri) or _unsaved(text.uri)
        if not is_workflow(path, text.text):
            return None
        found: Analysis = analyse(
            text.text,
            schema=self.schema,
            facts=self.world.facts(os.path.dirname(path)),  # noqa: PTH120  # any system's path
            path=path,
            reuse=before,
        )
        return Snapshot(found, self.world, self.client, time.time())


def _unsaved(uri: str) -> str:
    """Where a document that has no file yet is taken to lie: in the server's folder."""
    return os.path.join(os.getcwd(), uri.rpartition("/")[2].rpartition(":")[2] or "untitled")  # noqa: PTH109, PTH118
