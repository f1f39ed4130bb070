"""What the data of a run come to: rows, tokens and sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from pitchpipe.costs.ranges import exactly
from pitchpipe.costs.settings import Settings
from pitchpipe.estimate import Interval

DataSource = Literal["tokens", "text", "nothing"]
"""`tokens`: the model's tokenizer has counted. `text`: judged by bytes. `nothing`: not read."""


@dataclass(frozen=True, slots=True)
class SplitSize:
    """One split. `tokens` are those of all rows after cutting, `learnt` the targets among them.

    `sequences` are packs, or rows where they are padded; `longest` is the longest of them and
    `positions` all of them with the padding of their batches, in tokens. `lines` of a batch are
    what a sequence becomes: more than one where packs are taken apart again and padded, and then
    `longest` is the longest row.
    """

    rows: Interval
    tokens: Interval
    learnt: Interval
    sequences: Interval
    longest: Interval
    positions: Interval
    lines: float = 1.0

    @property
    def learnt_share(self) -> float:
        """Of the tokens."""
        return self.learnt.likely / max(self.tokens.likely, 1)


@dataclass(frozen=True, slots=True)
class DataSize:
    """`limit` is the longest sequence that is trained on, in tokens.

    `train` is None where nobody knows how many rows there are, `eval` also where there are none.
    `detail` says for people where the sizes are from.
    """

    train: SplitSize | None
    eval: SplitSize | None
    limit: int
    source: DataSource
    detail: str


def of_prepared(facts: Mapping[str, Any], settings: Settings, limit: int, detail: str) -> DataSize:
    """The sizes that the runner's stage `prepare` found, whose facts these are."""
    training = settings.training
    return DataSize(
        _prepared(facts, "train", settings, limit, training.per_device_train_batch_size),
        _prepared(facts, "eval", settings, limit, training.per_device_eval_batch_size),
        limit,
        "tokens",
        detail,
    )


def unknown(limit: int, why: str) -> DataSize:
    """Where no row has been seen."""
    return DataSize(None, None, limit, "nothing", why)


def mean_longest(ordered: Sequence[float], batch: int) -> float:
    """The mean length of the longest of `batch` rows that are drawn from `ordered`, ascending.

    Drawn with replacement: the i-th of n is the longest with probability (i/n)^b - ((i-1)/n)^b.
    """
    n = len(ordered)
    return sum(
        length * ((i / n) ** batch - ((i - 1) / n) ** batch) for i, length in enumerate(ordered, 1)
    )


def _prepared(
    facts: Mapping[str, Any], name: str, settings: Settings, limit: int, batch: int
) -> SplitSize | None:
    lengths = facts["lengths"].get(name)
    if not lengths:
        return None
    rows, tokens, packs = (facts[key][name] for key in ("rows", "tokens", "packs"))
    if settings.data.packing:
        longest = min(limit, tokens)
        positions = packs * longest
    else:
        longest = lengths["max"]
        positions = round(rows * mean_longest(_between(lengths), min(batch, rows)))
    return SplitSize(
        rows=exactly(rows),
        tokens=exactly(tokens),
        learnt=exactly(facts["learnt_tokens"][name]),
        sequences=exactly(packs),
        longest=exactly(longest),
        positions=Interval(tokens, max(tokens, positions), max(tokens, packs * longest)),
    )


def _between(lengths: Mapping[str, int]) -> list[float]:
    """Twenty lengths of equal share, read off straight lines between the known quantiles."""
    known = ((0.0, lengths["min"]), (0.5, lengths["median"]), (0.95, lengths["p95"]))
    points = [*known, (1.0, lengths["max"])]
    return [_at(points, (i + 0.5) / 20) for i in range(20)]


def _at(points: Sequence[tuple[float, int]], share: float) -> float:
    for (low, a), (high, b) in pairwise(points):
        if share <= high:
            return a + (b - a) * (share - low) / (high - low)
    return points[-1][1]
