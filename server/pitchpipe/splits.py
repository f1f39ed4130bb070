"""Splits as the `datasets` library writes them: `train`, `train[:90%]`, `validation[100:200]`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SPLIT = re.compile(
    r"(?P<name>\w+(?:\.\w+)*)"
    r"(?:\[(?P<start>-?[0-9]+(?:_[0-9]+)*%?)?"
    r":(?P<stop>-?[0-9]+(?:_[0-9]+)*%?)?\])?"
)


class SplitError(ValueError):
    """A split can't be read."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a slice. Negative counts from the end of the rows."""

    number: int
    percent: bool

    def row(self, total: int) -> int:
        """The row meant among `total`; percentages go to the nearest, halves to the even."""
        row = round(self.number * total / 100.0) if self.percent else self.number
        return min(max(row + total, 0) if row < 0 else row, total)


@dataclass(frozen=True, slots=True)
class Split:
    """A named split, or a slice of it. A bound that is None is the split's own end."""

    name: str
    start: Bound | None = None
    stop: Bound | None = None

    @property
    def from_the_start(self) -> bool:
        """Whether it takes the same rows of a longer file, so that none need be counted."""
        return not any(b and (b.percent or b.number < 0) for b in (self.start, self.stop))

    def bounds(self, total: int) -> tuple[int, int]:
        """The rows `[start, stop)` of a split that has `total`.

        Rounds as `datasets` does (`rounding="closest"`).
        """
        start = self.start.row(total) if self.start else 0
        stop = self.stop.row(total) if self.stop else total
        return start, max(start, stop)


def parse(text: str) -> Split:
    """Reads a split.

    Raises:
        SplitError: it is not of the form `name` or `name[from:to]`, mixes row numbers and
            percentages, names a percentage beyond 100, or takes no rows whatever their number.
    """
    match = _SPLIT.fullmatch(text.strip())
    if match is None:
        raise SplitError(
            "write `name` or `name[from:to]`, such as `train[:90%]` or `train[100:200]`"
        )
    start, stop = _bound(match["start"]), _bound(match["stop"])
    if start and stop and start.percent != stop.percent:
        raise SplitError("both ends must be row numbers, or both percentages")
    if start and stop and (start.number < 0) == (stop.number < 0) and start.number >= stop.number:
        raise SplitError(f"from {match['start']} to {match['stop']} there are no rows")
    if stop and stop.number == 0:
        raise SplitError(f"up to {match['stop']} there are no rows")
    return Split(match["name"], start, stop)


def _bound(text: str | None) -> Bound | None:
    if text is None:
        return None
    percent = text.endswith("%")
    number = int(text.rstrip("%"))
    if percent and abs(number) > 100:
        raise SplitError(f"{text} is beyond 100 %")
    return Bound(number, percent)
