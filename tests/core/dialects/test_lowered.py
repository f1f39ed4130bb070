"""A made-up tool's file, read as a workflow."""

from __future__ import annotations

from typing import Any

from pitchpipe.analyse import Analysis
from pitchpipe.check import NOTHING_KNOWN
from pitchpipe.context import Context
from pitchpipe.dialects import native
from pitchpipe.dialects.dialect import Dialect
from pitchpipe.dialects.foreign import Foreign, Surroundings
from pitchpipe.dialects.lowered import lowered
from pitchpipe.document import parse
from pitchpipe.reading import read
from pitchpipe.schema import Schema
from pitchpipe.workflow import Missing, Present, Wrong
from support.analysis import SCHEMA, lines_of
from support.facts import ROOT, WORLD

TOY: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["base"],
    "properties": {
        "base": {"type": "string", "x-native": "model.name_or_path"},
        "lr": {"type": "number", "default": 0.001, "x-native": "training.learning_rate"},
        "rank": {"type": "integer", "x-native": "method.r"},
        "targets": {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "x-native": "method.target_modules",
        },
        "attention": {
            "type": "string",
            "x-native": "model.attn_implementation",
            "x-values": {"flash": "flash_attention_2"},
        },
        "files": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {"name": {"type": "string", "x-native": "data.train[].path"}},
            },
        },
        "steps": {"type": "integer"},
        "noise": {"type": "number", "x-lost": "no noise is added"},
        "shards": {"type": "integer", "default": 1, "x-stops": "models are not sharded"},
    },
}


def _lower(foreign: Foreign) -> None:
    if isinstance(steps := foreign.given("steps"), int):
        foreign.put("training.max_steps", 2 * steps, "steps")


def toy(text: str, **overrides: Any) -> Analysis:
    source = read(parse(text), Schema(TOY), {})
    around = Surroundings(WORLD, ROOT)
    reading = lowered(source, SCHEMA, overrides, Dialect("toy", "Toy", _lower), around)
    context = Context(reading, native.lower, WORLD, ROOT)
    return Analysis(f"{ROOT}/toy.yaml", "toy", context, NOTHING_KNOWN)


def said(text: str, **overrides: Any) -> list[str]:
    return lines_of(toy(text, **overrides).findings, text)


GOOD = """\
base: models/tiny
files:
  - name: data/pairs.jsonl
"""


def test_keys_come_to_those_of_the_same_meaning() -> None:
    workflow = toy(GOOD + "rank: 8\n").workflow
    rank = workflow.method.r
    assert isinstance(rank, Present)
    assert (rank.value, rank.path) == (8, ("method", "r"))
    text = GOOD + "rank: 8\n"
    assert text[rank.span.start : rank.span.end] == "8"
    assert text[rank.key.start : rank.key.end] == "rank"
    train = workflow.data.train
    assert isinstance(train, Present)
    path = train.value[0].path
    assert isinstance(path, Present)
    assert text[path.span.start : path.span.end] == "data/pairs.jsonl"


def test_words_are_translated_and_code_has_the_last_say() -> None:
    found = toy(GOOD + "attention: flash\nsteps: 5\n")
    assert found.context.effective(found.workflow.model.attn_implementation) == "flash_attention_2"
    assert found.context.effective(found.workflow.training.max_steps) == 10


def test_the_tools_own_defaults_count() -> None:
    found = toy(GOOD)
    assert isinstance(found.workflow.training.learning_rate, Missing)
    assert found.context.effective(found.workflow.training.learning_rate) == 0.001
    assert found.context.effective(found.workflow.training.weight_decay) == 0.0


def test_a_good_file_is_free_of_findings() -> None:
    assert said(GOOD) == []


def test_wrong_values_are_told_of_the_tools_key_and_once() -> None:
    text = GOOD + "rank: many\n"
    assert isinstance(toy(text).workflow.method.r, Wrong)
    assert said(text) == [
        "4:7: error[wrong-type]: `rank` must be a whole number, not the string `many`"
    ]


def test_unknown_keys_are_those_of_the_tool() -> None:
    assert said(GOOD + "rnak: 8\n") == [
        "4:1: error[unknown-key]: a file of Toy has no key `rnak`; did you mean `rank`?"
    ]


def test_what_rules_say_of_the_workflow_is_in_the_files_words() -> None:
    text = GOOD + "rank: 8\ntargets: [q_proj, v_porj]\n"
    (line,) = said(text)
    assert line.startswith("5:19: error[target-module-not-found]: ")
    assert toy(text).findings[0].path == "targets[1]"
    assert "target_modules" not in line


def test_what_is_left_out_is_told_where_it_matters() -> None:
    assert said(GOOD + "noise: 0.0\nshards: 1\n") == []
    assert said(GOOD + "noise: 0.5\nshards: 2\n") == [
        "4:1: hint[not-carried-over]: `noise`: no noise is added",
        "5:1: warning[runner-cannot]: `shards`: models are not sharded",
    ]


def test_values_that_the_workflow_has_not() -> None:
    (line,) = said(GOOD + "attention: paged\n")
    assert line.startswith("4:12: warning[runner-cannot]: `attention`: Pitchpipe can't do")


def test_what_the_workflow_needs_is_missed() -> None:
    (line,) = said("base: models/tiny\n")
    assert line == (
        "1:1: error[missing-required]: "
        "nothing here says what `data` is, and nothing can run without"
    )


def test_the_command_line_speaks_of_the_workflow() -> None:
    found = toy(GOOD + "rank: 8\n", **{"method.r": 4})
    assert found.context.effective(found.workflow.method.r) == 4
    (line,) = said(GOOD, **{"method.r": 0})
    assert "method.r" in line or "`r`" in line


def test_paths_lead_both_ways() -> None:
    reading = toy(GOOD + "targets: [q_proj]\n").context.reading
    assert reading.native(("targets", 0)) == ("method", "target_modules", 0)
    assert reading.native(("rank",)) == ("method", "r")
    assert reading.native(("files", 0, "name")) == ("data", "train", 0, "path")
    assert reading.native(("steps",)) is None
    assert reading.own(("method", "r")) == ("rank",)
    assert reading.own(("data", "train", 0, "path")) == ("files", 0, "name")
    assert reading.own(("training", "seed")) is None
