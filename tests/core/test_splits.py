from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.splits import SplitError, parse


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("train", (0, 10)),
        ("train[:]", (0, 10)),
        ("train[:90%]", (0, 9)),
        ("train[90%:]", (9, 10)),
        ("train[2:4]", (2, 4)),
        ("train[-3:]", (7, 10)),
        ("train[-30%:]", (7, 10)),
        ("train[:-3]", (0, 7)),
        ("train[:1_000]", (0, 10)),
        ("train[20:30]", (10, 10)),
        ("train[-99:2]", (0, 2)),
        ("train[:0%]", None),
        ("train[4:4]", None),
        ("train[5:4]", None),
        ("train[10:50%]", None),
        ("train[:101%]", None),
        ("train[", None),
        ("train[]", None),
        ("train[5]", None),
        ("train[a:b]", None),
        ("train[_:]", None),
        ("train+test", None),
        ("", None),
    ],
)
def test_the_rows_of_a_split_of_ten(text: str, bounds: tuple[int, int] | None) -> None:
    if bounds is None:
        with pytest.raises(SplitError):
            parse(text)
    else:
        assert parse(text).bounds(10) == bounds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train[:120%]", "120% is beyond 100 %"),
        ("train[5:2]", "from 5 to 2 there are no rows"),
        ("train[:0]", "up to 0 there are no rows"),
        ("train[1:50%]", "both ends must be row numbers, or both percentages"),
        ("train(5)", "write `name` or `name[from:to]`, such as `train[:90%]` or `train[100:200]`"),
    ],
)
def test_a_broken_split_says_why(text: str, message: str) -> None:
    with pytest.raises(SplitError) as raised:
        parse(text)
    assert str(raised.value) == message


@settings(deadline=None)  # the first one imports datasets
@given(
    st.integers(-100, 100),
    st.integers(-100, 100),
    st.booleans(),
    st.integers(0, 1000),
)
def test_bounds_are_those_of_the_datasets_library(
    start: int, stop: int, percent: bool, total: int
) -> None:
    reader = pytest.importorskip("datasets.arrow_reader")
    sign = "%" if percent else ""
    text = f"train[{start}{sign}:{stop}{sign}]"
    try:
        split = parse(text)
    except SplitError:
        return
    (absolute,) = reader.ReadInstruction.from_spec(text).to_absolute({"train": total})
    theirs = (absolute.from_, max(absolute.from_, absolute.to))
    assert split.bounds(total) == theirs


@pytest.mark.parametrize(
    ("text", "same"),
    [("train", True), ("train[2:4]", True), ("train[:90%]", False), ("train[-3:]", False)],
)
def test_some_splits_take_the_same_rows_of_a_longer_file(text: str, same: bool) -> None:
    assert parse(text).from_the_start == same
