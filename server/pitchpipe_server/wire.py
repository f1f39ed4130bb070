"""The wires: standard input and output, TCP, WebSockets. One client each.

Messages that are waiting are read together: handlers of requests start when nothing more is there,
so that a burst of keystrokes is checked once and what was cancelled never begins.
"""

from __future__ import annotations

import asyncio
import os
import queue
import sys
import threading
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, BinaryIO

from pygls.io_ import run_async, run_websocket

from pitchpipe_server.server import PitchpipeServer

_CHUNK = 1 << 16
_LIMIT = 1 << 30
_LEFT = 1
"""What the process gives back where the client left without a goodbye."""


async def stdio(server: PitchpipeServer) -> int:
    """Serves the client at the other end of standard input and output."""
    # What anything prints must not get between the messages.
    output, sys.stdout = sys.stdout, sys.stderr
    reader = _reader(sys.stdin.buffer, asyncio.get_running_loop())
    writer = Writer(output.buffer)
    server.protocol.set_writer(writer)
    code = await _ended(run_async(threading.Event(), reader, server.protocol))
    writer.close()
    return code


async def tcp(server: PitchpipeServer, host: str, port: int) -> int:
    """Serves the first client that connects.

    Raises:
        OSError: nobody can listen there.
    """
    done: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if server.protocol.writer is not None:
            writer.close()
            return
        connection: Any = writer
        server.protocol.set_writer(connection)
        code = await _ended(run_async(threading.Event(), reader, server.protocol))
        if not done.done():
            done.set_result(code)

    listening = await asyncio.start_server(connected, host, port, limit=_LIMIT)
    _say(listening.sockets[0].getsockname()[:2])
    try:
        return await done
    finally:
        listening.close()


async def websocket(server: PitchpipeServer, host: str, port: int) -> int:
    """Serves the first client that connects.

    Raises:
        OSError: nobody can listen there.
    """
    from websockets.asyncio.server import ServerConnection, serve  # noqa: PLC0415  # 100 ms

    done: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def connected(connection: ServerConnection) -> None:
        if server.protocol.writer is not None:
            return
        code = await _ended(run_websocket(connection, threading.Event(), server.protocol))
        if not done.done():
            done.set_result(code)

    served: Any = serve(connected, host, port, max_size=_LIMIT)
    async with served as listening:
        _say(next(iter(listening.sockets)).getsockname()[:2])
        return await done


async def _ended(serving: Awaitable[None]) -> int:
    """Waits for the connection's end; pygls exits where the client said goodbye."""
    try:
        await serving
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return _LEFT


def _say(address: tuple[str, int]) -> None:
    host, port = address
    sys.stderr.write(f"listening on {host}:{port}\n")
    sys.stderr.flush()


def _reader(stream: BinaryIO, loop: asyncio.AbstractEventLoop) -> asyncio.StreamReader:
    """A reader fed by a thread; asyncio can't wait for Windows' standard input itself."""
    found = asyncio.StreamReader(limit=_LIMIT, loop=loop)

    def feed() -> None:
        with suppress(OSError, RuntimeError):  # the loop is closed
            while chunk := os.read(stream.fileno(), _CHUNK):
                loop.call_soon_threadsafe(found.feed_data, chunk)
            loop.call_soon_threadsafe(found.feed_eof)

    threading.Thread(target=feed, name="stdin", daemon=True).start()
    return found


class Writer:
    """Writes in a thread: a client that does not read does not stop the server."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._drain, name="stdout", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        self._waiting.put(data)

    def close(self) -> None:
        """Ends when all is written, or the client takes no more for a second."""
        self._waiting.put(None)
        self._thread.join(timeout=1.0)

    def _drain(self) -> None:
        with suppress(OSError, ValueError):  # the client has gone
            while (data := self._waiting.get()) is not None:
                self._stream.write(data)
                if self._waiting.empty():
                    self._stream.flush()
            self._stream.flush()
