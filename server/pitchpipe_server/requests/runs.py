"""Requests about runs: lists, one in full, several compared, one removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from pitchpipe_server.requests import parameters
from pitchpipe_server.server import PitchpipeServer

RUNS, DETAILS, COMPARE, DELETE, CHANGED, ENDED = (
    "pitchpipe/runs",
    "pitchpipe/runDetails",
    "pitchpipe/compareRuns",
    "pitchpipe/deleteRun",
    "pitchpipe/runsChanged",
    "pitchpipe/runEnded",
)
REQUESTS = (RUNS, DETAILS, COMPARE, DELETE)
NOTIFICATIONS = (CHANGED, ENDED)

_FEWEST, _MOST, _USUAL = 2, 20_000, 2_000  # points a series
_COMPARED = 100  # runs


def register(server: PitchpipeServer) -> None:
    """Makes the requests known. Folders are absolute paths."""

    @server.feature(RUNS)
    async def runs(params: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        browsing = server.running.browsing
        uri = parameters.optional_text(params, "uri")
        found = browsing.workflows() if uri is None else browsing.workflow(uri)
        return {"workflows": await found}

    @server.feature(DETAILS)
    async def details(params: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        folder = _folder(parameters.text(params, "folder"))
        most = max(_FEWEST, min(parameters.count(params, "most", _USUAL), _MOST))
        return await server.running.browsing.details(folder, most)

    @server.feature(COMPARE)
    async def compare(params: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        folders = [_folder(name) for name in parameters.texts(params, "folders")]
        if len(folders) > _COMPARED:
            raise JsonRpcInvalidParams(f"more than {_COMPARED} runs can't be compared")
        return await server.running.browsing.compared(folders)

    @server.feature(DELETE)
    async def delete(params: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        folder = _folder(parameters.text(params, "folder"))
        return await server.running.browsing.delete(folder)


def _folder(name: str) -> Path:
    """The folder that is named, as the runs know it.

    Raises:
        JsonRpcInvalidParams: the name would mean another one in another working directory.
    """
    folder = Path(name)
    if not folder.is_absolute():
        raise JsonRpcInvalidParams("a run's folder must be an absolute path")
    return folder.resolve()
