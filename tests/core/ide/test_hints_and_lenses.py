"""Words behind lines, and commands above them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pitchpipe.ide.hints import hints, tooltip
from pitchpipe.ide.lenses import ago, lenses
from pitchpipe.ide.world import Run
from pitchpipe.span import Span
from support.analysis import FILE
from support.editing import PROJECT, Around, snapshot
from support.facts import ROOT

WORKFLOW = """\
model: {name_or_path: models/tiny}
data:
  train:
    - path: data/phrases.jsonl  # tones
  prompt_template: "{phrase}"
  completion_template: "{tone}"
method:
  type: lora
  r: 8  # small
training:
  per_device_train_batch_size: 2
  gradient_accumulation_steps: 4
"""
COUNTED = replace(PROJECT, row_counts={f"{ROOT}/data/phrases.jsonl": 1200})


def shown(text: str, around: Around = COUNTED) -> dict[str, str]:
    """Each line that has a hint, and the hint."""
    found = hints(snapshot(text, around), Span(0, len(text)))
    return {text[text.rfind("\n", 0, h.offset) + 1 : h.offset].strip(): h.label for h in found}


def test_hints_say_what_a_line_comes_to() -> None:
    found = shown(WORKFLOW)
    assert re.fullmatch(r"needs about \d+ MB on a card", found.pop("method:"))
    assert found == {
        "- path: data/phrases.jsonl  # tones": "1,200 rows",
        "r: 8  # small": "32,768 trained, 7.7 %",
        "gradient_accumulation_steps: 4": "effective batch 8, 3 steps",
    }


def test_only_what_is_seen_gets_hints() -> None:
    found = hints(snapshot(WORKFLOW, COUNTED), Span(0, WORKFLOW.index("method")))
    assert [hint.label for hint in found] == ["1,200 rows"]


def test_nothing_is_shown_while_nothing_is_known() -> None:
    assert shown("model:\n  name_or_path: models/none\nmethod:\n  r: 8\n", PROJECT) == {}
    assert shown("") == {}


def test_tooltips_say_more() -> None:
    found = snapshot(WORKFLOW, COUNTED)
    assert "| weights |" in tooltip(found, "memory")
    assert "| effective batch | 8 sequences |" in tooltip(found, "work")
    assert "parameters trained" in tooltip(found, "trained")
    assert tooltip(found, "") == ""


def run(**changes: object) -> Run:
    plain = Run("r1", f"{ROOT}/runs/r1", "done", False, 1_800_000_000.0 - 7300, None, None, None,
                1.0, ("eval_loss", 0.8312), f"{ROOT}/runs/r1/report.html")  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def titles(*past: Run) -> list[str]:
    return [lens.title for lens in lenses(snapshot(WORKFLOW, replace(PROJECT, past=past)))]


SPIN = "$(sync~spin)"
START = ["$(play) Run", "Smoke run", "Estimate", "Compare"]


@pytest.mark.parametrize(
    ("past", "expected"),
    [
        ((), START),
        ((run(),), [*START, "0.831 eval_loss, 2 h ago"]),
        ((run(best=None, smoke=True),), [*START, "smoke run done, 2 h ago"]),
        ((run(state="failed", report=None),), [*START, "Resume", "failed, 2 h ago"]),
        ((run(state="stopped", report=None, at=None),), [*START, "Resume", "stopped"]),
        (
            (run(id="r2", state="running", stage="train", step=120, total_steps=400), run()),
            [
                "$(sync~spin) training, step 120 of 400 · stop",
                *START[2:],
                "0.831 eval_loss, 2 h ago",
            ],
        ),
        (
            (run(state="running", stage="export", share=0.5),),
            [f"{SPIN} export, 50% · stop", *START[2:]],
        ),
        (
            (run(state="waiting", stage=None, share=None),),
            [f"{SPIN} starting · stop", *START[2:]],
        ),
    ],
)
def test_lenses_offer_what_can_be_done_now(past: tuple[Run, ...], expected: list[str]) -> None:
    assert titles(*past) == expected


def test_commands_name_the_file_and_the_run() -> None:
    found = lenses(snapshot(WORKFLOW, replace(PROJECT, past=(run(state="failed"),))))
    commands = {c.name: c.arguments for lens in found if (c := lens.command)}
    assert commands["pitchpipe.run"] == (FILE,)
    assert commands["pitchpipe.resume"] == (FILE, "r1")


@pytest.mark.parametrize("text", ["", "# nothing\n", "[1]\n", "x"])
def test_what_is_no_mapping_yet_has_no_lens_or_one(text: str) -> None:
    assert len(lenses(snapshot(text))) in {0, 4}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (7300, "2 h ago"),
        (90_000, "1 day ago"),
        (300_000, "3 days ago"),
    ],
)
def test_how_long_ago(seconds: float, said: str) -> None:
    assert ago(seconds) == said
