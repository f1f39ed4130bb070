"""What was measured while training, as series of points, thin enough to draw."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pitchpipe.thinning import kept
from pitchpipe_runner.reporting.recording import Recording, mapping, number

MOST_DRAWN = 2000


class Point(NamedTuple):
    """`step` counts optimizer steps, `seconds` the run's working time.

    `value` None: no finite number. A tuple, for there may be hundreds of thousands.
    """

    step: int
    seconds: float
    value: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """Series by the metric's name.

    `current` leaves out what a resumed run computed again (`superseded` steps); `all` has
    everything, in order of time. `resumed` are the steps at which a later process went on.
    """

    current: dict[str, list[Point]]
    all: dict[str, list[Point]]
    superseded: int
    resumed: tuple[int, ...]


def measured(recording: Recording) -> Measured:
    current: dict[str, list[Point]] = {}
    everything: dict[str, list[Point]] = {}
    superseded, resumed = 0, []
    for session in recording.sessions:
        first = True
        for event in session.of("metrics"):
            step = number(event.get("step"))
            if step is None or event.get("stage", "train") != "train":
                continue
            if first and current:
                resumed.append(int(step))
                superseded += _drop_from(current, int(step))
            first = False
            for name, value in mapping(event.get("values")).items():
                point = Point(int(step), session.seconds(event), number(value))
                current.setdefault(name, []).append(point)
                everything.setdefault(name, []).append(point)
    return Measured(current, everything, superseded, tuple(resumed))


def resources(recording: Recording, name: str) -> list[Point]:
    """A field of the `resources` events over time; where it is null there is no point."""
    return [
        Point(0, session.seconds(event), value)
        for session in recording.sessions
        for event in session.of("resources")
        if (value := number(event.get(name))) is not None
    ]


def smoothed(values: Sequence[float | None], window: int) -> list[float | None]:
    """Exponentially weighted from both sides, so that it doesn't lag; None stays None."""
    after = _running_mean(values, window)
    before = reversed(_running_mean(values[::-1], window))
    return [
        None if a is None or b is None else (a + b) / 2 for a, b in zip(after, before, strict=True)
    ]


def _running_mean(values: Sequence[float | None], window: int) -> list[float | None]:
    keep, weight, total = 1 - 2 / (window + 1), 0.0, 0.0
    means: list[float | None] = []
    for value in values:
        if value is None:
            means.append(None)
            continue
        total = keep * total + (1 - keep) * value
        weight = keep * weight + (1 - keep)
        means.append(total / weight)
    return means


def thinned(
    xs: Sequence[float],
    ys: Sequence[float | None],
    most: int = MOST_DRAWN,
) -> tuple[list[float], list[float | None]]:
    """About `most` points, see `thinning.kept`; None is a gap."""
    order = kept([math.nan if y is None else y for y in ys], most)
    return [xs[i] for i in order], [ys[i] for i in order]


def rounded(values: Iterable[float | None]) -> list[float | None]:
    """To six significant digits: more than a pixel shows."""
    return [None if v is None else float(f"{v:.6g}") for v in values]


def spread(count: int, most: int) -> list[int]:
    """At most `most` indices of `count` things, evenly spread, with the first and the last."""
    if count <= most:
        return list(range(count))
    return sorted({round(i * (count - 1) / (most - 1)) for i in range(most)})


def _drop_from(series: dict[str, list[Point]], step: int) -> int:
    """Drops what was measured from `step` on, and counts the steps."""
    dropped: set[int] = set()
    for name, points in series.items():
        dropped.update(p.step for p in points if p.step >= step)
        series[name] = [p for p in points if p.step < step]
    return len(dropped)
