"""Findings with more than one way out, and keys that are there under a wrong name."""

from __future__ import annotations

import random

import pytest

from pitchpipe.ide.actions import actions, resolve
from pitchpipe.ide.changes import applied
from pitchpipe.span import Span
from support.editing import snapshot, under_cursor
from support.yaml_texts import WORKFLOW

MODEL = "model:\n  name_or_path: models/tiny\n"
DATA = "data:\n  train:\n    - path: data/pairs.jsonl\n"
HEAD = MODEL + DATA


def offered(text: str, *kinds: str) -> dict[str, str]:
    """By title: what the text is when an action was taken."""
    snap, offset = under_cursor(text)
    return {
        action.title: applied(
            snap.text, action.edits if action.edits is not None else resolve(snap, action.key)
        )
        for action in actions(snap, Span(offset, offset), frozenset(kinds))
    }


def preferred(text: str) -> list[str]:
    snap, offset = under_cursor(text)
    found = actions(snap, Span(offset, offset), frozenset({"quickfix"}))
    return [action.title for action in found if action.preferred]


TWICE = {
    "another value": (
        "training:\n  seed: 1\n  # why\n  se‸ed: 2  # two\n  optim: sgd\n",
        {
            "Keep the last `seed`, which counts": (
                "training:\n  # why\n  seed: 2  # two\n  optim: sgd\n"
            ),
            "Keep the first `seed`": "training:\n  seed: 1\n  # why\n  optim: sgd\n",
        },
    ),
    "the same value": (
        "training:\n  seed: 1\n  se‸ed: 1\n",
        {"Remove the second `seed`": "training:\n  seed: 1\n"},
    ),
    "three times": (
        "training: {seed: 1, seed: 2, se‸ed: 3, optim: sgd}\n",
        {
            "Keep the last `seed`, which counts": "training: {seed: 3, optim: sgd}\n",
            "Keep the first `seed`": "training: {seed: 1, optim: sgd}\n",
        },
    ),
    "sections": (
        "training:\n  seed: 1\n# more\ntrain‸ing:\n    # this\n    optim: sgd\nname: a\n",
        {
            "Put both `training` together": (
                "training:\n  seed: 1\n  # more\n  # this\n  optim: sgd\nname: a\n"
            ),
            "Keep the last `training`, which counts": (
                "# more\ntraining:\n    # this\n    optim: sgd\nname: a\n"
            ),
            "Keep the first `training`": "training:\n  seed: 1\n# more\nname: a\n",
        },
    ),
    "sections that share a key": (
        "training:\n  seed: 1\ntrain‸ing:\n  seed: 2",
        {
            "Keep the last `training`, which counts": "training:\n  seed: 2",
            "Keep the first `training`": "training:\n  seed: 1\n",
        },
    ),
    "an anchor that is used": (
        "training:\n  seed: &s 1\n  se‸ed: *s\n",
        {"Keep the first `seed`": "training:\n  seed: &s 1\n"},
    ),
}


@pytest.mark.parametrize("name", TWICE)
def test_a_key_that_is_written_twice(name: str) -> None:
    text, wanted = TWICE[name]
    assert offered(HEAD + text, "quickfix") == {t: HEAD + a for t, a in wanted.items()}


def test_what_nobody_would_want_otherwise_is_preferred() -> None:
    assert preferred(HEAD + TWICE["the same value"][0]) == ["Remove the second `seed`"]
    assert preferred(HEAD + TWICE["sections"][0]) == ["Put both `training` together"]
    assert preferred(HEAD + TWICE["another value"][0]) == []


BOTH = {
    DATA + "      dat‸aset_name: b\n      dataset_config: c\n": (
        "data:\n  train:\n    - dataset_name: b\n      dataset_config: c\n",
        DATA,
    ),
    "data:\n  train:\n    - {path: data/pairs.jsonl, dat‸aset_name: b}\n": (
        "data:\n  train:\n    - {dataset_name: b}\n",
        "data:\n  train:\n    - {path: data/pairs.jsonl}\n",
    ),
    "data:\n  train:\n  - dat‸aset_name: b  # c\n    path: data/pairs.jsonl\n    split: train\n": (
        "data:\n  train:\n  - dataset_name: b  # c\n    split: train\n",
        "data:\n  train:\n  - path: data/pairs.jsonl\n    split: train\n",
    ),
    "data:\n  train:\n  - dataset_config: c\n    dat‸aset_name: b\n    path: data/pairs.jsonl\n": (
        "data:\n  train:\n  - dataset_config: c\n    dataset_name: b\n",
        "data:\n  train:\n  - path: data/pairs.jsonl\n",
    ),
}


