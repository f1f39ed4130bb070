"""Commands that an editor may have executed, and the handshake that says which there are."""

from __future__ import annotations

from typing import Any, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from pitchpipe_server import requests
from pitchpipe_server.server import PitchpipeServer
from pitchpipe_server.uris import path_of

SUPPORTED, STATUS, SUBSCRIBE, EVENT = (
    "pitchpipe/supportedMethods",
    "pitchpipe/status",
    "pitchpipe/subscribe",
    "pitchpipe/event",
)
COMMANDS = (
    "pitchpipe.run",
    "pitchpipe.smoke",
    "pitchpipe.resume",
    "pitchpipe.cancel",
    "pitchpipe.estimate",
    "pitchpipe.compare",
    "pitchpipe.openReport",
    "pitchpipe.listRuns",
    requests.preview.COMMAND,
)
NOT_YET = ("pitchpipe.convert",)
"""Commands that later versions have: a client asks before it shows them."""


def register(server: PitchpipeServer) -> None:
    """Makes the commands and custom requests known. Files are named by path or URI."""

    @server.command("pitchpipe.run")
    async def run(*arguments: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        return await server.running.start(_path(arguments), **_options(arguments))

    @server.command("pitchpipe.smoke")
    async def smoke(*arguments: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        options = {**_options(arguments), "smoke": True}
        return await server.running.start(_path(arguments), **options)

    @server.command("pitchpipe.resume")
    async def resume(*arguments: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        name, options = _text(arguments, 1) or "", _options(arguments[1:])
        how = {key: options[key] for key in ("trust_remote_code", "quiet") if key in options}
        return await server.running.start(_path(arguments), resume=name, **how)

    @server.command("pitchpipe.cancel")
    async def cancel(*arguments: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        path = _path(arguments) if arguments and arguments[0] else None
        return await server.running.cancel(path, _text(arguments, 1))

    @server.command("pitchpipe.openReport")
    async def open_report(*arguments: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        return await server.running.report(_path(arguments), _text(arguments, 1))

    @server.command("pitchpipe.listRuns")
    async def list_runs(*arguments: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        from dataclasses import asdict  # noqa: PLC0415

        path = _path(arguments)
        await server.running.look(path, discover=True)
        return [asdict(run) for run in server.running.of(path)]

    @server.command("pitchpipe.estimate")
    async def estimate(*arguments: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        return await _told(server, _path(arguments), compared=False)

    @server.command("pitchpipe.compare")
    async def compare(*arguments: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        return await _told(server, _path(arguments), compared=True)

    @server.feature(SUPPORTED)
    def supported(_: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        return {
            "version": 1,
            "requests": [SUPPORTED, STATUS, *requests.names()],
            "notifications": {
                "client": [SUBSCRIBE],
                "server": [EVENT, *requests.notifications()],
            },
            "commands": list(COMMANDS),
            "later": list(NOT_YET),
        }

    @server.feature(STATUS)
    def status(_: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        return server.status()

    @server.feature(SUBSCRIBE)
    def subscribe(params: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        server.running.subscribe(bool(getattr(params, "events", True)))


async def _told(server: PitchpipeServer, path: str, *, compared: bool) -> dict[str, Any]:
    """The estimate as Markdown, also logged for editors that show nothing else."""
    from pitchpipe.ide.cards import costs  # noqa: PLC0415
    from pitchpipe_server.convert import plain  # noqa: PLC0415

    uri = next((text.uri for text in server.texts if path_of(text.uri) == path), None)
    snapshot = server.snapshot(uri) if uri else None
    if snapshot is None:
        return {"markdown": None, "message": "the file is not open, or no workflow"}
    text = await server.patiently(
        lambda: costs.methods(snapshot) if compared else costs.memory(snapshot),
        until=lambda said: said != costs.WAITING,
    )
    message = types.LogMessageParams(types.MessageType.Info, plain(text))
    server.window_log_message(message)
    return {"markdown": text, "message": None}


def _path(arguments: tuple[Any, ...]) -> str:
    """The file that a command is about.

    Raises:
        JsonRpcInvalidParams: it names none.
    """
    named = _text(arguments, 0)
    if not named:
        raise JsonRpcInvalidParams("the first argument is the workflow file, as a path or URI")
    path = path_of(named) if "://" in named or named.startswith("file:") else named
    if path is None:
        raise JsonRpcInvalidParams(f"{named} is no file on this machine")
    return path


def _text(arguments: tuple[Any, ...], index: int) -> str | None:
    value = arguments[index] if index < len(arguments) else None
    return value if isinstance(value, str) else None


def _options(arguments: tuple[Any, ...]) -> dict[str, Any]:
    """What the second argument, an object, asks for.

    `trustRemoteCode` is the user's consent; `quiet`: the client says why nothing starts.
    """
    given = arguments[1] if len(arguments) > 1 else None
    if not isinstance(given, dict):
        return {}
    values = cast("dict[str, Any]", given)
    return {
        "overrides": [str(setting) for setting in values.get("overrides", ())],
        "trust_remote_code": values.get("trustRemoteCode") is True,
        "fresh": values.get("fresh") is True,
        "quiet": values.get("quiet") is True,
    }
