"""Starts the server on the wire that the command line names."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import sys
import threading
from collections.abc import Sequence

from pygls.io_ import run_async

from pitchpipe_server import app, logs, wire
from pitchpipe_server.server import PitchpipeServer

LOOPBACK = "127.0.0.1"


def main(arguments: Sequence[str]) -> int:
    """0 when the client said goodbye."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if asked.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logs.quieten()
    server = app.make(_version())
    gc.freeze()
    if asked.tcp is not None:
        server.start_tcp(asked.host, asked.tcp)
    elif asked.ws is not None:
        server.start_ws(asked.host, asked.ws)
    else:
        asyncio.run(_stdio(server))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pitchpipe lsp", description="The language server, over stdio where nothing is said."
    )
    wires = parser.add_mutually_exclusive_group()
    wires.add_argument("--stdio", action="store_true", help="standard input and output")
    wires.add_argument("--tcp", type=int, metavar="PORT", help="listen on a TCP port")
    wires.add_argument("--ws", type=int, metavar="PORT", help="listen for a WebSocket")
    parser.add_argument("--host", default=LOOPBACK, help=f"where to listen ({LOOPBACK})")
    parser.add_argument("--verbose", action="store_true", help="log every message to stderr")
    return parser


async def _stdio(server: PitchpipeServer) -> None:
    # What anything prints must not get between the messages.
    output, sys.stdout = sys.stdout, sys.stderr
    reader = wire.reader(sys.stdin.buffer, asyncio.get_running_loop())
    server.protocol.set_writer(wire.Writer(output.buffer))
    await run_async(threading.Event(), reader, server.protocol)


def _version() -> str:
    from pitchpipe import __version__  # noqa: PLC0415

    return __version__
