"""Arithmetic on intervals of counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from pitchpipe.estimate import Interval


def exactly(count: int) -> Interval:
    return Interval(count, count, count)


def spanned(counts: Iterable[float]) -> Interval:
    """The interval of three counts, the second of which is the likely one; parts count as whole.

    Ends that lie on one side of it, as counts that rise and fall again do, leave none on the other.
    """
    first, likely, last = (math.ceil(count) for count in counts)
    return Interval(min(first, likely, last), likely, max(first, likely, last))


def mapped(function: Callable[[int], float], found: Interval) -> Interval:
    """`function` at both ends and at the likely value; it must not fall."""
    return spanned(function(count) for count in (found.low, found.likely, found.high))


def product(one: Interval, other: Interval) -> Interval:
    return Interval(one.low * other.low, one.likely * other.likely, one.high * other.high)


def total(found: Iterable[Interval]) -> Interval:
    all_ = list(found)
    return Interval(
        sum(f.low for f in all_), sum(f.likely for f in all_), sum(f.high for f in all_)
    )
