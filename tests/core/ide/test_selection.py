"""What a selection grows by."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pitchpipe.ide.selection import ranges
from support.editing import CURSOR, under_cursor

CASES = {
    "a: 1\n---\nb: x‸\n": ["x", "b: x", "a: 1\n---\nb: x\n"],
    "‸": [""],
    "a: some wo‸rds\n": ["words", "some words", "a: some words", "a: some words\n"],
    "na‸me: 1\nb: 2\n": ["name", "name: 1", "name: 1\nb: 2", "name: 1\nb: 2\n"],
    "a: 'one tw‸o'\n": ["two", "one two", "'one two'", "a: 'one two'", "a: 'one two'\n"],
    'a: ‸"x"': ['"x"', 'a: "x"'],
    "a:\n  b: 1‸\n": ["1", "b: 1", "a:\n  b: 1", "a:\n  b: 1\n"],
    "a:\n  b: 1\n  c‸: 2\n": [
        "c",
        "c: 2",
        "b: 1\n  c: 2",
        "a:\n  b: 1\n  c: 2",
        "a:\n  b: 1\n  c: 2\n",
    ],
    "a: [x, y‸z]\n": ["yz", "x, yz", "[x, yz]", "a: [x, yz]", "a: [x, yz]\n"],
    "a: {b: ‸1}\n": ["1", "b: 1", "{b: 1}", "a: {b: 1}", "a: {b: 1}\n"],
    "a: [‸]\n": ["", "[]", "a: []", "a: []\n"],
    "a: [b: ‸1]\n": ["1", "b: 1", "[b: 1]", "a: [b: 1]", "a: [b: 1]\n"],
    "- a\n- ‸b\n": ["b", "- a\n- b", "- a\n- b\n"],
    "a: |\n  one two\n  th‸ree\n": [
        "three",
        "  one two\n  three",
        "|\n  one two\n  three",
        "a: |\n  one two\n  three",
        "a: |\n  one two\n  three\n",
    ],
    "a: |\n  one t‸wo\n  three\n": [
        "two",
        "one two",
        "  one two\n  three",
        "|\n  one two\n  three",
        "a: |\n  one two\n  three",
        "a: |\n  one two\n  three\n",
    ],
    "a: 1  # a com‸ment\n": ["comment", "# a comment", "a: 1  # a comment\n"],
    "a:\n  b: 'unclosed te‸xt": [
        "text",
        "unclosed text",
        "'unclosed text",
        "b: 'unclosed text",
        "a:\n  b: 'unclosed text",
    ],
    "a: 1\n‸\n": ["a: 1\n\n"],
    "a: *x‸\n": ["x", "*x", "a: *x", "a: *x\n"],
    "é: 😀‸\n": ["😀", "é: 😀", "é: 😀\n"],
}


@pytest.mark.parametrize("text", CASES)
def test_ranges(text: str) -> None:
    found = ranges(*under_cursor(text))
    plain = text.replace(CURSOR, "")
    assert [plain[start:end] for start, end in found] == CASES[text]


@pytest.mark.parametrize("text", CASES)
def test_each_range_holds_the_one_before(text: str) -> None:
    snap, offset = under_cursor(text)
    found = ranges(snap, offset)
    assert found[-1] == (0, len(snap.text))
    for inner, outer in pairwise(found):
        assert outer.start <= inner.start <= offset <= inner.end <= outer.end
        assert inner != outer
