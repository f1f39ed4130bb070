"""Files that change on the disk: data are looked at anew, what a run writes is not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from pitchpipe_server.server import PitchpipeServer

pytestmark = pytest.mark.asyncio


async def test_what_a_run_writes_is_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    running = PitchpipeServer("0").running
    folder = tmp_path / "runs" / "20261124T101500Z-tone"
    monkeypatch.setattr(running, "_follower", SimpleNamespace(folders=(folder,)))
    assert running.writes(str(folder / "events.jsonl"))
    assert running.writes(str(folder / "03-train.partial" / "checkpoint-1" / "state.json"))
    assert not running.writes(str(tmp_path / "rows.jsonl"))
    assert not running.writes(str(tmp_path / "runs" / "another" / "events.jsonl"))
