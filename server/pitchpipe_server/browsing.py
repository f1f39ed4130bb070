"""Runs as a client looks through them: lists, one in full, several compared, one removed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pygls.exceptions import JsonRpcException

from pitchpipe.dialects.recognise import is_workflow
from pitchpipe_facts import removal
from pitchpipe_facts.runs import planned
from pitchpipe_server.runs import comparing
from pitchpipe_server.runs.details import Details
from pitchpipe_server.runs.knowing import same
from pitchpipe_server.runs.searching import search
from pitchpipe_server.uris import path_of, uri_of

if TYPE_CHECKING:
    from pitchpipe_server.running import Running
    from pitchpipe_server.server import PitchpipeServer

T = TypeVar("T")

_REQUEST_FAILED = -32803  # LSP's code for a request that is right but can't be answered
_SEARCH_HOLDS = 10.0  # seconds; a client that watches files says before when it does not


class Browsing:
    """All that it needs of run folders is read in threads: no request keeps a keystroke waiting."""

    def __init__(self, server: PitchpipeServer, running: Running) -> None:
        self._server = server
        self._running = running
        self._runs = running.runs
        self._details = Details()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="run details")
        self._searched: tuple[float, Sequence[Path], list[Path]] | None = None

    def files_changed(self) -> None:
        """Workflows or run folders in the workspace came or went."""
        self._searched = None

    # Lists

    async def workflows(self) -> list[dict[str, Any]]:
        """Those in the workspace's folders and those that are open, by URI, each with its runs.

        Of those in the folders the ones whose name says what they are, and those that were run.
        """
        await self._search()
        roots = self._roots()
        opened = [(text.uri, path_of(text.uri), text.text) for text in self._server.texts]
        ours = {uri: path for uri, path, text in opened if is_workflow(path or uri, text)}
        others = {path for uri, path, _ in opened if uri not in ours and path is not None}
        named = self._searched[2] if self._searched else []
        found = await self._running.apart(lambda: self._listed(roots, named, ours, others))
        return sorted(map(self._with_processes, found), key=lambda workflow: workflow["uri"])

    async def workflow(self, uri: str) -> list[dict[str, Any]]:
        """That one alone with its runs; none where it is no workflow.

        One that is not open is one by its name, or because it was run.
        """
        path = path_of(uri)
        text = next((t for t in self._server.texts if uri == t.uri or _is(t.uri, path)), None)
        runs = await self._running.apart(lambda: self._runs.told(Path(path))) if path else []
        if text is not None:
            ours = is_workflow(path or uri, text.text)
        else:
            ours = path is not None and (is_workflow(path, "") or bool(runs))
        return [self._with_processes(_workflow(uri, runs))] if ours else []

    async def _search(self) -> None:
        roots = self._roots()
        if self._searched is not None:
            at, of, _ = self._searched
            if of == roots and time.monotonic() - at < _SEARCH_HOLDS:
                return
        found = await asyncio.to_thread(lambda: search(roots))
        await self._running.apart(lambda: self._runs.enter(found.runs))
        self._searched = (time.monotonic(), roots, list(found.workflows))

    def _roots(self) -> list[Path]:
        folders = self._server.workspace.folders
        return [Path(path) for uri in folders if (path := path_of(uri))]

    def _listed(
        self,
        roots: Sequence[Path],
        named: Sequence[Path],
        opened: dict[str, str | None],
        others: set[str],
    ) -> list[dict[str, Any]]:
        """Each file once, under the client's URI where it is open; in the runs' thread."""
        resolved = [Path(same(root)) for root in roots]
        its = {same(file): file for file in self._runs.workflows()}
        inside = {k: f for k, f in its.items() if any(r in Path(k).parents for r in resolved)}
        files = {**inside, **{same(file): file for file in named}}
        for path in others:
            files.pop(same(Path(path)), None)
        uris = {key: uri_of(str(file)) for key, file in files.items()}
        paths = {same(Path(path)): uri for uri, path in opened.items() if path is not None}
        listed = [_workflow(uri, self._runs.told(Path(k))) for k, uri in {**uris, **paths}.items()]
        return listed + [_workflow(uri, []) for uri, path in opened.items() if path is None]

    def _with_processes(self, workflow: dict[str, Any]) -> dict[str, Any]:
        """A run whose process has not come to its first event has nothing to be resumed either."""
        for run in workflow["runs"]:
            if self._running.works_on(Path(run["folder"])):
                run["resumable"] = False
        return workflow

    # One run, and several

    async def details(self, folder: Path, most: int) -> dict[str, Any]:
        """One run in full, see `details.Details`.

        Raises:
            JsonRpcException: there is no run.
        """
        earlier = await self._running.apart(lambda: self._runs.earlier_of(folder))
        told = await self._apart(lambda: self._details.of(folder, most, earlier))
        if told is None:
            raise _no_run(folder)
        workflow = told["workflow"]
        if workflow and told["run"]["state"] in {"waiting", "running"}:
            # Whoever shows it hears of its end, though it may come before the run was found.
            await self._running.follow(folder, Path(workflow), offset=told["offset"])
        told["workflow"] = uri_of(workflow) if workflow else None
        if self._running.works_on(folder):
            told["run"]["resumable"] = False
        return told

    async def compared(self, folders: Sequence[Path]) -> dict[str, Any]:
        """Where runs differ.

        Raises:
            JsonRpcException: one is no run.
        """
        keys = list(self._server.engine.schema.leaves())

        def compare() -> dict[str, Any]:
            told: list[dict[str, Any]] = []
            readings: list[Any] = []
            for folder in folders:
                if (found := self._runs.one(folder)) is None:
                    raise _no_run(folder)
                told.append(found[0])
                readings.append(found[1])
            return {
                "runs": told,
                "settings": comparing.settings(folders, keys),
                "metrics": comparing.metrics(readings),
            }

        return await self._running.apart(compare)

    # Removing

    async def delete(self, folder: Path) -> dict[str, Any]:
        """Removes a run's folder if nobody works on the run; says whether, and why not."""
        if self._running.works_on(folder):
            return {"deleted": False, "message": f"run {folder.name} is in progress"}
        run, message = await self._apart(lambda: planned(folder)), None
        try:
            await self._apart(lambda: removal.remove(folder))
        except removal.CannotRemove as error:
            message = str(error)
        deleted = not folder.exists()
        if deleted:
            await self._apart(lambda: self._details.forget(folder))
            await self._running.went_away(folder, run.workflow if run else None)
        return {"deleted": deleted, "message": message}

    async def _apart(self, work: Callable[[], T]) -> T:
        """In the thread of what takes long: the runs' own has lenses to answer."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _workflow(uri: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    path = path_of(uri) or uri
    return {"uri": uri, "name": path.replace("\\", "/").rpartition("/")[2], "runs": runs}


def _is(uri: str, path: str | None) -> bool:
    return path is not None and path_of(uri) == path


def _no_run(folder: Path) -> JsonRpcException:
    return JsonRpcException(f"no run can be read in {folder}", _REQUEST_FAILED)
