"""`pitchpipe/preview`: rows as the model will see them, made in the runner's Python."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from pitchpipe_server.requests import parameters
from pitchpipe_server.server import PitchpipeServer
from pitchpipe_server.uris import path_of

if TYPE_CHECKING:
    from pitchpipe.preview import Preview
    from pitchpipe_facts.previews import NoPreview
    from pitchpipe_facts.runner_python import Stop

PREVIEW = "pitchpipe/preview"
COMMAND = "pitchpipe.preview"
REQUESTS = (PREVIEW,)
NOTIFICATIONS: tuple[str, ...] = ()

_ROWS = 5
_MOST_ROWS = 1000
_NOT_OPEN = "the file is not open, or no workflow"


def register(server: PitchpipeServer) -> None:
    previews = _Previews(server)

    @server.feature(PREVIEW)
    async def preview(params: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        found = await previews.show(
            parameters.file(parameters.text(params, "uri")),
            parameters.count(params, "rows", _ROWS),
            parameters.count(params, "skip", 0),
        )
        if isinstance(found, str):
            return {"message": found, "rows": [], "total": None, "max_length": None}
        return {"message": None, **asdict(found)}

    @server.command(COMMAND)
    async def command(*arguments: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        return await _told(server, previews, arguments)


async def _told(
    server: PitchpipeServer, previews: _Previews, arguments: tuple[Any, ...]
) -> dict[str, Any]:
    """The rows as Markdown, also logged for editors that show nothing else."""
    from pitchpipe.preview import markdown  # noqa: PLC0415  # see PitchpipeServer

    named = arguments[0] if arguments else None
    if not isinstance(named, str) or not named:
        raise JsonRpcInvalidParams("the first argument is the workflow file, as a path or URI")
    path = parameters.file(named) if named.startswith("file:") else named
    given = arguments[1] if len(arguments) > 1 else None
    options = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    rows, skip = (_number(options, name, default) for name, default in _DEFAULTS.items())
    found = await previews.show(path, rows, skip)
    if isinstance(found, str):
        return {"markdown": None, "message": found}
    text = markdown(found)
    server.window_log_message(types.LogMessageParams(types.MessageType.Info, text))
    return {"markdown": text, "message": None}


_DEFAULTS = {"rows": _ROWS, "skip": 0}


def _number(options: dict[str, Any], name: str, default: int) -> int:
    value = options.get(name)
    return value if type(value) is int and value >= 0 else default


class _Previews:
    """One process a document: a newer request ends an older one's, and so does a cancellation."""

    def __init__(self, server: PitchpipeServer) -> None:
        self._server = server
        self._going: dict[str, Stop] = {}

    async def show(self, path: str, rows: int, skip: int) -> Preview | str:
        """The rows, or why there are none."""
        from pitchpipe_facts.previews import NoPreview  # noqa: PLC0415  # as above
        from pitchpipe_facts.runner_python import Stop  # noqa: PLC0415

        await asyncio.sleep(0)  # what was written along with the request is read first
        text = next((t for t in self._server.texts if path_of(t.uri) == path), None)
        if text is None or self._server.snapshot(text.uri) is None:
            return _NOT_OPEN
        if older := self._going.get(path):
            older.stop()
        stop = self._going[path] = Stop()
        python, written = self._server.settings.python, text.text
        start = self._server.start_of(path)
        try:
            found = await asyncio.to_thread(
                lambda: _found(
                    python, Path(path), written, min(rows, _MOST_ROWS), skip, stop, start
                )
            )
        finally:  # whoever cancelled, or the server's end
            stop.stop()
            if self._going.get(path) is stop:
                del self._going[path]
        return found.message if isinstance(found, NoPreview) else found


def _found(
    python: str | None,
    path: Path,
    text: str,
    rows: int,
    skip: int,
    stop: Stop,
    start: str | None,
) -> Preview | NoPreview:
    from pitchpipe_facts import previews  # noqa: PLC0415  # as above
    from pitchpipe_server.runs import planning  # noqa: PLC0415
    from pitchpipe_server.runs.errors import CannotStart  # noqa: PLC0415

    try:
        program = planning.program(python)
        analysis = planning.analysed(program, path, text, start=start)
        planning.demand_no_errors(analysis, path)
        plan = analysis.plan()  # without the model's own code
    except CannotStart as error:
        return previews.NoPreview(str(error))
    return previews.show(plan, program, rows=max(rows, 1), skip=skip, stop=stop)
