"""`pitchpipe/preview` of a server in a process of its own; rows are made in another."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bench.lsp.client import Client, Failed
from bench.lsp.servers import OURS
from support.cli import bare_python
from support.tiny import tiny_model, tiny_rows

pytestmark = pytest.mark.asyncio

TEXT = """\
model: {name_or_path: tiny}
data:
  train: [{path: rows.jsonl}]
  prompt_template: "{text}"
  completion_template: "{label}"
  max_length: 64
method: {type: lora}
"""


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    client = Client(OURS.command, tmp_path, OURS.settings, pull=False)
    with Path(os.devnull).open("wb") as errors:
        await client.start(errors)
        yield client
        await client.stop()


@pytest.fixture
def uri(tmp_path: Path) -> str:
    tiny_model(tmp_path / "tiny")
    tiny_rows(tmp_path, 20)
    return (tmp_path / "a.tune.yaml").as_uri()


def opened(client: Client, uri: str, text: str = TEXT) -> None:
    document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
    client.tell("textDocument/didOpen", {"textDocument": document})


async def test_rows_are_shown_as_they_are_written(client: Client, uri: str) -> None:
    opened(client, uri)
    found = await client.ask("pitchpipe/preview", {"uri": uri, "rows": 2, "skip": 4})
    assert (found["message"], found["total"], found["max_length"]) == (None, 20, 64)
    assert [(row["source"], row["row"], row["cut"]) for row in found["rows"]] == [
        ("rows.jsonl", 4, 0),
        ("rows.jsonl", 5, 0),
    ]
    learnt = ["".join(t["text"] for t in r["tokens"] if t["learnt"]) for r in found["rows"]]
    assert learnt == ["fear<|im_end|>", "anger<|im_end|>"]
    said = await client.ask(
        "workspace/executeCommand", {"command": "pitchpipe.preview", "arguments": [uri]}
    )
    assert said["message"] is None
    assert said["markdown"].count("```text") == 5
    assert "⟦joy<|im_end|>⟧" in said["markdown"]


async def test_why_there_are_no_rows_is_said(client: Client, uri: str) -> None:
    closed = await client.ask("pitchpipe/preview", {"uri": uri})
    assert closed == {
        "message": "the file is not open, or no workflow",
        "rows": [],
        "total": None,
        "max_length": None,
    }
    opened(client, uri, TEXT + "trianing: {}\n")
    wrong = await client.ask("pitchpipe/preview", {"uri": uri})
    assert wrong["message"].startswith("a.tune.yaml has errors: line 8: ")
    with pytest.raises(Failed):
        await client.ask("pitchpipe/preview", {"uri": uri, "rows": "few"})


async def test_an_interpreter_without_the_runner_is_named(tmp_path: Path, uri: str) -> None:
    python = str(bare_python(tmp_path))
    client = Client(OURS.command, tmp_path, {"pitchpipe": {"python": python}}, pull=False)
    with Path(os.devnull).open("wb") as errors:
        await client.start(errors)
        opened(client, uri)
        while (await client.ask("pitchpipe/status", {}))["settings"]["python"] != python:
            await asyncio.sleep(0.05)
        found = await client.ask("pitchpipe/preview", {"uri": uri})
        await client.stop()
    assert "No module named" in found["message"]
    assert "pip install" in found["message"]


async def test_a_newer_request_ends_the_older(client: Client, uri: str) -> None:
    opened(client, uri)
    older = asyncio.ensure_future(client.ask("pitchpipe/preview", {"uri": uri}))
    await asyncio.sleep(0.5)
    newer = await client.ask("pitchpipe/preview", {"uri": uri, "rows": 1})
    assert len(newer["rows"]) == 1
    assert json.dumps((await older)["rows"]) == "[]"


async def test_a_cancelled_request_is_ended(client: Client, uri: str) -> None:
    opened(client, uri)
    number, answer = client.request("pitchpipe/preview", {"uri": uri})
    await asyncio.sleep(0.5)
    client.tell("$/cancelRequest", {"id": number})
    assert "error" in await answer
    assert (await client.ask("pitchpipe/preview", {"uri": uri, "rows": 1}))["total"] == 20
