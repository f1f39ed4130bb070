"""Ranges, and what an estimate goes by, as people read them."""

from __future__ import annotations

from pitchpipe import amounts
from pitchpipe.costs.cost import Cost
from pitchpipe.estimate import Interval
from pitchpipe.estimate.calibration import Learnt, Likeness


def span(found: Interval) -> str:
    """Bytes: `1.9 GB (1.8 GB to 2.1 GB)`."""
    likely, low, high = map(amounts.size, (found.likely, found.low, found.high))
    return likely if low == high else f"{likely} ({low} to {high})"


def counted(found: Interval) -> str:
    """A count: `1,200 (1,000 to 1,400)`."""
    if found.low == found.high:
        return f"{found.likely:,}"
    return f"{found.likely:,} ({found.low:,} to {found.high:,})"


_LIKE: dict[Likeness, str] = {
    "run": "of such a model and step",
    "step": "of such a step with other models",
    "machine": "of other steps",
}


def calibrated(found: Cost) -> str:
    """The earlier runs that an estimate goes by, apart from its tensors."""
    overhead = found.overhead
    speed = None if found.time is None else found.time.learnt
    if overhead is not None and speed is not None and overhead.like == speed.like:
        more = overhead if overhead.n >= speed.n else speed
        return f"{_runs(more)}, for overhead and speed"
    parts = [(overhead, "overhead"), (speed, "speed")]
    said = [f"{_runs(learnt)}, for {what}" for learnt, what in parts if learnt is not None]
    return "; ".join(said) or "no earlier run: what is beside tensors is assumed"


def _runs(learnt: Learnt) -> str:
    return f"{amounts.plural(learnt.n, 'earlier run')} {_LIKE[learnt.like]}"
