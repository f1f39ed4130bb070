"""Names, what they stand for, and where else they are."""

from __future__ import annotations

import pytest

from pitchpipe.ide.changes import applied
from pitchpipe.ide.names import (
    Refusal,
    definition,
    occurrences,
    prepare_rename,
    references,
    rename,
)
from support.editing import CURSOR, snapshot, under_cursor
from support.facts import ROOT

MERGED = "a: &one {x: 1}\nb:\n  <<: *one\nc: *one\n"
TWICE = "a: &x 1\nb: *x\nc: &x 2\nd: *x\n"
PHRASES = "data:\n  train:\n    - path: data/phrases.jsonl\n      columns: {prompt: phrase}\n"

RENAMED = {
    "an anchor": ("a: &o‸ne 1\nb: *one\n", "a: &new 1\nb: *new\n"),
    "of a further document": (
        "a: &one 1\nb: *one\n---\nc: &one 2\nd: *on‸e\n---\ne: &one 3\n",
        "a: &one 1\nb: *one\n---\nc: &new 2\nd: *new\n---\ne: &one 3\n",
    ),
    "of the first of several documents": (
        "a: &o‸ne 1\nb: *one\n---\nc: &one 2\nd: *one\n",
        "a: &new 1\nb: *new\n---\nc: &one 2\nd: *one\n",
    ),
    "an alias": ("a: &one 1\nb: *on‸e\n", "a: &new 1\nb: *new\n"),
    "with the cursor at the mark": ("a: ‸&one 1\nb: *one\n", "a: &new 1\nb: *new\n"),
    "behind the name": ("a: &one 1\nb: *one‸\n", "a: &new 1\nb: *new\n"),
    "merged": ("a: &one {x: 1}\nb:\n  <<: *o‸ne\n", "a: &new {x: 1}\nb:\n  <<: *new\n"),
    "several merged": (
        "a: &one {x: 1}\nb: &two {y: 1}\nc:\n  <<: [*one, *tw‸o]\n",
        "a: &one {x: 1}\nb: &new {y: 1}\nc:\n  <<: [*one, *new]\n",
    ),
    "of a section": (
        "a: &one\n  x: 1\nb: *one‸\n",
        "a: &new\n  x: 1\nb: *new\n",
    ),
    "with a comment that looks like it": (
        "a: &one # &one\n  x: 1\nb: *one‸\n",
        "a: &new # &one\n  x: 1\nb: *new\n",
    ),
    "with a text that looks like it": (
        "t: '&one *one'\na: &one 1\nb: *one‸\n",
        "t: '&one *one'\na: &new 1\nb: *new\n",
    ),
    "behind a tag": ("a: !!str &one 1\nb: *on‸e\n", "a: !!str &new 1\nb: *new\n"),
    "of a key": ("&k‸ a: 1\nb: *k\n", "&new a: 1\nb: *new\n"),
    "without aliases": ("a: &on‸e 1\n", "a: &new 1\n"),
    "the first of two": (TWICE.replace("b: *x", "b: *x‸"), "a: &new 1\nb: *new\nc: &x 2\nd: *x\n"),
    "the second of two": (TWICE.replace("d: *x", "d: *x‸"), "a: &x 1\nb: *x\nc: &new 2\nd: *new\n"),
    "in a file that is broken below": (
        "a: &one 1\nb: *on‸e\nc: [\n",
        "a: &new 1\nb: *new\nc: [\n",
    ),
    "of nothing": ("a: &one\nb: *one‸\n", "a: &new\nb: *new\n"),
}


@pytest.mark.parametrize("name", RENAMED)
def test_renamed(name: str) -> None:
    text, expected = RENAMED[name]
    snap, offset = under_cursor(text)
    place = prepare_rename(snap, offset)
    assert not isinstance(place, Refusal)
    assert place.start - 1 <= offset <= place.end
    edits = rename(snap, offset, "new")
    assert not isinstance(edits, Refusal)
    assert applied(snap.text, edits) == expected


