"""Patterns are tried with bounded effort, and mean what `re` says."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.modules import ModuleGroup
from pitchpipe.targets.names import Node, by_entry, by_pattern
from pitchpipe.targets.patterns import PatternProblem, compiled

ATOMS = [
    "a",
    "b",
    ".",
    r"\.",
    r"\d",
    r"\w",
    "[ab]",
    "[^a]",
    "[a-c.]",
    "1",
    "(a|b)",
    "(a|.)",
    "^",
    "$",
]
MARKS = ["", "*", "+", "?", "{2}", "{1,3}", "*?", "+?"]

pieces = st.builds("{}{}".format, st.sampled_from(ATOMS[:-2]), st.sampled_from(MARKS))
patterns = st.recursive(
    pieces | st.sampled_from(ATOMS),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.builds("(?:{}){}".format, inner, st.sampled_from(MARKS))
        | st.builds("({}|{})".format, inner, inner)
    ),
    max_leaves=5,
)


@given(patterns, st.text("ab.1", max_size=6))
def test_a_pattern_means_what_re_says(source: str, text: str):
    pattern = compiled(source)
    assert pattern.full(text) == (re.fullmatch(source, text) is not None)
    assert pattern.start(text) == (re.match(source, text) is not None)


indices = st.lists(
    st.tuples(st.integers(0, 130), st.integers(0, 12)), min_size=1, max_size=8, unique=True
)


@given(patterns, indices)
def test_a_group_is_matched_as_its_modules_are(source: str, at: list[tuple[int, int]]):
    node = Node("a.{}.b.{}", ModuleGroup("a.{}.b.{}", tuple(at), "linear", "other", "Linear", ()))
    expected = [i for i in at if re.fullmatch(source, node.name(i))]
    assert list(by_pattern(node, compiled(source))) == expected


entries = st.lists(st.sampled_from(["a", "b", "0", "1", "10", "01", ""]), min_size=1, max_size=5)


@given(entries.map(".".join), indices)
def test_a_name_matches_a_group_as_its_modules(entry: str, at: list[tuple[int, int]]):
    node = Node("a.{}.b.{}", ModuleGroup("a.{}.b.{}", tuple(at), "linear", "other", "Linear", ()))
    names = [(i, node.name(i)) for i in at]
    expected = [i for i, name in names if name == entry or name.endswith(f".{entry}")]
    assert list(by_entry(node, entry)) == expected


@pytest.mark.parametrize("source", ["(", "*", "a{2,1}", "[", r"\8", "(?P<a>.)(?P<a>.)"])
def test_what_is_no_pattern_is_a_problem(source: str):
    with pytest.raises(PatternProblem) as caught:
        compiled(source)
    assert caught.value.invalid


@pytest.mark.parametrize("source", [r"((a*)*)\1", r"(?i)(a*)*", r"((?=b)a*)*", r"(\b\w*)*"])
def test_what_cannot_be_bounded_is_a_problem(source: str):
    with pytest.raises(PatternProblem) as caught:
        compiled(source)
    assert not caught.value.invalid
