"""`pitchpipe init` writes a file that is right, commented, and fits the data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import pitchpipe_schemas
from pitchpipe.key_page import first_sentence
from support.cli import pitchpipe

ROWS: dict[str, list[dict[str, Any]]] = {
    "phrases": [{"phrase": f"p{i}", "tone": ["glad", "sad"][i % 2]} for i in range(9)],
    "plain": [{"prompt": "a", "completion": "b"}],
    "unknown-two": [{"x": "a", "y": "b"}],
    "extra": [{"id": 1, "subject": "a", "label": "b", "date": "c"}],
    "alpaca": [{"instruction": "a", "input": "b", "output": "c"}],
    "chats": [
        {"conversations": [{"role": r, "content": "a"} for r in ("user", "assistant")]},
    ],
    "books": [{"body": "once"}],
}


def load(path: Path) -> dict[str, Any]:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def init(folder: Path, rows: str, *options: str) -> dict[str, Any]:
    """Initialises from a data file with these rows, and has the result checked."""
    lines = "".join(f"{json.dumps(row)}\n" for row in ROWS[rows])
    (folder / "rows.jsonl").write_text(lines, encoding="utf-8")
    done = pitchpipe("init", "new.yaml", "--data", "rows.jsonl", *options, cwd=folder)
    assert (done.returncode, done.stdout) == (0, "wrote new.yaml\n"), done.stderr
    checked = pitchpipe("check", "new.yaml", cwd=folder)
    assert checked.returncode == 0, checked.stdout
    return load(folder / "new.yaml")


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ("phrases", {"prompt": "phrase", "completion": "tone"}),
        ("plain", None),
        ("unknown-two", {"prompt": "x", "completion": "y"}),
        ("extra", {"prompt": "subject", "completion": "label"}),
        ("alpaca", {"completion": "output"}),
        ("chats", {"messages": "conversations"}),
        ("books", {"text": "body"}),
    ],
)
def test_columns_are_given_the_parts_that_their_names_tell(
    tmp_path: Path, rows: str, columns: dict[str, str] | None
) -> None:
    assert init(tmp_path, rows)["data"]["train"][0].get("columns") == columns


def test_instructions_with_an_input_are_put_together(tmp_path: Path) -> None:
    data = init(tmp_path, "alpaca")["data"]
    assert data["prompt_template"] == "{instruction}\n{input}"


def test_a_classification_is_split_by_its_label(tmp_path: Path) -> None:
    workflow = init(tmp_path, "phrases", "--task", "classification")
    assert workflow["task"] == "classification"
    assert workflow["data"]["stratify_by"] == "tone"


def test_all_weights_are_trained_slowly_and_without_an_adapter(tmp_path: Path) -> None:
    workflow = init(tmp_path, "phrases", "--method", "full")
    assert workflow["method"] == {"type": "full"}
    assert workflow["training"]["learning_rate"] == 0.00002


def test_rows_are_no_longer_than_the_model_s_context(tmp_path: Path) -> None:
    assert (
        init(tmp_path, "phrases", "--model", "openai-community/gpt2")["data"]["max_length"] == 1024
    )
    config = {"model_type": "llama", "max_position_embeddings": 512}
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (tmp_path / "model" / "tokenizer.json").write_text("{}", encoding="utf-8")
    made = init(tmp_path, "phrases", "--model", "model", "--force")
    assert made["data"]["max_length"] == 512


def test_a_data_set_of_the_hub_is_named(tmp_path: Path) -> None:
    done = pitchpipe("init", "new.yaml", "--data", "openai/gsm8k", cwd=tmp_path)
    assert done.returncode == 0
    assert "the columns of `openai/gsm8k` are not known here" in done.stderr
    assert load(tmp_path / "new.yaml")["data"]["train"] == [{"dataset_name": "openai/gsm8k"}]


def test_every_section_carries_the_schemas_own_words(tmp_path: Path) -> None:
    init(tmp_path, "plain")
    text = (tmp_path / "new.yaml").read_text(encoding="utf-8")
    words = " ".join(line.strip().removeprefix("# ") for line in text.splitlines())
    properties = pitchpipe_schemas.load("workflow")["properties"]
    for section in ("model", "data", "method", "training", "evaluate", "export"):
        assert first_sentence(properties[section]["description"]) in words


def test_the_file_survives_a_round_trip(tmp_path: Path) -> None:
    init(tmp_path, "phrases", "--task", "classification")
    text = (tmp_path / "new.yaml").read_text(encoding="utf-8")
    yaml: Any = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 10_000
    with (tmp_path / "again.yaml").open("w", encoding="utf-8", newline="\n") as file:
        yaml.dump(yaml.load(text), file)
    assert (tmp_path / "again.yaml").read_text(encoding="utf-8") == text


def test_paths_are_spelt_from_where_the_file_lies(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "tiny").mkdir()
    (tmp_path / "rows.jsonl").write_text('{"prompt": "a", "completion": "b"}\n', encoding="utf-8")
    line = ["init", "flows/new.yaml", "--data", "rows.jsonl", "--model", "tiny"]
    assert pitchpipe(*line, cwd=tmp_path).returncode == 0
    workflow = load(tmp_path / "flows" / "new.yaml")
    assert workflow["data"]["train"] == [{"path": "../rows.jsonl"}]
    assert workflow["model"] == {"name_or_path": "../tiny"}


def test_a_file_that_is_there_stays_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text("mine\n", encoding="utf-8")
    done = pitchpipe("init", "new.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "pitchpipe: new.yaml exists already; `--force` overwrites it\n"
    assert (tmp_path / "new.yaml").read_text(encoding="utf-8") == "mine\n"
    assert pitchpipe("init", "new.yaml", "--force", cwd=tmp_path).returncode == 0
    assert load(tmp_path / "new.yaml")["name"] == "new"


def test_columns_that_tell_nothing_are_listed(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("u,v,w\n1,2,3\n", encoding="utf-8")
    done = pitchpipe("init", "new.yaml", "--data", "rows.csv", cwd=tmp_path)
    assert done.returncode == 0
    assert "there are `u`, `v`, `w`" in done.stderr


def test_data_that_is_not_there_yet_is_said(tmp_path: Path) -> None:
    done = pitchpipe("init", "new.yaml", "--data", "later.jsonl", cwd=tmp_path)
    assert done.returncode == 0
    assert "pitchpipe: later.jsonl was not read: there is no such file\n" in done.stderr
    assert "error[data-file-not-found]" in done.stderr


def test_a_folder_that_is_not_there_is_2(tmp_path: Path) -> None:
    done = pitchpipe("init", "no/new.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"pitchpipe: cannot write {Path('no/new.yaml')}: ")


@pytest.mark.parametrize(
    ("description", "sentence"),
    [
        ("One. Two.", "One."),
        ("No end", "No end"),
        ("By (Hu et al. 2021). Then.", "By (Hu et al. 2021)."),
        ("What.\n\n- `a`: b", "What."),
        ("- `a`: b.\n- `c`: d.", "`a`: b."),
        ("E.g.\nx", "E.g.\nx"),
    ],
)
def test_a_comment_is_the_first_sentence(description: str, sentence: str) -> None:
    assert first_sentence(description) == sentence
