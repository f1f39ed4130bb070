"""What is kept from one state of a file to the next changes nothing but the time it takes."""

import random
from typing import cast

import pytest

import pitchpipe_schemas
from pitchpipe import check
from pitchpipe.analyse import Analysis, analyse
from pitchpipe.context import Context
from pitchpipe.document import parse
from pitchpipe.facts import Facts, Table
from pitchpipe.findings import Finding
from pitchpipe.not_yet import NotYet
from pitchpipe.schema import Schema
from pitchpipe.workflow import Source
from support.analysis import FILE
from support.facts import WORLD

SCHEMA = Schema(pitchpipe_schemas.load("workflow"), fast=True)
HEAD = """\
model: {name_or_path: models/tiny}
data:
  prompt_template: "{prompt}"
  completion_template: "{completion}"
  train:
"""
SOURCES = (
    "    - path: data/pairs.jsonl\n      split: train\n",
    "    - {path: data/missing.jsonl, split: 'train[:10]'}\n",
    "    - path: data/pairs.jsonl\n      format: mesages\n",
    "    - &one\n      path: data/pairs.jsonl  # é🎼\n",
    "    - <<: *one\n      columns: {prompt: instruction}\n",
    "    - dataset_name: org/rows\n      split: test[\n",
    "    - *one\n",
    "    - weight: 1e-3\n",
)
TAIL = "  eval: [{path: data/pairs.jsonl}, {}]\ntraining:\n  learning_rate: 1e-4\n"
PIECES = (
    *"abx :-#'\"{}[]&*\n",
    *("\n    - ", "      ", "path: ", "split: train\n", "*one", "data/pairs.jsonl", "{completion}"),
    *("    - path: data/pairs.jsonl\n", "\r\n", "é", "  eval: []\n", "task: classification\n"),
)


def text_of(dice: random.Random) -> str:
    return HEAD + "".join(dice.choice(SOURCES) for _ in range(60)) + TAIL


def edited(text: str, dice: random.Random) -> str:
    start = dice.randrange(len(text) + 1)
    end = min(len(text), start + dice.choice((0, 0, 0, 1, 3, 40)))
    return text[:start] + dice.choice(PIECES) + text[end:]


def again(text: str, before: Analysis) -> Analysis:
    return analyse(
        text,
        schema=SCHEMA,
        facts=before.context.facts,
        path=FILE,
        reuse=before.document,
        known=before.known,
    )


@pytest.mark.parametrize("seed", range(12))
def test_findings_are_those_of_a_text_that_nobody_has_seen_before(seed: int) -> None:
    dice = random.Random(seed)
    first = text = text_of(dice)
    found = analyse(text, schema=SCHEMA, facts=WORLD, path=FILE)
    for number in range(40):
        text = first if number % 10 == 9 else edited(text, dice)
        found = again(text, found)
        afresh = analyse(text, schema=SCHEMA, facts=WORLD, path=FILE)
        if dice.random() < 0.8:  # else nobody asks for this state's
            assert found.findings == afresh.findings
        assert found.document == afresh.document
        assert found.context.reading.violations == afresh.context.reading.violations


def test_only_the_source_that_changed_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[object] = []
    of_source = check._of_source  # pyright: ignore[reportPrivateUsage]

    def counted(context: Context, source: Source) -> tuple[list[Finding], set[str]]:
        looked.append(source.path)
        return of_source(context, source)

    monkeypatch.setattr(check, "_of_source", counted)
    text = HEAD + "".join(f"    - path: data/{n}.jsonl\n" for n in range(100))
    found = analyse(text, schema=SCHEMA, facts=WORLD, path=FILE)
    assert len(found.findings) >= len(looked) == 100
    looked.clear()
    found = again(text.replace("data/50.jsonl", "data/50x.jsonl"), found)
    assert len([f for f in found.findings if "50x" in f.message]) == 1
    assert len(looked) == 1
    looked.clear()
    found = again(text.replace("{completion}", "{other}"), found)
    assert found.findings
    assert len(looked) == 100, "a template has a part in what is said of each"


@pytest.mark.parametrize("gone", ["more:\n", "  other:\n", "    - path: data/069.jsonl\n"])
def test_a_line_less_joins_what_was_two_blocks(gone: str) -> None:
    items = "".join(f"    - path: data/{n:03}.jsonl\n" for n in range(70))
    text = (
        f"data:\n  train:\n{items}  other:\n{items}more:\n  train:\n{items.replace('data', 'else')}"
    )
    before = parse(text)
    at = text.index(gone)
    for end in range(at, at + len(gone) + 1):
        after = text[:at] + text[end:]
        assert parse(after, before) == parse(after)
        assert parse(text, parse(after)) == before


def test_a_file_that_is_still_being_read_holds_back_only_what_needs_it() -> None:
    class Slow:
        """The world, of whose tables nothing is known yet."""

        def __getattr__(self, name: str) -> object:
            return getattr(WORLD, name)

        def table(self, path: str) -> Table:
            raise NotYet

    text = "model: {name_or_path: models/tiny}\ndata:\n  train:\n"
    text += "    - path: data/pairs.jsonl\n      split: train[\n      columns: {prompt: none}\n"
    slow = analyse(text, schema=SCHEMA, facts=cast("Facts", Slow()), path=FILE)
    assert [f.code for f in slow.findings] == ["split-invalid"]
    later = analyse(
        text, schema=SCHEMA, facts=WORLD, path=FILE, reuse=slow.document, known=slow.known
    )
    assert "column-not-found" in {f.code for f in later.findings}
