"""Keys are written where they belong, and nothing else moves."""

from __future__ import annotations

import pytest

from pitchpipe import edits
from pitchpipe.document import parse
from pitchpipe.keypath import parse_dotted

CASES = {
    "a value is replaced": ("a: 1  # why\nb: 2\n", {"a": 3}, "a: 3  # why\nb: 2\n"),
    "an empty value is filled": ("a:\nb: 2\n", {"a": True}, "a: true\nb: 2\n"),
    "a half-typed key gets its colon": ("b: 2\na", {"a": 1}, "b: 2\na: 1"),
    "a key goes behind its siblings": (
        "t:\n  x: 1  # one\n\n# next\nu: 2\n",
        {"t.y": "no"},
        "t:\n  x: 1  # one\n  y: no\n\n# next\nu: 2\n",
    ),
    "two keys of one section stand together": (
        "t:\n    x: 1\n",
        {"t.y": 2, "t.z": 3},
        "t:\n    x: 1\n    y: 2\n    z: 3\n",
    ),
    "a section is added": ("a: 1\n", {"t.y": 2, "t.z": 3}, "a: 1\nt:\n  y: 2\n  z: 3\n"),
    "an empty section is filled": ("t:\nu: 1\n", {"t.y": 2}, "t:\n  y: 2\nu: 1\n"),
    "sections are as deep as the document's own": (
        "a:\n    b: 1\n",
        {"t.y.z": 2},
        "a:\n    b: 1\nt:\n    y:\n        z: 2\n",
    ),
    "below a section with no key": ("a:\n   b: 1\nt:\n", {"t.y": 2}, "a:\n   b: 1\nt:\n   y: 2\n"),
    "flow style stays": ("t: {x: 1}\n", {"t.y": 2}, "t: {x: 1, y: 2}\n"),
    "empty flow style": ("t: {}\n", {"t.y.z": 2}, "t: {y: {z: 2}}\n"),
    "an empty document": ("# nothing\n", {"t.y": 2}, "# nothing\nt:\n  y: 2\n"),
    "without a last line break": ("a: 1", {"b": 2}, "a: 1\nb: 2"),
    "line breaks stay": ("a: 1\r\n", {"b": 2}, "a: 1\r\nb: 2\r\n"),
    "a block scalar is not cut": (
        "t:\n  x: |\n    one\n    two\nu: 1\n",
        {"t.y": 2},
        "t:\n  x: |\n    one\n    two\n  y: 2\nu: 1\n",
    ),
    "an item of a list": ("t:\n  - x: 1\n", {"t[0].y": 2}, "t:\n  - x: 1\n    y: 2\n"),
}


@pytest.mark.parametrize(("before", "values", "after"), CASES.values(), ids=CASES)
def test_keys_are_written(before: str, values: dict[str, object], after: str) -> None:
    document = parse(before)
    found = edits.written(document, {parse_dotted(key): value for key, value in values.items()})
    assert found is not None
    text = before
    for edit in reversed(found):
        text = text[: edit.span.start] + edit.new_text + text[edit.span.end :]
    assert text == after


@pytest.mark.parametrize("text", ["t: 1\n", "t: [1]\n", "t: *x\n"])
def test_there_is_no_place_below_a_value(text: str) -> None:
    assert edits.written(parse(text), {("t", "y"): 1}) is None
