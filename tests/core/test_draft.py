"""A workflow to start from: right for every task, method, model and shape of the data."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pitchpipe import draft
from pitchpipe.facts import NotRead, TableFact, columns_of
from pitchpipe.findings import Severity
from support.analysis import SCHEMA, analysis
from support.facts import ROOT, WORLD, Rows, World

TASKS = [choice.name for choice in draft.tasks(SCHEMA)]
METHODS = [choice.name for choice in draft.methods(SCHEMA)]
MODELS = [draft.MODEL, "Qwen/Qwen3-0.6B", "models/tiny", "models/plain", "nobody/knows-it"]
ANSWERED: dict[str, Rows] = {
    "phrases": [{"phrase": f"p{i}", "tone": ["glad", "sad"][i % 2]} for i in range(40)],
    "own names": [{"prompt": f"a{i}", "completion": "bc"[i % 2]} for i in range(9)],
    "unknown two": [{"x": f"a{i}", "y": "bc"[i % 2]} for i in range(9)],
    "numbers": [{"text": f"t{i}", "label": i % 3} for i in range(30)],
    "more columns": [
        {"id": 1, "subject": f"a{i}", "label": "bc"[i % 2], "date": "c"} for i in range(9)
    ],
    "alpaca": [{"instruction": f"a{i}", "input": "b", "output": "cd"[i % 2]} for i in range(9)],
    "odd names": [{"the question, {braces}": f"a{i}", "yes: no": "bc"[i % 2]} for i in range(9)],
    "few rows": [{"prompt": f"a{i}", "completion": "bc"[i % 2]} for i in range(4)],
}
OTHERS: dict[str, Rows] = {
    "chats": [
        {"messages": [{"role": r, "content": f"a{i}"} for r in ("user", "assistant")]}
        for i in range(9)
    ],
    "texts": [{"body": f"once upon a time {i}"} for i in range(9)],
}


def table(rows: Rows) -> TableFact:
    return TableFact("jsonl", columns_of(tuple(rows)), tuple(rows), complete=True)


def text(rows: Rows, task: str = "text-generation", **answers: Any) -> str:
    parts, unclear = draft.parts(table(rows), task, "rows.jsonl")
    assert unclear is None
    said: dict[str, Any] = {"name": "new", "model": "models/tiny", "data": "data/rows.jsonl"}
    return draft.workflow(SCHEMA, task=task, parts=parts, **(said | answers))


def world(rows: Rows) -> World:
    return replace(WORLD, files={"data/rows.jsonl": rows})


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("rows", list(ANSWERED.values()), ids=list(ANSWERED))
def test_there_is_nothing_to_find(task: str, method: str, model: str, rows: Rows) -> None:
    written = text(rows, task, method=method, model=model)
    found = analysis(written, world(rows)).findings
    assert [f.message for f in found] == []


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("rows", list(OTHERS.values()), ids=list(OTHERS))
def test_rows_without_a_prompt_are_for_generation(method: str, rows: Rows) -> None:
    found = analysis(text(rows, method=method), world(rows))
    assert found.findings == ()


def test_answers_are_taken() -> None:
    written = text(ANSWERED["phrases"], "classification", method="full", name="tone")
    data: Any = analysis(written, world(ANSWERED["phrases"])).context.reading.data
    assert data["name"] == "tone"
    assert data["task"] == "classification"
    assert data["model"] == {"name_or_path": "models/tiny"}
    assert data["data"]["train"] == [
        {"path": "data/rows.jsonl", "columns": {"prompt": "phrase", "completion": "tone"}}
    ]
    assert data["data"]["stratify_by"] == "tone"
    assert data["method"] == {"type": "full"}
    assert data["training"]["learning_rate"] == 0.00002


def test_an_adapter_has_its_own_keys() -> None:
    data: Any = analysis(text(ANSWERED["phrases"])).context.reading.data
    assert set(data["method"]) == {"type", "r", "lora_alpha", "target_modules"}


@pytest.mark.parametrize(
    "value", ["a b", "1.5", "null", "C:/a b/#x.csv", "é, [x]", "- x", "-", "a: b", "'", "x" * 200]
)
def test_whatever_it_is_called_it_is_read_back(value: str) -> None:
    rows = [{value: "a", f"{value}!": "b"}]
    written = text(rows, model=value, data=value, name=value)
    data: Any = analysis(written).context.reading.data
    assert (data["name"], data["model"]["name_or_path"]) == (value, value)
    columns = {"prompt": value, "completion": f"{value}!"}
    assert data["data"]["train"] == [{"path": value, "columns": columns}]


def test_every_comment_is_the_schemas() -> None:
    for line in text(ANSWERED["phrases"]).splitlines():
        assert len(line) <= 90
    assert "# `full`: trains every weight." in text(ANSWERED["phrases"], method="full")
    assert "# Choices: lora, qlora, full." in text(ANSWERED["phrases"])


def test_a_file_that_cannot_be_read_has_no_parts() -> None:
    found = draft.parts(NotRead("there is no such file"), "classification", "a.csv")
    assert found == (draft.Mapped(), "a.csv was not read: there is no such file")


def test_columns_that_tell_nothing_are_listed() -> None:
    parts, unclear = draft.parts(table([{"u": "1", "v": "2", "w": "3"}]), TASKS[0], "a.csv")
    assert parts == draft.Mapped()
    assert unclear is not None
    assert "there are `u`, `v`, `w`" in unclear


def test_labels_that_hardly_repeat_are_no_classes() -> None:
    rows = [{"phrase": f"p{i}", "tone": f"t{i}"} for i in range(9)]
    parts, _ = draft.parts(table(rows), "classification", "a.jsonl")
    assert parts == draft.Mapped({"prompt": "phrase", "completion": "tone"})


def test_choices_come_in_the_schemas_words() -> None:
    described = json.dumps(SCHEMA.root)
    for choice in (*draft.tasks(SCHEMA), *draft.methods(SCHEMA)):
        assert choice.description
        assert choice.description in described


@pytest.mark.parametrize(
    ("path", "folder", "spelt"),
    [
        ("data/a.jsonl", ROOT, "data/a.jsonl"),
        (f"{ROOT}/data/a.jsonl", ROOT, "data/a.jsonl"),
        (f"{ROOT}/data/a.jsonl", f"{ROOT}/flows", "../data/a.jsonl"),
        ("/srv/rows/a.jsonl", ROOT, "/srv/rows/a.jsonl"),
        ("C:\\me\\data\\a.csv", "C:\\me\\flows", "../data/a.csv"),
        ("D:\\data\\a.csv", "C:\\me\\flows", "D:/data/a.csv"),
        ("data\\a.csv", "C:\\me", "data/a.csv"),
    ],
)
def test_paths_are_spelt_from_the_files_folder(path: str, folder: str, spelt: str) -> None:
    assert draft.spelt(path, folder) == spelt


@pytest.mark.parametrize(
    ("name", "is_there", "dataset"),
    [
        ("openai/gsm8k", False, True),
        ("imdb", False, True),
        ("org/rows-v1.0", False, True),
        ("openai/gsm8k", True, False),
        ("data/rows.jsonl", False, False),
        ("rows.CSV", False, False),
        ("./rows", False, False),
        ("C:\\data\\rows", False, False),
        ("/data/rows", False, False),
    ],
)
def test_a_hub_name_is_no_file(name: str, is_there: bool, dataset: bool) -> None:
    assert draft.is_dataset(name, is_there=is_there) is dataset


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("task", TASKS)
def test_a_data_set_of_the_hub_is_named(task: str, method: str) -> None:
    written = draft.workflow(
        SCHEMA,
        name="new",
        task=task,
        model="models/tiny",
        data="openai/gsm8k",
        parts=draft.Mapped(),
        method=method,
        hub=True,
    )
    found = analysis(written)
    assert found.findings == ()
    data: Any = found.context.reading.data
    assert data["data"]["train"] == [{"dataset_name": "openai/gsm8k"}]


@pytest.mark.parametrize(
    ("data", "taken", "name"),
    [
        ("data/phrases.train.jsonl", (), "phrases.tune.yaml"),
        ("data/phrases.jsonl", ("phrases.tune.yaml",), "phrases-2.tune.yaml"),
        ("C:\\me\\my rows (1).csv", (), "my-rows-1.tune.yaml"),
        (None, (), "classification.tune.yaml"),
        ("data/…", (), "classification.tune.yaml"),
    ],
)
def test_a_file_is_called_as_its_data(data: str | None, taken: tuple[str, ...], name: str) -> None:
    assert draft.file_name(data, "classification", taken) == name


def test_no_error_is_left_to_who_mixes_task_and_rows() -> None:
    """What does not go together is not hidden: the check says it."""
    found = analysis(text(OTHERS["texts"], "classification"), world(OTHERS["texts"])).findings
    assert {f.code for f in found if f.severity is Severity.ERROR} == {
        "classification-needs-answers"
    }
