"""A run that is killed anywhere goes on to the same result.

The same means the same bits: everything is computed in float32 by one thread, and a checkpoint
carries the state of the optimizer, the schedule and the random numbers (dropout is 0.1 here), so
the resumed process computes what the first would have. Only what times decide may differ. No
tolerance is needed, and so none is allowed.
"""

# Seen as on Windows, where all of this is skipped, the signals are not there.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.hub import SLOW, hub
from support.whole_runs import (
    WORKFLOW,
    Ground,
    Moment,
    at_step,
    behind_checkpoint,
    builders,
    ended,
    events_of,
    hit,
    in_builder,
    in_checkpoint,
    in_stage,
    made,
    results,
    said,
    wait_until,
)

if sys.platform == "win32":
    pytest.skip("Windows can't stop a process for a moment", allow_module_level=True)

pytestmark = pytest.mark.e2e

# The model comes by name from a hub that takes its time, so that a kill meets the download.
TEXT = WORKFLOW.replace("MODEL", SLOW).replace("{format: none}", "{precision: [int8]}")
DELAY = 0.2  # seconds
TRIES = 3

MOMENTS = {
    "fetch": in_stage("fetch"),
    "prepare": in_stage("prepare"),
    "train": at_step(6),
    "checkpoint": in_checkpoint(behind=8),
    "the end of train": behind_checkpoint(22),
    "merge": in_stage("merge"),
    "export": in_builder(),
    "evaluate": in_stage("evaluate"),
}
STAGES = {"checkpoint": "train", "the end of train": "train"}


@pytest.fixture(scope="module")
def ground(shared: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with hub(tmp_path_factory.mktemp("hub"), delay=DELAY) as running:
        variables = {"HF_ENDPOINT": running.endpoint, "HF_HUB_OFFLINE": "0"}
        yield Ground(shared.folder, shared.model, shared.rows, variables)


def killed(ground: Ground, run: Path | None, moment: Moment) -> Path | None:
    """Begins a run, or goes on with one, and kills it at a moment; None where it was missed."""
    known = ground.runs
    arguments = [str(ground.folder / "tones.yaml")] if run is None else ["--resume", str(run)]
    process = ground.start("run", *arguments, "--fresh")
    run = run or ground.new_run(process, known)
    met = hit(run, moment, signal.SIGKILL)
    done = ended(process)
    if not met:
        return None
    assert done.returncode == 3
    assert "the runner was killed by SIGKILL" in done.stderr
    assert f"pitchpipe run --resume {run.name}" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    wait_until(lambda: not builders(run))
    return run


def test_a_run_killed_in_every_stage_ends_as_one_that_was_left_alone(
    ground: Ground, tmp_path: Path
) -> None:
    elsewhere = replace(ground, folder=tmp_path)
    elsewhere.write(text=TEXT)
    whole = elsewhere.start("run", "tones.yaml")
    ground.write(text=TEXT)
    run = None
    for name, moment in MOMENTS.items():
        found = None
        for _ in range(TRIES):
            found = killed(ground, run, moment)
            if found is not None:
                break
            # It was over before the signal came: it is made again.
            newest = run or ground.runs[-1]
            for folder in newest.glob("[0-9][0-9]-" + STAGES.get(name, name) + "*"):
                shutil.rmtree(folder)
        assert found is not None, f"{name} was missed {TRIES} times"
        run = found
    assert run is not None
    assert said(run, "log", message="going on from checkpoint-4")
    done = ground.run("run", "--resume", str(run), "--fresh")
    assert done.returncode == 0, done
    assert made(run) == ["fetch", "prepare", "train", "merge", "export", "evaluate", "report"]
    assert not list(run.glob("*.partial"))

    left_alone = ended(whole)
    assert left_alone.returncode == 0, left_alone
    assert results(run) == results(elsewhere.runs[0])
    assert [e["kind"] for e in events_of(run)].count("run-started") == len(MOMENTS) + 1
