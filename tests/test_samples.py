"""Samples are free of findings, and their data are what their pages say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from support.hub import hub

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
WORKFLOWS = sorted(SAMPLES.glob("*/*.tune.yaml"))
SMOLLM2 = SAMPLES / "models" / "SmolLM2-135M-Instruct"
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


@pytest.mark.real_model
@pytest.mark.skipif(
    not SMOLLM2.exists(), reason="python samples/definitions/prepare.py gets the model"
)
def test_the_model_comes_from_the_hub_when_it_answers(tmp_path: Path) -> None:
    models = tmp_path / "models"
    with hub(tmp_path / "hub", models={"HuggingFaceTB/SmolLM2-135M-Instruct": SMOLLM2}) as running:
        done = subprocess.run(
            [sys.executable, str(SAMPLES / "get_smollm2.py"), "--models", str(models)],
            check=True,
            capture_output=True,
            encoding="utf-8",
            env=running.environment(tmp_path / "home"),
        )
    assert "from the hub" in done.stdout
    assert "134,515,008 parameters" in done.stdout
    names = {file.name for file in (models / SMOLLM2.name).iterdir()}
    assert names == {file.name for file in SMOLLM2.iterdir()}


@pytest.mark.real_model
def test_a_hub_that_says_no_leaves_nothing_half_made(tmp_path: Path) -> None:
    models = tmp_path / "models"
    command = [sys.executable, str(SAMPLES / "get_smollm2.py"), "--models", str(models)]
    with hub(tmp_path / "hub") as running:
        done = subprocess.run(
            [*command, "--from", "hub"],
            check=False,
            capture_output=True,
            encoding="utf-8",
            env=running.environment(tmp_path / "home"),
        )
    assert done.returncode == 2
    assert done.stderr.startswith("error: the hub does not give HuggingFaceTB/")
    assert "Traceback" not in done.stderr
    assert list(models.iterdir()) == []
