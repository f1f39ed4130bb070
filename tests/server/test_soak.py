"""A server that is typed into at random and asked meanwhile keeps up and logs no error."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest

from bench.soak import FEATURES, logged, soak

EDITS = 300


@pytest.mark.parametrize("seed", [11])
def test_no_answer_is_stale_and_nothing_raises(tmp_path: Path, seed: int) -> None:
    with tempfile.TemporaryFile() as errors:
        told = asyncio.run(soak(tmp_path, EDITS, 60, seed, errors))
        assert told.wrong + logged(errors) == []
    assert told.edits == EDITS
    assert told.compared >= EDITS // 100
    assert set(told.requests) >= set(FEATURES) - {"prepareRename"}
