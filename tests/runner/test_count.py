"""The tokenizer's count, on request of the light half, is what a run finds."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pitchpipe.costs.settings import data_key, of_plan
from pitchpipe.facts import NotRead
from pitchpipe.plan import to_json
from pitchpipe_facts.token_counts import TokenCounts
from pitchpipe_runner import count
from support.plans import changed
from support.tiny import tiny_rows
from support.workbench import Benches, Workbench


@pytest.fixture
def made(bench: Benches, tmp_path: Path, plain_model: Path) -> Workbench:
    tiny_rows(tmp_path, 20)
    return bench("", plain_model)


def test_the_count_is_what_a_run_finds(made: Workbench) -> None:
    assert count.count(made.plan) == {"facts": made.prepared.facts}


def test_the_light_half_asks_the_runners_python_once(made: Workbench, tmp_path: Path) -> None:
    counts = TokenCounts(cache=tmp_path / "cache")
    key = data_key(of_plan(made.plan), made.plan.fingerprints)
    assert counts.find(key) is None
    facts = counts.count(made.plan, sys.executable)
    assert facts == json.loads(json.dumps(made.prepared.facts))
    assert counts.find(key) == (facts, "counted with the model's tokenizer")


def test_an_earlier_run_has_counted_already(made: Workbench, tmp_path: Path) -> None:
    assert made.prepared.facts
    run = tmp_path / "runs" / "20260101T000000Z-a"
    (run / "02-prepare").mkdir(parents=True)
    (run / "plan.json").write_text(json.dumps(to_json(made.plan)), encoding="utf-8")
    stage = {"facts": made.prepared.facts}
    (run / "02-prepare" / "stage.json").write_text(json.dumps(stage), encoding="utf-8")
    counts = TokenCounts((tmp_path / "runs",), cache=tmp_path / "cache")
    found = counts.find(data_key(of_plan(made.plan), made.plan.fingerprints))
    assert found is not None
    assert found[1] == "counted in run 20260101T000000Z-a"
    assert found[0]["tokens"] == made.prepared.facts["tokens"]
    other = of_plan(changed(made.plan, "data", max_length=16))
    assert counts.find(data_key(other, made.plan.fingerprints)) is None


def test_what_is_not_on_this_machine_is_not_counted(made: Workbench, tmp_path: Path) -> None:
    plan = changed(made.plan, "model", name_or_path="owner/nobody-has-this", local=False)
    counts = TokenCounts(cache=tmp_path / "cache")
    found = counts.count(plan, sys.executable)
    assert found == NotRead("`owner/nobody-has-this` is not on this machine; a run downloads it")


def test_rows_that_can_not_be_used_are_named(made: Workbench) -> None:
    source = replace(made.plan.data.train[0], columns={"prompt": "nowhere"})
    found = count.count(changed(made.plan, "data", train=(source,), prompt_template=None))
    assert "nowhere" in found["not_read"]
