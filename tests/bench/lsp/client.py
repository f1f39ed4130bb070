"""A client that knows no server: JSON-RPC over standard input and output."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import psutil

_MOST = 120.0  # seconds that any answer may take
_PULL_AGAIN = 0.002  # seconds
_LIMIT = 1 << 26  # bytes of a header line

CAPABILITIES: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-16"]},
    "workspace": {
        "configuration": True,
        "workspaceFolders": True,
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True},
        "didChangeConfiguration": {"dynamicRegistration": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
    },
    "window": {"workDoneProgress": True},
    "textDocument": {
        "synchronization": {"didSave": True},
        "publishDiagnostics": {
            "relatedInformation": True,
            "versionSupport": True,
            "codeDescriptionSupport": True,
            "dataSupport": True,
            "tagSupport": {"valueSet": [1, 2]},
        },
        "completion": {
            "contextSupport": True,
            "completionItem": {
                "snippetSupport": True,
                "documentationFormat": ["markdown", "plaintext"],
                "insertReplaceSupport": True,
                "labelDetailsSupport": True,
                "resolveSupport": {"properties": ["documentation", "detail"]},
            },
            "completionList": {"itemDefaults": ["editRange", "insertTextFormat", "data"]},
        },
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "inlayHint": {},
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
    },
}
PULL: dict[str, Any] = {"diagnostic": {"dynamicRegistration": False}}

Diagnostics = list[dict[str, Any]]
Judge = Callable[[Diagnostics], bool]


class Failed(Exception):
    """The server answered with an error, or not at all."""


class Client:
    """One server process, and what it said."""

    def __init__(
        self, command: Sequence[str], folder: Path, settings: Mapping[str, Any], *, pull: bool
    ) -> None:
        self._command = command
        self._folder = folder
        self._settings = settings
        self._pull = pull
        self._last_id = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._watching: list[tuple[str, Judge, asyncio.Future[float]]] = []
        self.capabilities: dict[str, Any] = {}
        self.server = ""
        self.log: list[str] = []

    async def start(self, errors: IO[bytes]) -> float:
        """Starts the server and greets it; seconds until it answered."""
        began = time.perf_counter()
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            cwd=self._folder,
            limit=_LIMIT,
        )
        self._reading = asyncio.create_task(self._read())
        able = dict(CAPABILITIES)
        if self._pull:
            able["textDocument"] = CAPABILITIES["textDocument"] | PULL
        uri = self._folder.as_uri()
        said = await self.ask(
            "initialize",
            {
                "processId": os.getpid(),
                "clientInfo": {"name": "bench"},
                "rootUri": uri,
                "capabilities": able,
                "workspaceFolders": [{"uri": uri, "name": "bench"}],
            },
        )
        took = time.perf_counter() - began
        self.capabilities = said["capabilities"]
        self.server = " ".join(str(v) for v in (said.get("serverInfo") or {}).values())
        self.tell("initialized", {})
        self.tell("workspace/didChangeConfiguration", {"settings": self._settings})
        return took

    async def stop(self) -> None:
        with suppress(Failed, asyncio.TimeoutError, ConnectionError):
            await asyncio.wait_for(self.ask("shutdown", None), 20)
            self.tell("exit", None)
            await asyncio.wait_for(self._process.wait(), 10)
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._reading.cancel()

    def memory(self) -> int:
        """Bytes of the server and the processes that it started."""
        server = psutil.Process(self._process.pid)
        return sum(p.memory_info().rss for p in [server, *server.children(recursive=True)])

    def tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def request(self, method: str, params: Any) -> tuple[int, asyncio.Future[Any]]:
        """Sends a request; its number, and what its answer will be."""
        self._last_id += 1
        answer = asyncio.get_running_loop().create_future()
        self._answers[self._last_id] = answer
        self._send({"id": self._last_id, "method": method, "params": params})
        return self._last_id, answer

    async def ask(self, method: str, params: Any) -> Any:
        """The result of a request."""
        _, answer = self.request(method, params)
        said = await asyncio.wait_for(answer, _MOST)
        if "error" in said:
            raise Failed(f"{method}: {said['error']}")
        return said.get("result")

    def judged(self, uri: str, judge: Judge) -> asyncio.Future[float]:
        """When findings of `uri` came that `judge` accepts, by the performance counter.

        Only those count that come from now on. They are asked for where the server has announced
        that it is asked; else it sends them.
        """
        loop = asyncio.get_running_loop()
        if self._pull and self.capabilities.get("diagnosticProvider") is not None:
            return asyncio.ensure_future(self._pulled(uri, judge))
        accepted: asyncio.Future[float] = loop.create_future()
        self._watching.append((uri, judge, accepted))
        return accepted

    async def _pulled(self, uri: str, judge: Judge) -> float:
        while True:
            report = await self.ask("textDocument/diagnostic", {"textDocument": {"uri": uri}})
            if judge(report.get("items", [])):
                return time.perf_counter()
            await asyncio.sleep(_PULL_AGAIN)

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False).encode()
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async def _read(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        try:
            while True:
                header = await stdout.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in header.lower().split(b"\r\n")
                    if line.startswith(b"content-length")
                )
                self._take(json.loads(await stdout.readexactly(length)))
        except (asyncio.IncompleteReadError, ConnectionError):
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(Failed("the server has gone"))

    def _take(self, message: dict[str, Any]) -> None:
        method, params = message.get("method"), message.get("params") or {}
        if method is None:
            answer = self._answers.pop(message["id"], None)
            if answer is not None and not answer.done():
                answer.set_result(message)
        elif "id" in message:
            self._send({"id": message["id"], "result": self._reply(method, params)})
        elif method == "textDocument/publishDiagnostics":
            self._judge(params["uri"], params["diagnostics"])
        elif method in ("window/logMessage", "window/showMessage"):
            self.log.append(f"{params.get('type')}: {params.get('message', '')}")

    def _judge(self, uri: str, diagnostics: Diagnostics) -> None:
        now = time.perf_counter()
        waiting: list[tuple[str, Judge, asyncio.Future[float]]] = []
        for watched in self._watching:
            about, judge, accepted = watched
            if accepted.done():
                continue
            if about == uri and judge(diagnostics):
                accepted.set_result(now)
            else:
                waiting.append(watched)
        self._watching = waiting

    def _reply(self, method: str, params: dict[str, Any]) -> Any:
        if method == "workspace/configuration":
            return [self._section(item.get("section")) for item in params.get("items", ())]
        if method == "workspace/workspaceFolders":
            return [{"uri": self._folder.as_uri(), "name": "bench"}]
        return {"applied": True} if method == "workspace/applyEdit" else None

    def _section(self, name: str | None) -> Any:
        found: Any = self._settings
        for part in (name or "").split("."):
            found = found.get(part) if part and isinstance(found, Mapping) else found
        return found
