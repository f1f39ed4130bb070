"""Both validators say the same of whatever a file may hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pitchpipe_schemas
from pitchpipe.schema import Schema
from pitchpipe.syntax.nodes import Data

ROOT = pitchpipe_schemas.load("workflow")
REFERENCE, FAST = Schema(ROOT), Schema(ROOT, fast=True)

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(["", "lora", "full", "x", "auto", "cpu", "sgd", "text-generation", "é🎼"]),
    st.sampled_from([0, -1, 0.5, 1, 10**400, float("inf"), float("nan"), 2**64]),
)
_ANY = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


def _section(path: tuple[str | int, ...]) -> st.SearchStrategy[Any]:
    """A section with some of its keys, right or wrong, and perhaps one of nobody's."""
    values: dict[str, st.SearchStrategy[Any]] = {}
    for key in REFERENCE.keys(path):
        inner = (*path, key)
        if REFERENCE.keys(inner):
            values[key] = _section(inner) | _SCALARS
        elif REFERENCE.keys((*inner, 0)):
            values[key] = st.lists(_section((*inner, 0)) | _ANY, max_size=2) | _SCALARS
        else:
            values[key] = _ANY
    return st.fixed_dictionaries({}, optional={**values, "nobody's": _ANY})


def told(schema: Schema, data: Data) -> set[str]:
    return {repr(violation) for violation in schema.violations(data)}


@settings(deadline=None)  # the first example imports what the validators need
@given(_section(()) | _ANY)
def test_they_agree(data: Data) -> None:
    assert told(FAST, data) == told(REFERENCE, data)


@pytest.mark.parametrize("value", [{"": None}, {"": 1, "q": None}, {"q": {"": None}}])
def test_they_agree_on_empty_keys(value: Data) -> None:
    data: Data = {"method": {"rank_pattern": value}, "": value}
    assert told(FAST, data) == told(REFERENCE, data)


@pytest.mark.parametrize("value", [10**400, -(10**400), float("inf"), float("nan"), 2**70])
def test_they_agree_on_large_numbers(value: float) -> None:
    data: Data = {"training": {"seed": value, "learning_rate": value}, "x": value}
    assert told(FAST, data) == told(REFERENCE, data)
    assert told(FAST, {"training": {"seed": value}}) == told(
        REFERENCE, {"training": {"seed": value}}
    )
