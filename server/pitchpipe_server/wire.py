"""Standard input and output for asyncio, on every system.

Messages that are waiting are read together: handlers of requests start when nothing more is there,
so that a burst of keystrokes is checked once and what was cancelled never begins.
"""

from __future__ import annotations

import asyncio
import os
import queue
import threading
from contextlib import suppress
from typing import BinaryIO

_CHUNK = 1 << 16
_LIMIT = 1 << 30


def reader(stream: BinaryIO, loop: asyncio.AbstractEventLoop) -> asyncio.StreamReader:
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