@pytest.mark.parametrize("text", BOTH)
def test_a_source_that_names_a_file_and_a_data_set(text: str) -> None:
    hub, file = BOTH[text]
    assert offered(MODEL + text, "quickfix") == {
        "Remove `path`": MODEL + hub,
        "Remove `dataset_name`": MODEL + file,
    }


def test_a_key_without_effect_can_go() -> None:
    text = HEAD + "method:\n  type: full\n  r‸: 8  # unused\n"
    assert offered(text, "quickfix")["Remove `r`"] == HEAD + "method:\n  type: full\n"


MISSPELT = {
    "method:\n  typ‸: lora\n  r: 8\n": ("Switch to `full`", "method:\n  type: full\n"),
    "metod:\n  type‸: lora\n": ("Switch to `full`", None),
    "method:\n  Type: lora\n  r‸: 8\n": ("Switch to `full`", "method:\n  type: full\n"),
    "trainig:\n  seed: 1\n‸": ("Add `training`", None),
    "methods:\n  r: 8\n‸": ("Add `method`", None),
    "methods:\n  r: 8\n\n‸\nname: x\n": ("Switch to `full`", None),
}


@pytest.mark.parametrize("text", MISSPELT)
def test_a_misspelt_key_is_not_written_again(text: str) -> None:
    title, after = MISSPELT[text]
    assert offered(HEAD + text, "refactor").get(title) == (after and HEAD + after)


def test_rows_are_not_held_back_twice() -> None:
    text = MODEL + "data:\n  train:\n    - path: data/pairs.jsonl\n  val_siz‸: 0.2\n"
    assert offered(text, "refactor.extract") == {}


MOVED = {
    "the section is there": (
        HEAD
        + "# why\nlearning‸_rate: 1.0e-4  # small\ntraining:\n  seed: 1  # s\n# end\nname: a\n",
        "Move to `training`",
        HEAD
        + "training:\n  seed: 1  # s\n  # why\n  learning_rate: 1.0e-4  # small\n# end\nname: a\n",
    ),
    "it is not": (
        "# about\n\nlearning‸_rate: 1.0e-4\n" + HEAD,
        "Move to `training`",
        "# about\n\ntraining:\n  learning_rate: 1.0e-4\n" + HEAD,
    ),
    "a comment at the very beginning is about the file": (
        "# about\nlearning‸_rate: 1.0e-4\n" + HEAD,
        "Move to `training`",
        "# about\ntraining:\n  learning_rate: 1.0e-4\n" + HEAD,
    ),
    "a list, to another indentation, to the end of the file": (
        HEAD
        + "training:\n  target_mod‸ules:\n  - q_proj\n  # x\n\n  - k_proj\n  seed: 1\n"
        + "method:\n    r: 8",
        "Move to `method`",
        HEAD
        + "training:\n  seed: 1\n"
        + "method:\n    r: 8\n    target_modules:\n    - q_proj\n    # x\n\n    - k_proj",
    ),
    "an empty section": (
        HEAD + "method:\ntraining:\n  r‸: 8\n  seed: 1\n",
        "Move to `method`",
        HEAD + "method:\n  r: 8\ntraining:\n  seed: 1\n",
    ),
    "a text of several lines": (
        HEAD + "system_pro‸mpt: |\n  Be kind.\n\n    Always.\n",
        "Move to `data`",
        HEAD + "  system_prompt: |\n    Be kind.\n\n      Always.\n",
    ),
    "another name": (
        HEAD + "l‸r: 1.0e-4\ntraining:\n  seed: 1\n",
        "Move to `training.learning_rate`",
        HEAD + "training:\n  seed: 1\n  learning_rate: 1.0e-4\n",
    ),
    "between braces": (
        HEAD + "learning‸_rate: 1.0e-4\ntraining: {\n  seed: 1 # s\n  }\n",
        "Move to `training`",
        HEAD + "training: {\n  seed: 1, learning_rate: 1.0e-4 # s\n  }\n",
    ),
    "a list between empty braces": (
        HEAD + "method: {}\ntarget_‸modules: [q_proj, 'v_proj']\nname: a\n",
        "Move to `method`",
        HEAD + "method: {target_modules: [q_proj, 'v_proj']}\nname: a\n",
    ),
    "with the file's line breaks": (
        (HEAD + "# c\nr‸: 8\nmethod:\n  type: lora\n").replace("\n", "\r\n"),
        "Move to `method`",
        (HEAD + "method:\n  type: lora\n  # c\n  r: 8\n").replace("\n", "\r\n"),
    ),
}


