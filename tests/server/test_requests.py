"""Requests beyond LSP about estimates and new workflows, to a server in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import pitchpipe_schemas
from bench.lsp.client import Client, Failed
from bench.lsp.servers import OURS
from pitchpipe.published import devices

pytestmark = pytest.mark.asyncio

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
TEXT = f"""\
model:
  name_or_path: {MODEL}
data:
  train:
    - path: rows.jsonl
compute:
  target: RTX 4090
method:
  type: lora
"""
ROWS = [{"phrase": f"p{i}", "tone": ["glad", "sad"][i % 2]} for i in range(30)]


@pytest_asyncio.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """Has rows in its folder; sees the very JSON that is answered."""
    lines = "".join(f"{json.dumps(row)}\n" for row in ROWS)
    (tmp_path / "rows.jsonl").write_text(lines, encoding="utf-8")
    client = Client(OURS.command, tmp_path, OURS.settings, pull=False)
    with Path(os.devnull).open("wb") as errors:
        await client.start(errors)
        yield client
        await client.stop()


async def ask(client: Client, name: str, **params: Any) -> Any:
    return await client.ask(f"pitchpipe/{name}", params)


def opened(client: Client, folder: Path, text: str = TEXT) -> str:
    uri = (folder / "a.tune.yaml").as_uri()
    document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
    client.tell("textDocument/didOpen", {"textDocument": document})
    return uri


async def test_they_are_announced(client: Client) -> None:
    found = await ask(client, "supportedMethods")
    mine = {"pitchpipe/memory", "pitchpipe/newWorkflow", "pitchpipe/schema"}
    assert mine <= set(found["requests"])


async def test_an_estimate_is_waited_for(client: Client, tmp_path: Path) -> None:
    found = await ask(client, "memory", uri=opened(client, tmp_path))
    assert found["message"] is None
    assert found["device"] == "RTX 4090"
    own = next(m for m in found["methods"] if m["current"])
    assert own["name"] == "lora"
    assert own["trained"] == found["trainable"]
    assert own["tensors"] == sum(part["bytes"] for part in own["parts"])
    table = devices(pitchpipe_schemas.devices())
    assert {d["name"] for d in found["devices"]} == {device.name for device in table}
    assert found["devices"][0]["fits"]["lora"] == "yes"


async def test_an_estimate_is_of_the_newest_text(client: Client, tmp_path: Path) -> None:
    """Keys and requests may come faster than answers."""
    uri = opened(client, tmp_path)
    asked: list[asyncio.Future[Any]] = []
    for version, kind in enumerate(("full", "lora", "full"), 2):
        whole = {"text": TEXT.replace("lora", kind)}
        document = {"uri": uri, "version": version}
        change = {"textDocument": document, "contentChanges": [whole]}
        client.tell("textDocument/didChange", change)
        asked.append(asyncio.ensure_future(ask(client, "memory", uri=uri)))
    for found in await asyncio.gather(*asked):
        assert [m["name"] for m in found["methods"] if m["current"]] == ["full"]


async def test_a_request_that_is_cancelled_leaves_the_next_alone(
    client: Client, tmp_path: Path
) -> None:
    uri = opened(client, tmp_path)
    for _ in range(3):
        number, answer = client.request("pitchpipe/memory", {"uri": uri})
        await asyncio.sleep(0.02)
        client.tell("$/cancelRequest", {"id": number})
        assert "error" in await asyncio.wait_for(answer, 30) or (await answer)["result"]["methods"]
    assert (await ask(client, "memory", uri=uri))["methods"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "the file is not open, or no workflow"),
        ("# pitchpipe: off\n", "the file is not open, or no workflow"),
        (TEXT.replace(MODEL, "nobody/knows-it"), "what the run takes is not known: "),
    ],
)
async def test_where_there_is_no_estimate_it_says_why(
    client: Client, tmp_path: Path, text: str | None, message: str
) -> None:
    uri = opened(client, tmp_path, text) if text else (tmp_path / "no.tune.yaml").as_uri()
    found = await ask(client, "memory", uri=uri)
    assert found["message"].startswith(message)
    assert found["methods"] == found["devices"] == []


async def test_a_request_without_a_file_is_refused(client: Client) -> None:
    with pytest.raises(Failed, match="uri"):
        await ask(client, "memory")


async def test_without_answers_there_is_something_to_choose(client: Client, tmp_path: Path) -> None:
    found = await ask(client, "newWorkflow", folder=str(tmp_path))
    assert found["text"] is found["name"] is found["message"] is None
    choices = found["choices"]
    assert [t["name"] for t in choices["tasks"]] == ["text-generation", "classification"]
    assert [m["name"] for m in choices["methods"]] == ["lora", "qlora", "full"]
    assert all(one["description"] for one in (*choices["tasks"], *choices["methods"]))
    smol = next(m for m in choices["models"] if m["name"] == MODEL)
    assert (smol["licence"], smol["chat"], smol["parameters"] > 1e8) == ("apache-2.0", True, True)


async def test_a_model_in_the_workspace_is_spelt_from_the_folder(
    client: Client, tmp_path: Path
) -> None:
    model = tmp_path / "models" / "own"
    model.mkdir(parents=True)
    (model / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    (model / "tokenizer_config.json").write_text("{}", encoding="utf-8")
    found = await ask(client, "newWorkflow", folder=str(tmp_path / "flows"))
    first = found["choices"]["models"][0]
    assert (first["name"], first["local"]) == ("../models/own", True)


@pytest.mark.parametrize("by_uri", [False, True])
async def test_answers_become_a_file_without_a_finding(
    client: Client, tmp_path: Path, by_uri: bool
) -> None:
    data = tmp_path / "rows.jsonl"
    found = await ask(
        client,
        "newWorkflow",
        task="classification",
        model=MODEL,
        data=data.as_uri() if by_uri else str(data),
        method="full",
        folder=tmp_path.as_uri() if by_uri else str(tmp_path),
    )
    assert (found["name"], found["message"], found["choices"]) == ("rows.tune.yaml", None, None)
    assert "- path: rows.jsonl\n" in found["text"]
    assert "columns: {prompt: phrase, completion: tone}\n" in found["text"]
    clean = client.judged((tmp_path / "a.tune.yaml").as_uri(), lambda found: found == [])
    opened(client, tmp_path, found["text"])
    await asyncio.wait_for(clean, 30)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"data": "nothing.jsonl"}, "nothing.jsonl was not read: "),
        ({"task": "classification", "data": "texts.txt"}, "classification"),
        ({"model": MODEL}, "data/train.jsonl"),
        ({"data": "openai/gsm8k"}, "the columns of `openai/gsm8k` are not known here"),
    ],
)
async def test_there_is_a_file_all_the_same_with_a_message(
    client: Client, tmp_path: Path, answers: dict[str, str], message: str
) -> None:
    (tmp_path / "texts.txt").write_text("once\nupon\n", encoding="utf-8")
    found = await ask(client, "newWorkflow", folder=str(tmp_path), **answers)
    assert found["text"].startswith("# ")
    assert message in found["message"]


async def test_files_of_other_machines_are_refused(client: Client) -> None:
    with pytest.raises(Failed, match="no file on this machine"):
        await ask(client, "newWorkflow", data="https://example.org/rows.jsonl")


async def test_what_the_schema_does_not_know_is_no_answer(client: Client) -> None:
    found = await ask(client, "newWorkflow", task="poetry", model=MODEL)
    assert found["text"] is None
    assert found["message"] == "`poetry` is none of `text-generation` or `classification`"


async def test_the_schema_is_the_one_of_workflows(client: Client) -> None:
    found = await ask(client, "schema")
    assert found["schema"] == pitchpipe_schemas.load("workflow")
