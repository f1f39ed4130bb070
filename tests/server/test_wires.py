"""The server over TCP and a WebSocket, and what it says where it can't listen."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
from typing import Any

import pytest
from websockets.asyncio.client import connect

pytestmark = pytest.mark.asyncio

OPEN = {
    "uri": "file:///project/a.tune.yaml",
    "languageId": "yaml",
    "version": 1,
    "text": "model:\n  nme: x\n",
}
SESSION: list[dict[str, Any]] = [
    {
        "id": 1,
        "method": "initialize",
        "params": {"processId": None, "rootUri": None, "capabilities": {}},
    },
    {"method": "initialized", "params": {}},
    {"method": "textDocument/didOpen", "params": {"textDocument": OPEN}},
]


async def started(*options: str) -> tuple[asyncio.subprocess.Process, int]:
    """A server that listens, and its port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pitchpipe_server", *options, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr
    said = (await asyncio.wait_for(process.stderr.readline(), 60)).decode()
    found = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\s*", said)
    assert found, said
    return process, int(found[1])


def codes(message: dict[str, Any]) -> set[str]:
    return {d["code"] for d in message["params"]["diagnostics"]}


async def test_tcp() -> None:
    process, port = await started("--tcp", "0")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    def send(message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async def read() -> dict[str, Any]:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"Content-Length: (\d+)", head)[1])  # type: ignore[index]
        return json.loads(await reader.readexactly(length))

    for message in SESSION:
        send(message)
    assert (await read())["id"] == 1
    assert "unknown-key" in codes(await read())
    send({"id": 2, "method": "shutdown"})
    while (await read()).get("id") != 2:
        continue
    send({"method": "exit"})
    assert await asyncio.wait_for(process.wait(), 30) == 0
    writer.close()


async def test_websocket() -> None:
    process, port = await started("--ws", "0")
    async with connect(f"ws://127.0.0.1:{port}", proxy=None) as connection:
        for message in SESSION:
            await connection.send(json.dumps({"jsonrpc": "2.0", **message}))
        assert json.loads(await connection.recv())["id"] == 1
        assert "unknown-key" in codes(json.loads(await connection.recv()))
        await connection.send(json.dumps({"jsonrpc": "2.0", "id": 2, "method": "shutdown"}))
        while json.loads(await connection.recv()).get("id") != 2:
            continue
        await connection.send(json.dumps({"jsonrpc": "2.0", "method": "exit"}))
        assert await asyncio.wait_for(process.wait(), 30) == 0


async def test_a_client_that_leaves_without_a_word_ends_it() -> None:
    process, port = await started("--tcp", "0")
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    assert await asyncio.wait_for(process.wait(), 30) == 1


@pytest.mark.parametrize("wire", ["--tcp", "--ws"])
async def test_a_port_that_is_taken_is_said_to_be(wire: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "pitchpipe_server", wire, port],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith("pitchpipe lsp: can't listen on 127.0.0.1: ")
    assert "Traceback" not in done.stderr


async def test_stdio_without_a_client_ends() -> None:
    command = [sys.executable, "-m", "pitchpipe_server"]
    done = await asyncio.to_thread(
        subprocess.run, command, input=b"", capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, b"")