REFUSED = {
    ("a: &x 1\nb: &y 2\nc: *x‸\n", "y"): "there is an anchor `&y` already",
    ("a: &x 1\nc: *x‸\nd: *z\n", "z"): "there is an alias `*z` already",
    ("a: &x‸ 1\n", "two words"): "an anchor's name has letters",
    ("a: &x‸ 1\n", ""): "an anchor's name has letters",
    ("a: &x‸ 1\n", "a:b"): "an anchor's name has letters",
    ("a‸: &x 1\n", "y"): "only anchors",
    ("‸", "y"): "only anchors",
    ("a: *no‸ne\n", "y"): "only anchors",
    (PHRASES.replace("phrase}", "phra‸se}"), "y"): "a column's name",
}


@pytest.mark.parametrize(("text", "new"), REFUSED)
def test_refused(text: str, new: str) -> None:
    found = rename(*under_cursor(text), new)
    assert isinstance(found, Refusal)
    assert found.reason.startswith(REFUSED[text, new])


def test_marks_are_no_part_of_a_name() -> None:
    snap, offset = under_cursor("a: &x‸ 1\nb: *x\n")
    edits = rename(snap, offset, "&new")
    assert not isinstance(edits, Refusal)
    assert applied(snap.text, edits) == "a: &new 1\nb: *new\n"
    assert rename(snap, offset, "x") == ()


DEFINED = {
    "a: &one 1\nb: *on‸e\n": [("one", None)],
    "a: &on‸e 1\n": [("one", None)],
    "a: *no‸ne\n": [],
    "data:\n  train:\n    - path: data/phr‸ases.csv\n": [("", f"{ROOT}/data/phrases.csv")],
    "data:\n  train:\n    - path: 'data/phr‸ases.csv'\n": [("", f"{ROOT}/data/phrases.csv")],
    "data:\n  train:\n    - path: data/no‸ne.csv\n": [],
    "model:\n  name_or_path: models/ti‸ny\n": [("", f"{ROOT}/models/tiny")],
    "model:\n  name_or_path: org/on-the-h‸ub\n": [],
    PHRASES + "  stratify_by: to‸ne\n": [("", f"{ROOT}/data/phrases.jsonl")],
    PHRASES + "  prompt_template: '{phr‸ase}'\n": [("", f"{ROOT}/data/phrases.jsonl")],
    PHRASES + "  prompt_template: '{no‸pe}'\n": [],
    "na‸me: x\n": [],
    "‸": [],
}


@pytest.mark.parametrize("text", DEFINED)
def test_definition(text: str) -> None:
    snap, offset = under_cursor(text)
    found = [(snap.text[slice(*loc.span)], loc.path) for loc in definition(snap, offset)]
    assert found == DEFINED[text]


REFERENCES = {
    MERGED.replace("&one", "&on‸e"): ["one 4", "one 25", "one 33"],
    MERGED.replace("c: *one", "c: *one‸"): ["one 4", "one 25", "one 33"],
    TWICE.replace("c: &x", "c: &x‸"): ["x 18", "x 26"],
    PHRASES + "  stratify_by: tone\n  prompt_template: '{to‸ne} {phrase}'\n": [
        "tone 93",
        "tone 119",
    ],
    PHRASES.replace("phrase}", "phra‸se}") + "  prompt_template: '{ phrase }'\n": [
        "phrase 70",
        "phrase 100",
    ],
    "a: 1‸\n": [],
    "‸": [],
}


@pytest.mark.parametrize("text", REFERENCES)
def test_references(text: str) -> None:
    snap, offset = under_cursor(text)
    found = references(snap, offset)
    assert [f"{snap.text[slice(*span)]} {span.start}" for span in found] == REFERENCES[text]


def test_the_declaration_can_be_left_out() -> None:
    snap, offset = under_cursor(MERGED.replace("&one", "&on‸e"))
    assert [span.start for span in references(snap, offset, declaration=False)] == [25, 33]
    assert [o.declares for o in occurrences(snap, offset)] == [True, False, False]


def test_every_place_of_a_name_finds_the_same_places() -> None:
    snap = snapshot(MERGED + TWICE.replace("x", "z"))
    for span in references(snap, MERGED.index("one")):
        for offset in range(span.start, span.end + 1):
            assert references(snap, offset) == references(snap, MERGED.index("one"))


def test_a_cursor_mark_is_in_every_case() -> None:
    assert all(CURSOR in text for text in (*DEFINED, *REFERENCES))
