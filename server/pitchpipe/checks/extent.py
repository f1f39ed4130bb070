"""How long a run is at most, as far as its data are known.

It is a bound, not an estimate: rows that are held out or dropped and rows that are packed make a
run shorter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from pitchpipe import splits
from pitchpipe.checks.surveyed import sound
from pitchpipe.context import Context
from pitchpipe.facts import TableFact
from pitchpipe.workflow import Missing, Present, Setting, Source, Wrong

MOST_SOURCES = 16
"""Of more sources no rule looks at all, lest a long file be slow to type in."""


@dataclass(frozen=True, slots=True)
class Extent:
    """The most that there can be of each; None where nobody knows.

    `rows` are training rows, `batch` those of an optimizer step, `steps` optimizer steps.
    """

    rows: int | None
    batch: int | None
    steps: int | None

    @property
    def epochs(self) -> float | None:
        """How often the rows are gone through at least, where the steps are said."""
        if self.rows is None or self.batch is None or self.steps is None:
            return None
        return self.steps * self.batch / max(self.rows, 1)


@lru_cache(maxsize=4)
def extent(context: Context) -> Extent:
    """Counted as transformers 5.23 does, for one device."""
    training = context.workflow.training
    limit = context.effective(training.max_steps)
    epochs = context.effective(training.num_train_epochs)
    size = context.effective(training.per_device_train_batch_size)
    accumulated = context.effective(training.gradient_accumulation_steps)
    rows = rows_of(context, context.workflow.data.train)
    batch = None
    if not isinstance(size, Wrong) and not isinstance(accumulated, Wrong):
        batch = size * accumulated
    if not isinstance(limit, Wrong) and limit > 0:
        return Extent(rows, batch, limit)
    if isinstance(limit, Wrong) or isinstance(epochs, Wrong) or rows is None or batch is None:
        return Extent(rows, batch, None)
    return Extent(rows, batch, math.ceil(epochs * max(1, math.ceil(rows / batch))))


def rows_of(context: Context, listed: Setting[Sequence[Source]]) -> int | None:
    """The rows of a list of sources; None where one is not a file that is known whole."""
    sources = few(listed)
    if not sources:
        return None
    total = 0
    for source in sources:
        count = _count(context, source)
        if count is None:
            return None
        total += count
    return total


def few(listed: Setting[Sequence[Source]]) -> Sequence[Source]:
    """The sources of a list; none where they are many."""
    if isinstance(listed, Present) and len(listed.value) <= MOST_SOURCES:
        return listed.value
    return ()


def split_of(context: Context, source: Source) -> splits.Split | None:
    """The split of a source; None where it can't be read."""
    written = context.effective(source.split)
    try:
        return None if isinstance(written, Wrong) else splits.parse(written)
    except splits.SplitError:
        return None


def _count(context: Context, source: Source) -> int | None:
    found, split = context.data_file(source), split_of(context, source)
    if found is None or split is None or not isinstance(source.dataset_name, Missing):
        return None
    table = found[1]
    if not isinstance(table, TableFact) or table.problem:
        return None
    if table.complete:
        first, last = split.bounds(len(table.rows))
        return last - first
    surveyed = sound(context, source)
    return surveyed[2].rows if surveyed and surveyed[2].whole else None
