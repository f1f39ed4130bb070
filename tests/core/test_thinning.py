from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.thinning import kept


def test_all_are_kept_where_there_are_few() -> None:
    assert kept([], 4) == []
    assert kept([3.0, math.nan, 1.0], 3) == [0, 1, 2]


def test_the_ends_and_the_extremes_of_each_stretch_are_kept() -> None:
    values = [5.0, 1.0, 9.0, 5.0, 5.0, 5.0, 0.0, 5.0, 5.0, 7.0]
    assert kept(values, 4) == [0, 1, 2, 6, 9]


def test_of_a_stretch_of_gaps_alone_one_is_kept() -> None:
    values = [1.0, 1.0, 1.0, *[math.nan] * 3, 2.0, 2.0, 2.0]
    assert [i for i in kept(values, 6) if math.isnan(values[i])] == [5]


@pytest.mark.parametrize("most", [0, 1])
def test_the_ends_are_kept_always(most: int) -> None:
    assert kept([1.0, 5.0, 2.0], most) == [0, 2]


@given(st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), max_size=200), st.integers(2, 40))
def test_no_extreme_and_no_gap_is_lost(values: list[float], most: int) -> None:
    order = kept(values, most)
    assert order == sorted(set(order))
    assert len(order) <= max(most, len(values) if len(values) <= most else 3 * (most // 2) + 2)
    there = [v for v in values if not math.isnan(v)]
    shown = [values[i] for i in order if not math.isnan(values[i])]
    assert bool(there) == bool(shown)
    if there:
        assert (min(shown), max(shown)) == (min(there), max(there))
    assert any(map(math.isnan, values)) == any(math.isnan(values[i]) for i in order)
