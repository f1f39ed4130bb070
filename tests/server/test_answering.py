"""How requests are handled: cancelled before they begin, never failing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pitchpipe_server.server import PitchpipeServer, answering

pytestmark = pytest.mark.asyncio


async def test_what_is_cancelled_before_all_messages_are_read_never_begins() -> None:
    begun: list[Any] = []

    @answering(None)
    def handler(server: PitchpipeServer, params: Any) -> None:
        begun.append(params)

    server = PitchpipeServer("0")
    first = asyncio.ensure_future(handler(server, "cancelled"))
    second = asyncio.ensure_future(handler(server, "wanted"))
    first.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    assert begun == ["wanted"]


async def test_what_raises_answers_empty_and_is_told_once() -> None:
    told: list[str] = []

    @answering([])
    def some_feature(server: PitchpipeServer, params: Any) -> list[int]:
        raise KeyError(params)

    server = PitchpipeServer("0")
    server.window_log_message = lambda params: told.append(params.message)  # type: ignore[method-assign]
    assert await some_feature(server, 1) == []
    assert await some_feature(server, 2) == []
    assert len(told) == 1
    assert told[0].startswith("some feature failed")
