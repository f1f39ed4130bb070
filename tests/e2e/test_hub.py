"""A model and a data set by their names on a hub."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from support.hub import DATASET, GATED, GATED_TOKEN, hub
from support.whole_runs import WORKFLOW, Ground, made, stage

pytestmark = pytest.mark.e2e

TEXT = WORKFLOW.replace("path: ROWS", f"dataset_name: {DATASET}").replace("MODEL", GATED)


def test_what_came_from_the_hub_serves_when_it_is_gone(ground: Ground, tmp_path: Path) -> None:
    ground.write(text=TEXT)
    with hub(tmp_path / "hub") as running:
        online = {"HF_ENDPOINT": running.endpoint, "HF_HUB_OFFLINE": "0", "HF_TOKEN": GATED_TOKEN}
        done = replace(ground, variables=online).run("run", "tones.yaml")
        assert done.returncode == 0, done
        assert running.unknown == []
    (first,) = ground.runs
    assert stage(first, "prepare")["facts"]["rows"] == {"train": 36, "eval": 12, "test": 12}
    for file in first.rglob("*"):
        assert not file.is_file() or GATED_TOKEN.encode() not in file.read_bytes(), file

    gone = {**online, "HF_TOKEN": ""}
    settings = ["--set", "training.max_steps=2"]
    done = replace(ground, variables=gone).run("run", "tones.yaml", "--fresh", *settings)
    assert done.returncode == 0, done
    assert made(ground.runs[-1])[:3] == ["fetch", "prepare", "train"]
