"""Samples are free of findings, and their data are what their pages say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
WORKFLOWS = sorted(SAMPLES.glob("*/*.tune.yaml"))
DEFINITIONS = SAMPLES / "definitions" / "data" / "definitions.jsonl"
NEEDS_DATA = pytest.mark.skipif(
    not DEFINITIONS.exists(), reason="python samples/definitions/prepare.py makes the data"
)


@pytest.mark.real_model
@NEEDS_DATA
@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_sample_is_free_of_findings(workflow: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pitchpipe_cli", "check", "--format", "json", str(workflow)],
        check=False,
        capture_output=True,
        encoding="utf-8",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert '"code"' not in done.stdout


@NEEDS_DATA
def test_the_definitions_are_distinct_and_as_many_of_each_kind() -> None:
    rows = [json.loads(line) for line in DEFINITIONS.read_text(encoding="utf-8").splitlines()]
    words = {" ".join(row["definition"].casefold().split()) for row in rows}
    assert len(words) == len(rows) == 2000
    assert set(Counter(row["kind"] for row in rows).values()) == {250}


@NEEDS_DATA
def test_no_definition_holds_its_own_answer() -> None:
    rows = [json.loads(line) for line in DEFINITIONS.read_text(encoding="utf-8").splitlines()]
    assert [r for r in rows if r["kind"] in r["definition"].casefold().split()] == []


@pytest.mark.real_model
@NEEDS_DATA
def test_preparing_again_changes_nothing() -> None:
    before = DEFINITIONS.stat().st_mtime_ns
    for _ in range(2):
        subprocess.run(
            [sys.executable, str(SAMPLES / "definitions" / "prepare.py")],
            check=True,
            capture_output=True,
            cwd=SAMPLES.parent.parent,
        )
    assert DEFINITIONS.stat().st_mtime_ns == before
