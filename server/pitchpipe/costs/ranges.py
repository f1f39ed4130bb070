"""Arithmetic on intervals of counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from pitchpipe.estimate import Interval


def exactly(count: int) -> Interval:
    return Interval(count, count, count)


def ordered(counts: Iterable[float]) -> Interval:
    """The interval of three counts, whichever of them is the lowest; parts count as whole."""
    low, likely, high = sorted(math.ceil(count) for count in counts)
    return Interval(low, likely, high)


def mapped(function: Callable[[int], float], found: Interval) -> Interval:
    """`function` at both ends and at the likely value; it must not fall."""
    return ordered(function(count) for count in (found.low, found.likely, found.high))


def product(one: Interval, other: Interval) -> Interval:
    return Interval(one.low * other.low, one.likely * other.likely, one.high * other.high)


def total(found: Iterable[Interval]) -> Interval:
    all_ = list(found)
    return Interval(
        sum(f.low for f in all_), sum(f.likely for f in all_), sum(f.high for f in all_)
    )
