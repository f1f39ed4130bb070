"""The outline of a document, and searches in several."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from pitchpipe.ide.items import Symbol
from pitchpipe.ide.symbols import search, symbols
from support.editing import snapshot


def outline(found: Iterable[Symbol], depth: int = 0) -> list[str]:
    lines: list[str] = []
    for symbol in found:
        lines.append(f"{'  ' * depth}{symbol.name} {symbol.kind} {symbol.detail}".rstrip())
        lines += outline(symbol.children, depth + 1)
    return lines


CASES = {
    "a: 1\n---\nb: 2\n...\n---\n- c\n": ["a number 1", "b number 2", "[0] string c"],
    "": [],
    "plain": [],
    "a: 1\nb: x\nc: true\nd:\ne: 1.5\n": [
        "a number 1",
        "b string x",
        "c boolean true",
        "d null",
        "e number 1.5",
    ],
    "a:\n  b: 1\n": ["a section", "  b number 1"],
    "a: [x, y]\n": ["a list x, y", "  [0] string x", "  [1] string y"],
    "a: []\n": ["a list 0 items"],
    "a:\n  - b: 1\n": ["a list 1 item", "  [0] section", "    b number 1"],
    "- a\n- b\n": ["[0] string a", "[1] string b"],
    "a: |\n  one\n  two\n": ["a string one two"],
    "a: &x 1\nb: *x\n": ["a number 1", "b key *x"],
    "a: 'quoted: text'\n": ["a string quoted: text"],
    "a: 1\na: 2\n": ["a number 1", "a number 2"],
    "model:\n  na": ["model string na"],
    "model:\n  a: 1\n  na": ["model section", "  a number 1", "  na null"],
    "a: [1, 2": ["a list 1, 2", "  [0] number 1", "  [1] number 2"],
    "'': 1\n": ["(no key) number 1"],
}


@pytest.mark.parametrize("text", CASES)
def test_symbols(text: str) -> None:
    assert outline(symbols(snapshot(text))) == CASES[text]


def test_long_values_are_cut() -> None:
    (found,) = symbols(snapshot(f"a: {'word ' * 50}\n"))
    assert len(found.detail) == 60
    assert found.detail.endswith("…")


def test_places() -> None:
    text = "a:\n  - bee: 1\n    c: 2\n"
    (a,) = symbols(snapshot(text))
    assert text[slice(*a.span)] == text.rstrip()
    assert text[slice(*a.selection)] == "a"
    item = a.children[0]
    assert text[slice(*item.span)] == "bee: 1\n    c: 2"
    assert text[slice(*item.selection)] == "bee"


ONE = snapshot("training:\n  learning_rate: 1.0e-4\n  seed: 7\nname: first\n")
OTHER = snapshot("data:\n  train:\n    - path: data/rates.jsonl\nname: second\n")

SEARCHES = {
    "seed": ["training.seed"],
    "name": ["name", "name"],
    "learn": ["training.learning_rate"],
    "rate": ["training.learning_rate", "data.train[0].path"],
    "training.seed": ["training.seed"],
    "tlr": ["training.learning_rate"],
    "second": ["name"],
    "SEED": ["training.seed"],
    "nothing like it": [],
    "": [
        "training",
        "training.learning_rate",
        "training.seed",
        "name",
        "data",
        "data.train",
        "data.train[0]",
        "data.train[0].path",
        "name",
    ],
}


@pytest.mark.parametrize("query", SEARCHES)
def test_search(query: str) -> None:
    found = search((ONE, OTHER), query)
    names = [
        f"{f.section}{'' if f.symbol.name[0] == '[' or not f.section else '.'}{f.symbol.name}"
        for f in found
    ]
    assert names == SEARCHES[query]
    assert all(f.path == ONE.analysis.path and not f.symbol.children for f in found)
