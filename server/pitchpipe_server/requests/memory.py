"""`pitchpipe/memory`: the estimate of a workflow as numbers, for a panel that asks at every key."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import asdict
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pitchpipe.not_yet import NotYet
from pitchpipe_server.requests import parameters
from pitchpipe_server.server import PitchpipeServer
from pitchpipe_server.uris import path_of

if TYPE_CHECKING:
    from pitchpipe.costs.cost import Cost
    from pitchpipe.facts import NotRead

MEMORY, CHANGED = "pitchpipe/memory", "pitchpipe/memoryChanged"
REQUESTS = (MEMORY,)
NOTIFICATIONS = (CHANGED,)

_NOT_OPEN = "the file is not open, or no workflow"
_MOST_KEPT = 4
_MOST_TRIES = 4
_SOON = 0.1  # seconds after which facts that are missing may be there


def register(server: PitchpipeServer) -> None:
    estimates = _Estimates(server)

    @server.feature(MEMORY)
    async def memory(params: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        return await estimates.answer(parameters.text(params, "uri"))


class _Estimates:
    """Works estimates out in a thread, one at a time, each of the newest text.

    Where keys come faster than answers, several requests wait for one answer. What was begun is
    done, also where its request is cancelled: threads don't stop.
    """

    def __init__(self, server: PitchpipeServer) -> None:
        self._server = server
        self._turn = asyncio.Lock()
        self._begun: asyncio.Future[dict[str, Any]] | None = None
        self._known: OrderedDict[int, tuple[Cost, dict[str, Any]]] = OrderedDict()

    async def answer(self, uri: str) -> dict[str, Any]:
        # It loads all of the estimate's alternatives; meanwhile all is read that waits.
        await asyncio.to_thread(import_module, "pitchpipe.ide.estimate")
        from pitchpipe.ide import estimate  # noqa: PLC0415  # see PitchpipeServer

        async with self._turn:
            if self._begun is not None:
                await asyncio.wait({self._begun})
            for _ in range(_MOST_TRIES):
                if not self._is_workflow(uri):
                    return asdict(estimate.Memory(_NOT_OPEN))
                found = await self._server.patiently(
                    lambda: self._cost(uri), until=lambda cost: cost is not None
                )
                try:
                    return await self._told(found)
                except NotYet:
                    await self._server.found_out()
                    await asyncio.sleep(_SOON)
        return asdict(estimate.Memory(estimate.WAITING))

    async def _told(self, found: Cost | NotRead | None) -> dict[str, Any]:
        from pitchpipe.costs.cost import Cost  # noqa: PLC0415  # as above
        from pitchpipe.ide.estimate import memory  # noqa: PLC0415

        schema = self._server.engine.schema
        if not isinstance(found, Cost):
            return asdict(memory(found, schema))
        if id(found) not in self._known:
            work = asyncio.to_thread(lambda: asdict(memory(found, schema)))
            self._begun = asyncio.ensure_future(work)
            self._begun.add_done_callback(_looked_at)
            self._keep(found, await asyncio.shield(self._begun))
        return self._known[id(found)][1]

    def _keep(self, found: Cost, told: dict[str, Any]) -> None:
        """The cost is kept with what was told of it, so that no other gets its identity."""
        self._known[id(found)] = found, told
        if len(self._known) > _MOST_KEPT:
            self._known.popitem(last=False)

    def _is_workflow(self, uri: str) -> bool:
        return self._server.snapshot(self._spelt(uri)) is not None

    def _cost(self, uri: str) -> Cost | NotRead | None:
        snapshot = self._server.snapshot(self._spelt(uri))
        return snapshot and snapshot.world.cost(snapshot.context)

    def _spelt(self, uri: str) -> str:
        """As the client spelt the URI when it opened the file, else as it is."""
        if self._server.texts.get(uri) is not None:
            return uri
        path = path_of(uri)
        same = (text.uri for text in self._server.texts if path and path_of(text.uri) == path)
        return next(same, uri)


def _looked_at(done: asyncio.Future[dict[str, Any]]) -> None:
    """What nobody waits for any more may fail without a word in the log."""
    if not done.cancelled():
        done.exception()
