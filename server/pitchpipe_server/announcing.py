"""Tells a client that there are other runs than before, once for many changes at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pitchpipe_server.requests.runs import CHANGED
from pitchpipe_server.uris import path_of, uri_of

if TYPE_CHECKING:
    from pitchpipe_server.running import Running
    from pitchpipe_server.server import PitchpipeServer

_TOGETHER = 0.1  # seconds that changes are gathered
_EVERY = 2.0  # seconds between two looks at the index, which a terminal's runs enter and leave


class Announcing:
    """Changes are told while `running.events` holds; runs from elsewhere are noticed as long."""

    def __init__(self, server: PitchpipeServer, running: Running) -> None:
        self._server = server
        self._running = running
        self._changed = set[Path | None]()
        self._known: dict[Path, Path] = {}  # folders of runs, and their workflows
        self._watching = False

    def changed(self, workflow: Path | None) -> None:
        """Runs of the workflow began, ended or went away; None: of any."""
        if not self._changed:
            self._server.spawn(self._tell(), "telling that runs changed")
        self._changed.add(workflow)

    def begun(self, folder: Path, workflow: Path) -> None:
        """A run of the workflow is shown from now on."""
        self._known[folder.resolve()] = workflow
        self.changed(workflow)

    def gone(self, folder: Path, workflow: Path | None) -> None:
        """The folder of a run of the workflow was removed."""
        self._known.pop(folder.resolve(), None)
        self.changed(workflow)

    def watch(self) -> None:
        """Begins to notice what other processes do, if nobody does yet."""
        if not self._watching:
            self._watching = True
            self._server.spawn(self._watch(), "noticing runs")

    async def _tell(self) -> None:
        await asyncio.sleep(_TOGETHER)
        workflows = list(self._changed)
        self._changed.clear()
        if self._running.events:
            only = workflows[0] if len(workflows) == 1 else None
            uri = None if only is None else self._uri(only)
            self._server.protocol.notify(CHANGED, {"uri": uri})

    def _uri(self, workflow: Path) -> str:
        """As the client spells it where it is open."""
        path = str(workflow)
        return next((t.uri for t in self._server.texts if path_of(t.uri) == path), uri_of(path))

    async def _watch(self) -> None:
        try:
            there = self._running.runs.there
            self._known = {**await self._running.apart(there), **self._known}
            while self._running.events:
                await asyncio.sleep(_EVERY)
                before, now = dict(self._known), await self._running.apart(there)
                if now != before:
                    self._known = now
                    await self._noticed(before, now)
        finally:
            self._watching = False

    async def _noticed(self, before: Mapping[Path, Path], now: Mapping[Path, Path]) -> None:
        """Those that go on are followed, as if they had been started here."""
        self._running.runs.changed()
        for folder in now.keys() ^ before.keys():
            self.changed(now.get(folder) or before[folder])
        roots = [Path(path) for uri in self._server.workspace.folders if (path := path_of(uri))]
        opened = {path_of(text.uri) for text in self._server.texts}
        for folder in now.keys() - before.keys():
            workflow = now[folder]
            ours = str(workflow) in opened or any(root in workflow.parents for root in roots)
            if ours and await self._running.apart(lambda f=folder: self._running.runs.goes_on(f)):
                await self._running.follow(folder, workflow)