@pytest.mark.parametrize("name", MOVED)
def test_a_key_of_another_section(name: str) -> None:
    text, title, after = MOVED[name]
    assert offered(text, "quickfix") == {title: after}


STAYS = (
    HEAD + "learning‸_rate: 1.0e-4\ntraining:\n  learning_rate: 2.0e-4\n",
    HEAD + "learning‸_rate: much\ntraining:\n  seed: 1\n",
    HEAD + "learning‸_rate: 1.0e-4  # small\ntraining: {seed: 1}\n",
    HEAD + "# small\nlearning‸_rate: 1.0e-4\ntraining: {seed: 1}\n",
    HEAD + "target_‸modules:\n  - q_proj\nmethod: {r: 8}\n",
    HEAD + "target_‸modules: a,b\nmethod: {r: 8}\n",
    HEAD + "learning‸_rate: 1.0e-4\nx: *b\ntraining: &b {seed: 1}\n",
    HEAD + "learning‸_rate: &x 1.0e-4\ntraining:\n  seed: 1\n",
    HEAD + "learning‸_rate: 1.0e-4\nx: &b {seed: 1}\ntraining: *b\n",
    HEAD + "training:\n  r‸: 8\nmethod:\n  type: lora\n",
    HEAD + "training:\n  r‸: 8\n  seed: 1\n",
    HEAD + "training:\n  seed: 1\nlearning‸_rate: 1.0e-4\nx: [\n",
    HEAD + "path‸: x\n",
    "{model: {name_or_path: models/tiny}, learning‸_rate: 1.0e-4}\n",
)


@pytest.mark.parametrize("text", STAYS)
def test_it_stays_where_that_is_doubtful(text: str) -> None:
    assert not any(title.startswith("Move") for title in offered(text, "quickfix"))


def test_many_keys_find_their_sections_at_once() -> None:
    text = "learning_rate: 1.0e-4\n# rank\nr: 8\n" + HEAD + "seed: 3\nlora_alpha: 16\n‸"
    after = offered(text, "source")["Fix all that is safe"]
    assert after == (
        "training:\n  learning_rate: 1.0e-4\n  seed: 3\n"
        "method:\n  # rank\n  r: 8\n  lora_alpha: 16\n" + HEAD
    )


def test_moves_keep_all_that_is_said() -> None:
    """Whatever is out of place: what is read afterwards is the same under other keys."""
    dice = random.Random(4)
    keys = {"seed": "7", "r": "8  # c", "optim": "sgd", "save_steps": "5", "max_length": "64"}
    for _ in range(60):
        lines: list[str] = [*WORKFLOW.splitlines(keepends=True)]
        roots = [i for i, line in enumerate(lines) if line[:1].isalpha()]
        key = dice.choice(list(keys))
        lines.insert(dice.choice(roots), f"{key}: {keys[key]}\n")
        snap = snapshot("".join(lines))
        moves = [f for f in snap.findings if f.fix and f.fix.title.startswith("Move")]
        for finding in moves:
            assert finding.fix
            after = snapshot(applied(snap.text, finding.fix.edits))
            assert finding.message not in {f.message for f in after.findings}
            assert sorted(leaves(after.document.data())) == sorted(leaves(snap.document.data()))
            assert not after.document.problems


def leaves(data: object) -> list[str]:
    if isinstance(data, dict):
        return [leaf for value in data.values() for leaf in leaves(value)]
    if isinstance(data, list):
        return [leaf for value in data for leaf in leaves(value)]
    return [repr(data)]
