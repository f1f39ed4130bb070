"""A disk that fills up while a run trains."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pitchpipe_facts import runs
from support import small_disk
from support.cli import command
from support.whole_runs import WORKFLOW, Ground, events_of, stage

pytestmark = pytest.mark.e2e

# A checkpoint at every step, and steps enough that the disk fills between two of them.
TEXT = WORKFLOW.replace("save_steps: 4", "save_steps: 1").replace("max_steps: 22", "max_steps: 60")
NOT_FOR_A_CHECKPOINT = 96 * 2**10  # bytes: events find room for a while, checkpoints don't
FOR_NOTHING = 0

Scenes = dict[int, tuple[Ground, Future[dict[str, Any]]]]


def played(ground: Ground, room: int) -> dict[str, Any]:
    """What the command said on the full disk, and when there was room again."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        pytest.skip("a small disk is made with Linux' namespaces")
    ground.write(text=TEXT)
    new = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    scene = [sys.executable, small_disk.__file__, str(ground.folder), str(room)]
    done = subprocess.run(
        [*new, *scene, *command("run", "tones.yaml")],
        env=ground.environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode or not (found := json.loads(done.stdout))["mounted"]:
        pytest.skip(f"this user may not mount a file system: {done.stderr}")
    return found


def check_lost_nothing(scenes: Scenes, room: int) -> Path:
    """The run's folder as the full disk left it."""
    ground, scene = scenes[room]
    found = scene.result()
    full = found["full"]
    assert full["returncode"] == 3, full
    assert "disk-full" in full["stdout"] + full["stderr"]
    assert "pitchpipe run --resume" in full["stderr"]
    assert "Traceback" not in full["stdout"] + full["stderr"]
    (then,) = (ground.folder / "then").iterdir()
    checkpoints = list((then / "03-train.partial" / "checkpoints").iterdir())
    assert checkpoints
    for checkpoint in checkpoints:
        sizes = json.loads((checkpoint / "complete.json").read_text(encoding="utf-8"))
        assert sizes == {name: (checkpoint / name).stat().st_size for name in sizes}
    assert found["resumed"]["returncode"] == 0, found["resumed"]
    (afterwards,) = (ground.folder / "afterwards").iterdir()
    assert stage(afterwards, "train")["facts"]["steps"] == 60
    assert events_of(afterwards)[-1]["kind"] == "run-done"
    newest = max(int(c.name.rpartition("-")[2]) for c in checkpoints)
    messages = [e["message"] for e in events_of(afterwards) if e["kind"] == "log"]
    assert f"going on from checkpoint-{newest}" in messages
    return then


@pytest.fixture(scope="module")
def scenes(inputs: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenes]:
    """Both disks fill at the same time."""
    with ThreadPoolExecutor(2) as pool:
        grounds = {
            room: Ground(tmp_path_factory.mktemp("disk"), *inputs)
            for room in (NOT_FOR_A_CHECKPOINT, FOR_NOTHING)
        }
        yield {room: (g, pool.submit(played, g, room)) for room, g in grounds.items()}


def test_a_checkpoint_that_finds_no_room_leaves_the_one_before(scenes: Scenes) -> None:
    then = check_lost_nothing(scenes, NOT_FOR_A_CHECKPOINT)
    (failure,) = [e for e in events_of(then) if e["kind"] == "failure"]
    assert (failure["code"], failure["stage"], failure["exit_code"]) == ("disk-full", "train", 3)


def test_events_that_find_no_room_end_the_run_with_a_word(scenes: Scenes) -> None:
    then = check_lost_nothing(scenes, FOR_NOTHING)
    lines, _ = runs.lines(then / runs.EVENTS, 0)
    assert all(runs.parse(line) for line in lines)
