"""YAML that is nearly right, and what it is when the offered fix was taken."""

from __future__ import annotations

import pytest

from pitchpipe.ide.actions import actions
from pitchpipe.ide.changes import applied
from pitchpipe.span import Span
from support.editing import under_cursor

HEAD = "model:\n  name_or_path: models/tiny\n"
DATA = "data:\n  train:\n    - path: data/phrases.jsonl\n"


def offered(text: str) -> dict[str, str]:
    snap, offset = under_cursor(text)
    found = actions(snap, Span(offset, offset), frozenset({"quickfix"}))
    return {action.title: applied(snap.text, action.edits or ()) for action in found}


MENDED = {
    "training:\n  optim: sgd\n  seed‸ 7  # c\n": (
        "Write `seed: 7`",
        "training:\n  optim: sgd\n  seed: 7  # c\n",
    ),
    "training:\n  seed‸ = 7\n  optim: sgd\n": (
        "Write `seed: 7`",
        "training:\n  seed: 7\n  optim: sgd\n",
    ),
    "training:\n  seed‸ 7\n": ("Write `seed: 7`", "training:\n  seed: 7\n"),
    "training:\n  optim‸:sgd\n": ("Write `optim: sgd`", "training:\n  optim: sgd\n"),
    "training‸\n  seed: 1\n": ("Write `training:`", "training:\n  seed: 1\n"),
    "evaluate:\n  metrics: ‸[loss, f1  # c\n": (
        "Insert `]`",
        "evaluate:\n  metrics: [loss, f1]  # c\n",
    ),
    "training: ‸{seed: 1\nname: x\n": ("Insert `}`", "training: {seed: 1}\nname: x\n"),
    "training:\n  optim: ‸'sgd\n": ("Insert `'`", "training:\n  optim: 'sgd'\n"),
    'name: ‸"x\r\ntraining: {}\r\n': ('Insert `"`', 'name: "x"\r\ntraining: {}\r\n'),
    "training:\n  seed: 1\n   op‸tim: sgd\n": (
        "Indent like the lines above",
        "training:\n  seed: 1\n  optim: sgd\n",
    ),
    "training:\n  seed: 1\n op‸tim: sgd\n": (
        "Indent like the lines above",
        "training:\n  seed: 1\n  optim: sgd\n",
    ),
    "training:\n  seed: 1\n\n  # c\n   op‸tim: sgd\n": (
        "Indent like the lines above",
        "training:\n  seed: 1\n\n  # c\n  optim: sgd\n",
    ),
}


@pytest.mark.parametrize("text", MENDED)
def test_what_is_nearly_right(text: str) -> None:
    title, after = MENDED[text]
    assert offered(HEAD + DATA + text) == {title: HEAD + DATA + after}


def test_a_template_in_braces_is_put_in_quotes() -> None:
    text = HEAD + DATA + "  prompt_template: ‸{phrase}  # the text\n"
    after = HEAD + DATA + '  prompt_template: "{phrase}"  # the text\n'
    assert offered(text)["Put the value in quotes"] == after


NOTHING = (
    "training:\n  optim: sgd\n  se‸ven 7\n",
    "training:\n  optim: sgd\n  r‸ 7\n",
    "training:\n  seed: ‸{a: 1}\n",
    "data‸: data/phrases.jsonl\n",
    "name: ‸{a: x}\n",
)


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_is_made_up(text: str) -> None:
    assert offered(HEAD + text) == {}
