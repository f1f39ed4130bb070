"""Whether a tokenizer names an end token, as transformers 5.23 would load it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pitchpipe.facts import ModelFact
from pitchpipe_facts.reader import Reader

EOS = {"eos_token": "<eos>"}


def model(folder: Path, **files: dict[str, Any]) -> ModelFact:
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    found = Reader(folder).model(str(folder))
    assert isinstance(found, ModelFact)
    return found


@pytest.mark.parametrize(
    ("files", "has"),
    [
        ({"tokenizer_config": {"tokenizer_class": "TokenizersBackend"}}, False),
        ({"tokenizer_config": {"tokenizer_class": "PreTrainedTokenizerFast", **EOS}}, True),
        ({"tokenizer_config": {"eos_token": {"content": "<eos>"}}}, True),
        (
            {
                "tokenizer_config": {"tokenizer_class": "PreTrainedTokenizerFast"},
                "special_tokens_map": EOS,
            },
            True,
        ),
        ({"tokenizer_config": {"tokenizer_class": "GPT2Tokenizer", "eos_token": None}}, False),
        ({"tokenizer_config": {"tokenizer_class": "GPT2Tokenizer"}}, None),
        ({"tokenizer_config": {}}, None),
        ({}, None),
    ],
)
def test_an_end_token_is_named_or_not_or_nobody_knows(
    tmp_path: Path, files: dict[str, dict[str, Any]], has: bool | None
) -> None:
    assert model(tmp_path, **files).has_end_token is has


def test_tokens_are_listed_where_all_are(tmp_path: Path) -> None:
    added = {"2": {"content": "<eos>"}, "3": {"content": "<|im_end|>"}, "4": 5}
    config = {"added_tokens_decoder": added, "bos_token": {"content": "<bos>"}, **EOS}
    found = model(tmp_path, tokenizer_config=config)
    assert found.special_tokens == ("<bos>", "<eos>", "<|im_end|>")


def test_a_folder_that_names_some_tokens_lists_none(tmp_path: Path) -> None:
    assert model(tmp_path, tokenizer_config=EOS).special_tokens == ()
