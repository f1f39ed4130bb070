from __future__ import annotations

import re
from typing import Any

import pytest

from pitchpipe.catalog.formulas import (
    MOST_LAYERS,
    Formula,
    NoValue,
    depends_on_index,
    evaluate,
    number,
)

FIELDS: dict[str, Any] = {
    "hidden_size": 48,
    "heads": 6,
    "ratio": 2.5,
    "tied": True,
    "nothing": None,
    "kinds": ["full", "sliding", "full"],
    "dense": [0, 2],
    "text_config.hidden_size": 64,
}


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        (7, 7),
        ("hidden_size", 48),
        ("text_config.hidden_size", 64),
        (["text", None], None),
        (["text", ["a", "b"]], ["a", "b"]),
        (["+", "hidden_size", 2, "heads"], 56),
        (["-", "hidden_size", "heads"], 42),
        (["*", 2, "heads", "heads"], 72),
        (["//", "hidden_size", "heads"], 8),
        (["%", "hidden_size", 7], 6),
        (["int", ["*", "hidden_size", "ratio"]], 120),
        (["up", "hidden_size", 32], 64),
        (["up", "hidden_size", 16], 48),
        (["min", "hidden_size", 16], 16),
        (["max", "hidden_size", 64], 64),
        (["len", "kinds"], 3),
        (["item", "kinds", 1], "sliding"),
        (["where", "kinds", ["text", "full"]], [0, 2]),
        (["where", "kinds", ["text", "other"]], []),
        (["find", "dense", 2], 1),
        (["in", 2, "dense"], True),
        (["in", 1, "dense"], False),
        (["in", 1, "nothing"], False),
        (["==", "nothing", ["text", None]], True),
        (["<", "heads", "hidden_size"], True),
        (["not", "tied"], False),
        (["and", "tied", ["<", 7, "heads"]], False),
        (["or", "tied", ["<", 7, "heads"]], True),
        (["if", "tied", "heads", "nothing"], 6),
        (["each", 3, ["*", 2, ["index", 0]]], [0, 2, 4]),
    ],
)
def test_a_formula_has_its_value(formula: Formula, value: object) -> None:
    assert evaluate(formula, FIELDS) == value


def test_the_index_is_that_of_the_layer() -> None:
    formula: Formula = ["==", ["item", "kinds", ["index", 0]], ["text", "full"]]
    assert [evaluate(formula, FIELDS, (i,)) for i in range(3)] == [True, False, True]


def test_what_is_not_chosen_is_not_computed() -> None:
    absent: Formula = ["//", "absent", 0]
    assert evaluate(["if", "tied", 1, absent], FIELDS) == 1
    assert evaluate(["or", "tied", absent], FIELDS)
    assert not evaluate(["and", ["not", "tied"], absent], FIELDS)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("absent", "`absent` is not given and has no default"),
        (["//", "hidden_size", 0], "`hidden_size` // 0 has no value here"),
        (["%", "hidden_size", 0], "`hidden_size` % 0 has no value here"),
        (["*", "nothing", 2], "`nothing` is None, not a number"),
        (["+", "kinds", 1], "`kinds` is ['full', 'sliding', 'full'], not a number"),
        (["item", "kinds", 3], "item(`kinds`, 3) has no value here"),
        (["item", "kinds", -1], "before the first"),
        (["item", "nothing", 0], "item(`nothing`, 0) has no value here"),
        (["len", "hidden_size"], "len(`hidden_size`) has no value here"),
        (["find", "dense", 1], "find(`dense`, 1) has no value here"),
        (["find", "nothing", 1], "find(`nothing`, 1) has no value here"),
        (["where", "nothing", 1], "where(`nothing`, 1) has no value here"),
        (["*", 2**40, 2**40], "too large"),
        (["each", MOST_LAYERS + 1, 0], "more than any model has"),
    ],
)
def test_a_formula_without_a_value_says_why(formula: Formula, said: str) -> None:
    with pytest.raises(NoValue, match=re.escape(said)):
        evaluate(formula, FIELDS)


@pytest.mark.parametrize(
    "formula", ["ratio", "tied", "nothing", "kinds", ["-", "heads", "hidden_size"], ["*", 2**62, 4]]
)
def test_a_size_is_a_whole_number_from_zero(formula: Formula) -> None:
    with pytest.raises(NoValue):
        number(formula, FIELDS)


@pytest.mark.parametrize(
    ("formula", "depends"),
    [
        (7, False),
        ("hidden_size", False),
        (["index", 0], True),
        (["*", "heads", ["if", ["<", ["index", 0], 2], 1, 2]], True),
        (["*", "heads", ["//", "hidden_size", 2]], False),
    ],
)
def test_a_formula_tells_whether_it_differs_by_layer(formula: Formula, depends: bool) -> None:
    assert depends_on_index(formula) is depends
