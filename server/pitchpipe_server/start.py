"""Starts the server on the wire that the command line names."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import sys
from collections.abc import Sequence

from pitchpipe_server import app, logs, wire

LOOPBACK = "127.0.0.1"
_MOST_PORTS = 65_535
_GARBAGE = (50_000, 20, 100)
"""A keystroke makes no cycles, but in a long file looking for some takes longer than all else."""
_TURN = 0.0002
"""Seconds that a thread which finds something out may keep an answer waiting; Python has 0.005."""


def main(arguments: Sequence[str]) -> int:
    """0 when the client said goodbye, 1 when it left without, 2 where nobody can listen."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if asked.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logs.quieten()
    server = app.make(_version())
    gc.freeze()
    gc.set_threshold(*_GARBAGE)
    sys.setswitchinterval(_TURN)
    if asked.tcp is not None:
        serving = wire.tcp(server, asked.host, asked.tcp)
    elif asked.ws is not None:
        serving = wire.websocket(server, asked.host, asked.ws)
    else:
        serving = wire.stdio(server)
    try:
        return asyncio.run(serving)
    except OSError as error:
        return _refused(f"can't listen on {asked.host}: {error.strerror or error}")
    except KeyboardInterrupt:
        return 130


def _refused(why: str) -> int:
    sys.stderr.write(f"pitchpipe lsp: {why}\n")
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pitchpipe lsp", description="The language server, over stdio where nothing is said."
    )
    wires = parser.add_mutually_exclusive_group()
    wires.add_argument("--stdio", action="store_true", help="standard input and output")
    wires.add_argument("--tcp", type=_port, metavar="PORT", help="listen on a TCP port; 0: any")
    wires.add_argument("--ws", type=_port, metavar="PORT", help="listen for a WebSocket; 0: any")
    parser.add_argument("--host", default=LOOPBACK, help=f"where to listen ({LOOPBACK})")
    parser.add_argument("--verbose", action="store_true", help="log every message to stderr")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= _MOST_PORTS:
        raise argparse.ArgumentTypeError(f"{port} is no port")
    return port


def _version() -> str:
    from pitchpipe import __version__  # noqa: PLC0415

    return __version__
