"""A server that is typed into at random and asked meanwhile: no stale answer, nothing kept."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from bench.soak import FEATURES, logged, soak
from pitchpipe_server import app

EDITS = 300
URI = "file:///nowhere/notes.yaml"


def test_no_answer_is_stale_and_nothing_raises(tmp_path: Path) -> None:
    with tempfile.TemporaryFile() as errors:
        told = asyncio.run(soak(tmp_path, EDITS, 60, 11, errors))
        assert told.wrong + logged(errors) == []
    assert told.edits == EDITS
    assert told.compared == EDITS // 100
    assert set(told.requests) >= set(FEATURES)


def test_a_message_that_was_handled_is_forgotten() -> None:
    async def type_letters() -> int:
        protocol: Any = app.make("0").protocol

        def tell(method: str, document: dict[str, Any], **more: Any) -> None:
            params = {"textDocument": {"uri": URI, "version": 1} | document} | more
            message = {"jsonrpc": "2.0", "method": f"textDocument/{method}", "params": params}
            protocol.handle_message(protocol.structure_message(message))

        initialize = {"processId": None, "rootUri": None, "capabilities": {}}
        start = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize}
        protocol.set_writer(_Nowhere())
        protocol.handle_message(protocol.structure_message(start))
        tell("didOpen", {"languageId": "yaml", "text": "a: 1\n"})
        for _ in range(10):
            tell("didChange", {}, contentChanges=[{"text": "a: 2\n"}])
        await asyncio.sleep(0.01)
        return len(protocol._request_futures)

    assert asyncio.run(type_letters()) == 0


class _Nowhere:
    def write(self, data: bytes) -> None:
        """Takes what the server sends."""

    def close(self) -> None:
        """Nothing to do."""
