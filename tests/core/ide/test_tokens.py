"""What stands out in templates and paths."""

from __future__ import annotations

import pytest

from pitchpipe.ide.tokens import KINDS, tokens
from pitchpipe.span import Span
from support.editing import snapshot

PHRASES = "data:\n  train:\n    - path: data/phrases.jsonl\n"

CASES = {
    PHRASES + "  prompt_template: Say {phrase}!\n": ["{phrase} column"],
    PHRASES + "  prompt_template: 'Say {phrase} {nope}'\n": [
        "{phrase} column",
        "{nope} unknown-column",
    ],
    PHRASES + "  prompt_template: |\n    Say {phrase}\n    in {tone}\n": [
        "{phrase} column",
        "{tone} column",
    ],
    PHRASES + "  prompt_template: Say { phrase }\n": ["{ phrase } column"],
    PHRASES + "  prompt_template: Say {{phrase}} {tone}\n": ["{tone} column"],
    PHRASES + '  prompt_template: "a\\n{phrase}"\n': ["{phrase} column"],
    PHRASES + '  prompt_template: "{phr\\x61se}"\n': [],
    PHRASES + "  prompt_template: 'Say {phrase'\n": [],
    PHRASES + "  prompt_template: 'Say {}'\n": [],
    PHRASES + "  prompt_template: [a]\n": [],
    PHRASES + "  completion_template: 'It is {tone}'\n": ["{tone} column"],
    PHRASES + "  prompt_template: '<|im_start|>user {phrase}<|im_end|>'\n": [
        "<|im_start|> chat-marker",
        "{phrase} column",
        "<|im_end|> chat-marker",
    ],
    PHRASES + "  text_template: |\n    <s>[INST] {phrase} [/INST] {tone}</s>\n": [
        "<s> chat-marker",
        "[INST] chat-marker",
        "{phrase} column",
        "[/INST] chat-marker",
        "{tone} column",
        "</s> chat-marker",
    ],
    PHRASES + "  prompt_template: '<start_of_turn>user {phrase}'\n": [
        "<start_of_turn> chat-marker",
        "{phrase} column",
    ],
    PHRASES + "  prompt_template: 'a < b > c [x] <a|b>'\n": [],
    PHRASES + "  system_prompt: 'You are <|x|> {not_a_column}'\n": ["<|x|> chat-marker"],
    "data:\n  train:\n    - path: nowhere.jsonl\n  prompt_template: '{any}'\n": ["{any} column"],
    "data:\n  train:\n    - dataset_name: x/y\n  prompt_template: '{any}'\n": ["{any} column"],
    "data:\n  train:\n    - path: ${DATA}/x.jsonl\n": ["${DATA} variable"],
    "data:\n  train:\n    - path: ${NOPE}/${DATA}.jsonl\n": [
        "${NOPE} unset-variable",
        "${DATA} variable",
    ],
    "model:\n  name_or_path: ${HOME}/m\n": ["${HOME} variable"],
    "output_dir: '${DATA}/runs'\n": ["${DATA} variable"],
    "name: ${DATA} {phrase}\n": [],
    "": [],
}


@pytest.mark.parametrize("text", CASES)
def test_tokens(text: str) -> None:
    found = tokens(snapshot(text))
    assert [f"{text[slice(*t.span)]} {t.kind}" for t in found] == CASES[text]
    assert all(t.kind in KINDS for t in found)
    assert all("\n" not in text[slice(*t.span)] for t in found)


def test_every_kind_is_met() -> None:
    met = {line.rpartition(" ")[2] for lines in CASES.values() for line in lines}
    assert met == set(KINDS)


def test_tokens_of_a_stretch() -> None:
    text = PHRASES + "  prompt_template: '{phrase} {tone}'\n"
    at = text.index("{tone}")
    (found,) = tokens(snapshot(text), Span(at, at + 1))
    assert text[slice(*found.span)] == "{tone}"
    assert tokens(snapshot(text), Span(0, 5)) == []
