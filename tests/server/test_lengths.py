"""Hovers say how long rows are in tokens: once a server has had them counted, or somebody else."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bench.lsp.client import Client
from bench.lsp.servers import OURS
from pitchpipe.costs.settings import data_key, of_plan
from pitchpipe.facts import NotRead
from pitchpipe.ide.world import Lengths
from pitchpipe_facts.reader import Reader
from pitchpipe_server.lengths import data_of, of_file, plan_of, why_not
from support.plans import analysis_of
from support.tiny import tiny_model, tiny_rows

TEXT = """\
model: {name_or_path: tiny}
data:
  train:
    - path: rows.jsonl
  test_size: 0.2
  val_size: 0
  prompt_template: "{text}"
  completion_template: "{label}"
  max_length: 64
method: {type: lora}
"""
FACTS = {
    "rows": {"train": 16, "eval": 4, "test": 0},
    "lengths": {
        "train": {"min": 3, "median": 5, "p95": 8, "max": 9},
        "eval": {"min": 4, "median": 4, "p95": 4, "max": 4},
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny_rows(tmp_path, 20)
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    return tmp_path


def of(folder: Path, text: str, name: str = "rows.jsonl") -> Lengths | NotRead:
    asked = data_of(analysis_of(text, folder).context)
    return of_file(FACTS, asked.settings, str(folder / name), Reader(folder, environment={}))


def test_lengths_are_those_of_the_rows_of_a_split(folder: Path) -> None:
    assert of(folder, TEXT) == Lengths(16, {0.0: 3, 0.5: 5, 0.95: 8, 1.0: 9}, "rows to train on")
    evaluated = TEXT.replace("  test_size", "  eval: [{path: held.jsonl}]\n  test_size")
    tiny_rows(folder, 4, name="held.jsonl")
    assert of(folder, evaluated, "held.jsonl") == Lengths(
        4, {0.0: 4, 0.5: 4, 0.95: 4, 1.0: 4}, "rows to evaluate on"
    )
    assert of(folder, TEXT, "held.jsonl") == NotRead("the workflow does not read it")


def test_of_several_sources_only_all_together_is_known(folder: Path) -> None:
    tiny_rows(folder, 4, name="more.jsonl")
    several = TEXT.replace(
        "    - path: rows.jsonl", "    - path: rows.jsonl\n    - path: more.jsonl"
    )
    found = of(folder, several, "more.jsonl")
    assert isinstance(found, Lengths)
    assert found.of == "rows to train on, of all 2 sources"


def test_what_is_counted_is_found_again(folder: Path) -> None:
    analysis = analysis_of(TEXT.replace("lora}", "lora, r: many}"), folder)
    assert analysis.has_errors
    asked = data_of(analysis.context)
    assert why_not(asked, analysis.context.facts, "python", {}) is None
    plan = plan_of(asked)
    assert data_key(of_plan(plan), plan.fingerprints) == asked.key


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("max_length: 64", "max_length: long", "the file has errors"),
        ("name_or_path: tiny", "dtype: float32", "no model is named"),
        ("tiny", "owner/nobody-has-this", "`owner/nobody-has-this` is not on this machine"),
    ],
)
def test_why_nobody_counts_is_said(folder: Path, before: str, after: str, reason: str) -> None:
    context = analysis_of(TEXT.replace(before, after), folder).context
    home = {"HF_HOME": str(folder)}
    assert why_not(data_of(context), context.facts, "python", home) == NotRead(reason)


@pytest_asyncio.fixture
async def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PITCHPIPE_STATE_DIR", str(tmp_path / "state"))
    tiny_model(tmp_path / "tiny")
    tiny_rows(tmp_path, 20)
    client = Client(OURS.command, tmp_path, OURS.settings, pull=False)
    with Path(os.devnull).open("wb") as errors:
        await client.start(errors)
        yield client
        await client.stop()


@pytest.mark.asyncio
async def test_rows_are_counted_when_a_hover_wants_it(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "a.tune.yaml").as_uri()
    document = {"uri": uri, "languageId": "yaml", "version": 1, "text": TEXT}
    client.tell("textDocument/didOpen", {"textDocument": document})
    where = {"textDocument": {"uri": uri}, "position": {"line": 3, "character": 14}}
    seen: list[str] = []
    for _ in range(600):
        found = await client.ask("textDocument/hover", where)
        told = re.search(r"tokens a row \W*(.*?) *\|?\n", found["contents"]["value"] + "\n")
        assert told
        if not seen or seen[-1] != told[1]:
            seen.append(told[1])
        if "being counted" not in told[1]:
            break
        await asyncio.sleep(0.1)
    assert seen[0] == "being counted …"
    assert seen[-1].endswith("(of 16 rows to train on)")
    window = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
    asked = {"textDocument": {"uri": uri}, "range": window}
    labels = [hint["label"] for hint in await client.ask("textDocument/inlayHint", asked)]
    assert any(re.fullmatch(r"20 rows, median \d+ tokens", str(label)) for label in labels)
