"""What is left to say beside another server that has our schema."""

from __future__ import annotations

import jsonschema
import pytest

import pitchpipe_schemas
from pitchpipe.checks import RULES
from pitchpipe.ide.actions import actions
from pitchpipe.ide.completion import complete
from pitchpipe.ide.elsewhere import is_told, told
from pitchpipe.ide.hover import hover
from pitchpipe.ide.snapshot import Client
from pitchpipe.span import Span
from support.editing import PROJECT, snapshot, under_cursor

BESIDE = Client(schema_elsewhere=True)
HEAD = "model: {name_or_path: models/tiny}\ndata: {train: [{path: data/pairs.jsonl}]}\n"
THEIRS = [
    "trainig: {seed: 1}\n",
    "training: {seed: many}\n",
    "training: {seed: -1}\n",
    "training: {optim: adamw}\n",
    "evaluate: {metrics: [loss, loss]}\n",
    "training: {seed: }\n",
    "export: {format: onnx-genai, precision: []}\n",
]
OURS = {
    "training: {learning_rate: 2e-5}\n": "yaml11-float",
    "training: {learning_rate: .inf}\n": "out-of-range",
    "method: {target_modules: [q_prj]}\n": "target-module-not-found",
    "compute: {target: RTX 9999}\n": "unknown-device",
    "method: {type: full, r: 8}\n": "key-without-effect",
}


def codes(text: str, client: Client) -> set[str]:
    return {finding.code for finding in told(snapshot(text, PROJECT, client))}


def labels(text: str, client: Client = BESIDE) -> set[str]:
    snap, offset = under_cursor(text, PROJECT, client)
    found = complete(snap, offset)
    return {item.label for item in found.items} if found else set()


def hovered(text: str, client: Client = BESIDE) -> str:
    found = hover(*under_cursor(text, PROJECT, client))
    return found.text if found else ""


@pytest.mark.parametrize("line", THEIRS)
def test_what_the_schema_says_is_left_to_the_other(line: str) -> None:
    said = codes(HEAD + line, Client())
    assert said
    assert codes(HEAD + line, BESIDE) == said - _of_schema(HEAD + line)
    assert not list(_of_schema(HEAD + line) & codes(HEAD + line, BESIDE))


def _of_schema(text: str) -> set[str]:
    """Codes of what a validator finds, too, if it finds anything."""
    validator = jsonschema.Draft202012Validator(pitchpipe_schemas.load("workflow"))
    assert list(validator.iter_errors(snapshot(text).document.data()))
    snap = snapshot(text, PROJECT, BESIDE)
    return {rule.code for rule in RULES if is_told(snap, rule.code)}


@pytest.mark.parametrize(("line", "code"), OURS.items())
def test_what_only_we_know_is_said(line: str, code: str) -> None:
    assert code in codes(HEAD + line, BESIDE)


@pytest.mark.parametrize("text", ["a: [\n", "a: 1\na: 2\n", "\ta: 1\n", "a: *b\n"])
def test_what_is_no_yaml_is_left_to_the_other(text: str) -> None:
    assert codes(HEAD + text, Client())
    assert codes(HEAD + text, BESIDE) == set()


def test_without_the_other_all_is_said() -> None:
    snap = snapshot(HEAD + THEIRS[0])
    assert told(snap) == snap.findings


def test_what_was_meant_is_offered_all_the_same() -> None:
    text = HEAD + "training: {optim: adamw_tocrh}\n"
    snap = snapshot(text, PROJECT, BESIDE)
    at = text.index("adamw_tocrh")
    titles = [action.title for action in actions(snap, Span(at, at), frozenset({"quickfix"}))]
    assert [title for title in titles if "adamw_torch" in title]


@pytest.mark.parametrize(
    "text",
    [
        "‸",
        "trai‸",
        "training:\n  ‸",
        "training: {‸}",
        "training:\n  optim: ‸",
        "task: ‸",
        "training:\n  bf16: ‸",
        "evaluate:\n  metrics: [‸]",
        "data: ‸",
        "data: {‸}",
        "data: {train: ‸}",
        "training: \n  optim: a‸",
        "data:\n  train:\n    - ‸",
    ],
)
def test_keys_and_values_of_the_schema_are_completed_elsewhere(text: str) -> None:
    assert labels(text) == set()


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("model:\n  name_or_path: ‸", "org/cached-model"),
        ("model: {name_or_path: models/tiny}\nmethod:\n  target_modules: [‸]", "q_proj"),
        ("model: {name_or_path: models/tiny}\nmethod:\n  rank_pattern:\n    ‸", "q_proj"),
        ("data:\n  train:\n    - path: data/‸", "data/chats.jsonl"),
        (
            "data:\n  train:\n    - path: data/phrases.jsonl\n  prompt_template: '{‸}'",
            "phrase",
        ),
        ("compute:\n  target: ‸", "RTX 3060"),
        ("a: &one {b: 1}\nc: *‸", "*one"),
    ],
)
def test_what_the_world_has_is_completed_here(text: str, label: str) -> None:
    assert label in labels(text)


def test_no_value_comes_twice() -> None:
    """Other servers offer defaults and examples."""
    text = "compute:\n  target: ‸"
    assert labels(text, Client()) - labels(text) == {"RTX 4090"}
    text = "model: {name_or_path: models/tiny}\nmethod:\n  target_modules: ‸"
    assert "all-linear" in labels(text, Client()) - labels(text)
    assert "attention" in labels(text)


def test_a_keys_meaning_is_told_elsewhere() -> None:
    text = HEAD + "training:\n  se‸ed: 42\n"
    assert hovered(text, Client())
    assert hovered(text) == ""


def test_what_the_file_comes_to_is_told_here() -> None:
    text = HEAD + "method:\n  ty‸pe: lora\n"
    assert "Choices" not in hovered(text)
    assert "method" in hovered(text)
    assert hovered(text) in hovered(text, Client())
