"""The models to begin with, in an order in which one looks for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pitchpipe_facts import shipped
from pitchpipe_facts.model_list import ListedModel, listed

LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": 100,
}
BERT = {"model_type": "bert", "architectures": ["BertForMaskedLM"]}


def put(folder: Path, config: dict[str, Any] = LLAMA, chat: str | None = None) -> None:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    said = {} if chat is None else {"chat_template": chat}
    (folder / "tokenizer_config.json").write_text(json.dumps(said), encoding="utf-8")


def cached(hub: Path, name: str, config: dict[str, Any] = LLAMA) -> None:
    folder = hub / f"models--{name.replace('/', '--')}"
    put(folder / "snapshots" / ("a" * 40), config)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("a" * 40, encoding="ascii")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def of(root: Path, hub: Path) -> list[ListedModel]:
    return listed([str(root)], {"HF_HUB_CACHE": str(hub)})


def test_what_is_here_comes_first_and_small_before_large(tmp_path: Path, hub: Path) -> None:
    work = tmp_path / "work"
    put(work / "models" / "wide", LLAMA | {"hidden_size": 128}, chat="{{ messages }}")
    put(work / "models" / "narrow")
    cached(hub, "org/own")
    cached(hub, "HuggingFaceTB/SmolLM2-135M")
    found = of(work, hub)
    here = [m for m in found if m.local]
    assert found[: len(here)] == here
    names = [str(work / "models" / "narrow"), str(work / "models" / "wide"), "org/own"]
    assert [m.name for m in here] == [*names, "HuggingFaceTB/SmolLM2-135M"]
    assert [m.chat for m in here[:2]] == [False, True]
    assert here[0].parameters is not None
    assert here[1].parameters is not None
    assert here[0].parameters < here[1].parameters
    sizes = [m.parameters for m in found[len(here) :]]
    assert sizes == sorted(sizes, key=lambda size: size or 0)


def test_what_is_known_is_told_of_a_published_model(tmp_path: Path, hub: Path) -> None:
    found = {m.name: m for m in of(tmp_path, hub)}
    known = shipped.published("Qwen/Qwen3-0.6B")
    assert known is not None
    assert found["Qwen/Qwen3-0.6B"] == ListedModel(
        "Qwen/Qwen3-0.6B", known.parameters, known.license, known.chat_template, local=False
    )


def test_a_published_model_that_is_here_is_listed_once(tmp_path: Path, hub: Path) -> None:
    cached(hub, "Qwen/Qwen3-0.6B")
    assert [m.local for m in of(tmp_path, hub) if m.name == "Qwen/Qwen3-0.6B"] == [True]


def test_models_of_other_tasks_are_left_out(tmp_path: Path, hub: Path) -> None:
    put(tmp_path / "bert", BERT)
    cached(hub, "org/bert", BERT)
    cached(hub, "google-t5/t5-small", {"model_type": "t5"})
    names = [m.name for m in of(tmp_path, hub)]
    assert not [name for name in names if name.endswith(("bert", "t5-small"))]


@pytest.mark.parametrize(
    "folder",
    [".cache/m", "node_modules/m", "hub/models--a--b/snapshots/c", "runs/a/04-merge", "venv/m"],
)
def test_folders_that_are_nobodys_models_are_passed_by(
    tmp_path: Path, hub: Path, folder: str
) -> None:
    put(tmp_path / "work" / folder)
    assert not [m for m in of(tmp_path / "work", hub) if m.local]


def test_a_configuration_alone_is_no_model(tmp_path: Path, hub: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(LLAMA), encoding="utf-8")
    assert not [m for m in of(tmp_path, hub) if m.local]
