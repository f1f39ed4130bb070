from __future__ import annotations

import itertools
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.packing import pack

LENGTHS = st.lists(st.integers(1, 64), max_size=200)


@given(LENGTHS)
def test_every_row_is_packed_once_and_no_pack_overflows(lengths: list[int]) -> None:
    packs = pack(lengths, 64)
    assert sorted(row for p in packs for row in p) == list(range(len(lengths)))
    assert all(0 < sum(lengths[row] for row in p) <= 64 for p in packs)
    assert packs == pack(lengths, 64)


@given(st.lists(st.sets(st.integers(1, 63), max_size=6), min_size=1, max_size=30), st.randoms())
def test_packs_are_few(cuts: list[set[int]], chance: Random) -> None:
    """Best-fit decreasing needs at most 11/9 of the fewest and 6/9 more (Dósa 2007)."""
    lengths: list[int] = []
    for pieces in cuts:  # full packs cut up: exactly so many are needed
        at = [0, *sorted(pieces), 64]
        lengths += [end - start for start, end in itertools.pairwise(at)]
    chance.shuffle(lengths)
    assert len(pack(lengths, 64)) <= 11 / 9 * len(cuts) + 6 / 9


def test_rows_that_fill_packs_exactly_fill_them() -> None:
    lengths = [40, 24, 32, 32, 10, 54, 64]
    assert sorted(map(sorted, pack(lengths, 64))) == [[0, 1], [2, 3], [4, 5], [6]]
