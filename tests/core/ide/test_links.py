"""Places that lead somewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pitchpipe.ide.links import links
from support.editing import PROJECT, snapshot
from support.facts import ROOT, WORLD

HUB = "https://huggingface.co"

CASES = {
    "": [],
    "data:\n  train:\n    - path: data/phrases.jsonl\n": [
        ("data/phrases.jsonl", f"{ROOT}/data/phrases.jsonl")
    ],
    "data:\n  train:\n    - path: data/none.jsonl\n": [],
    "data:\n  train:\n    - path: 'data/phrases.csv'\n      split: train\n": [
        ("data/phrases.csv", f"{ROOT}/data/phrases.csv")
    ],
    "data: {train: [{path: data/pairs.jsonl}], eval: [{path: data/chats.jsonl}]}\n": [
        ("data/pairs.jsonl", f"{ROOT}/data/pairs.jsonl"),
        ("data/chats.jsonl", f"{ROOT}/data/chats.jsonl"),
    ],
    "data:\n  train:\n    - dataset_name: openai/gsm8k\n": [
        ("openai/gsm8k", f"{HUB}/datasets/openai/gsm8k")
    ],
    "data:\n  train:\n    - dataset_name: what is this?\n": [],
    "model:\n  name_or_path: models/tiny\n": [("models/tiny", f"{ROOT}/models/tiny")],
    "model:\n  name_or_path: ./models/none\n": [],
    "model:\n  name_or_path: org/some-model_1.5\n": [
        ("org/some-model_1.5", f"{HUB}/org/some-model_1.5")
    ],
    "model:\n  name_or_path: huggingfacetb/smollm2-135m-instruct\n": [
        ("huggingfacetb/smollm2-135m-instruct", f"{HUB}/HuggingFaceTB/SmolLM2-135M-Instruct")
    ],
    "model:\n  name_or_path: ${NOWHERE}/model\n": [],
    "model:\n  name_or_path: 'a b'\n": [],
    "model:\n  name_or_path:\n": [],
    "model:\n  name_or_path: [x]\n": [],
    "output_dir: data\n": [("data", f"{ROOT}/data")],
    "output_dir: runs\n": [],
    "data:\n  train:\n    - path: 'data/phrases.csv": [
        ("data/phrases.csv", f"{ROOT}/data/phrases.csv")
    ],
}


@pytest.mark.parametrize("text", CASES)
def test_links(text: str) -> None:
    found = [(text[slice(*link.span)], link.target) for link in links(snapshot(text))]
    assert found == CASES[text]


def test_another_hub_has_the_pages() -> None:
    mirror = replace(WORLD, variables={"HF_ENDPOINT": "https://mirror.example/"})
    text = "model:\n  name_or_path: org/model\n"
    (found,) = links(snapshot(text, replace(PROJECT, facts=mirror)))
    assert found.target == "https://mirror.example/org/model"


def test_a_target_of_several_aliases_is_linked_once() -> None:
    text = (
        "data:\n  train:\n    - &file {path: data/pairs.jsonl}\n    - *file\n"
        "  eval:\n    - <<: *file\n"
    )
    assert len(links(snapshot(text))) == 1
