"""Ranges as people read them."""

from __future__ import annotations

from pitchpipe import amounts
from pitchpipe.estimate import Interval


def span(found: Interval) -> str:
    """Bytes: `1.9 GB (1.8 GB to 2.1 GB)`."""
    likely, low, high = map(amounts.size, (found.likely, found.low, found.high))
    return likely if low == high else f"{likely} ({low} to {high})"


def counted(found: Interval) -> str:
    """A count: `1,200 (1,000 to 1,400)`."""
    if found.low == found.high:
        return f"{found.likely:,}"
    return f"{found.likely:,} ({found.low:,} to {found.high:,})"
