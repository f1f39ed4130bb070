"""Changes of a workflow's keys with which its run would need less memory.

Each is tried as the file with these keys would be: other batches may come of it, and then less
length, or another batch size, can need more memory instead of less.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from pitchpipe.costs.cost import Basis, Cost
from pitchpipe.costs.data import DataSize
from pitchpipe.costs.looking import Counts
from pitchpipe.costs.settings import Settings
from pitchpipe.costs.step import adapted_by
from pitchpipe.estimate import Estimate, Step
from pitchpipe.estimate.choices import LEAST_LENGTH, ROWS, STEPS, Change, Saving, changes
from pitchpipe.facts import NotRead
from pitchpipe.keypath import parse_dotted
from pitchpipe.schema import Schema

_MOST_CHANGES = 24
_MOST_LOST = 0.5  # of the rows
_LENGTH = "data.max_length"


@dataclass(frozen=True, slots=True)
class Fitting:
    """`estimate` is that of the file with all keys of `changes`."""

    changes: tuple[Change, ...]
    estimate: Estimate

    @property
    def keys(self) -> dict[str, bool | int | str]:
        """The keys to write, with their values."""
        return {key: value for change in self.changes for key, value in change.keys}


def sayable(change: Change, schema: Schema) -> bool:
    """Whether a workflow file has the keys, and they may have these values."""
    rules = [(schema.at(parse_dotted(key)), value) for key, value in change.keys]
    return bool(rules) and all(rule and value in rule.get("enum", [value]) for rule, value in rules)


def best_savings(found: Cost, schema: Schema, *, most: int = 3) -> tuple[Saving, ...]:
    """The changes that save most of the memory needed in all, of those that a file can say."""
    file = _File(found.basis, schema, found.settings)
    saved = [Saving(change, file.saves(file.after(change))) for change in file.possible()]
    return tuple(sorted((s for s in saved if s.bytes > 0), key=lambda s: -s.bytes)[:most])


def to_fit(found: Cost, schema: Schema, memory: int) -> Fitting | None:
    """The cheapest change with which the run likely fits in `memory`, else several together.

    Of several none could be left out. None where not even all of them do.
    """
    start = _File(found.basis, schema, found.settings)
    for change in start.possible():
        if (file := start.after(change)).needs <= memory:
            return Fitting((change,), file.estimate)
    taken: list[Change] = []
    file = start
    while len(taken) < _MOST_CHANGES:
        for change in file.possible():
            after = file.after(change)
            if file.saves(after) > 0:
                break
        else:
            return None
        taken.append(change)
        file = after
        if file.needs <= memory:
            return _fitting(start, taken, file, memory)
    return None


@dataclass(frozen=True)
class _File:
    """A file with some settings, and what its largest step takes."""

    basis: Basis
    schema: Schema
    settings: Settings
    known: DataSize | None = None

    @cached_property
    def data(self) -> DataSize:
        return self.known or self.basis.data(self.settings)

    @cached_property
    def step(self) -> Step:
        adapted = adapted_by(self.settings, self.basis.shape)
        return self.basis.step(self.settings, self.data, adapted)

    @cached_property
    def estimate(self) -> Estimate:
        return self.basis.estimate(self.step)

    @property
    def needs(self) -> int:
        return self.estimate.total.likely

    def saves(self, other: _File) -> int:
        """What `other` needs less. Where its data were judged and these counted, both count."""
        saved = self.needs - other.needs
        if self.data.source != other.data.source:
            judged = replace(
                self, basis=replace(self.basis, counts=_Untokenized(self.basis.counts))
            )
            saved = min(saved, judged.needs - other.needs)
        return saved

    def after(self, change: Change) -> _File:
        """The file with the change's keys."""
        settings = self.settings
        for key, value in change.keys:
            section, name = key.split(".")
            changed = replace(getattr(settings, section), **{name: value})
            settings = replace(settings, **{section: changed})
        same = settings.data == self.settings.data and settings.training == self.settings.training
        return _File(self.basis, self.schema, settings, self.data if same else None)

    def possible(self) -> Iterator[Change]:
        """What the file could say instead, the changes that cost least first."""
        for change in changes(self.basis.shape, self.step):
            keys = [key for key, _ in change.keys]
            made = change
            if ROWS in keys:
                made = replace(change, keys=self._fewer_rows())
            elif _LENGTH in keys:
                made = self._shorter(change)
            if sayable(made, self.schema):
                yield made

    def _fewer_rows(self) -> tuple[tuple[str, int], ...]:
        """The same batch in as many pieces more as make each at most half as large."""
        training = self.settings.training
        rows = training.per_device_train_batch_size
        there = rows if self.data.train is None else min(rows, self.data.train.sequences.high)
        fewer = max((n for n in range(1, there // 2 + 1) if rows % n == 0), default=0)
        if not fewer:
            return ()
        steps = training.gradient_accumulation_steps * rows // fewer
        return (ROWS, fewer), (STEPS, steps)

    def _larger(self, change: Change) -> bool:
        return self.saves(self.after(change)) <= 0

    def _shorter(self, change: Change) -> Change:
        """Half of the longest sequence; of packs that are taken apart again, half of a pack.

        Half of that again where more packs make a batch as large as before. No key at all where
        that would leave out so many rows that others are learnt.
        """
        train, longest = self.data.train, self.data.limit
        if train is not None and train.lines == 1:
            longest = min(longest, train.longest.likely)
        half = longest // 2
        packs = self.settings.data.packing and self.data.source != "tokens"
        while packs and half >= LEAST_LENGTH and self._larger(_of_length(change, half)):
            half //= 2
        if half < LEAST_LENGTH:
            return replace(change, keys=())
        cuts = self.settings.data.over_length == "truncate"
        cost = "longer rows are cut" if cuts else "longer rows are left out"
        made = replace(_of_length(change, half), cost=cost)
        if train is None:
            return made
        data = self.after(made).data.train
        rows = train.rows.likely
        lost = rows if data is None else max(0, rows - data.rows.likely)
        if lost > rows * _MOST_LOST:
            return replace(made, keys=())
        if lost:  # also of those that are cut: nothing is left to learn in them
            left_out = f"about {lost:,} of {rows:,} rows are left out"
            cost = f"{cost}, {left_out}" if cuts else left_out
        return replace(made, cost=cost)


def _of_length(change: Change, length: int) -> Change:
    return replace(change, keys=((_LENGTH, length),))


@dataclass(frozen=True, slots=True)
class _Untokenized:
    """`Counts` without those of tokens."""

    counts: Counts

    def rows(self, path: str) -> int | NotRead:
        return self.counts.rows(path)

    def tokens(self, key: str) -> None:
        return None


def _fitting(start: _File, taken: list[Change], file: _File, memory: int) -> Fitting:
    """`file` has the changes `taken`. Those that later ones made needless are left out again."""
    for at in reversed(range(len(taken))):  # the dearest first
        kinds = [_kind(change) for index, change in enumerate(taken) if index != at]
        rest = _made_again(start, kinds)
        if rest is not None and rest[1].needs <= memory:
            taken, file = rest
    return Fitting(tuple(taken), file.estimate)


def _made_again(file: _File, kinds: list[tuple[str, ...]]) -> tuple[list[Change], _File] | None:
    """The same changes from another beginning; None where one of them is none there."""
    made: list[Change] = []
    for kind in kinds:
        change = next((c for c in file.possible() if _kind(c) == kind), None)
        if change is None:
            return None
        made.append(change)
        file = file.after(change)
    return made, file


def _kind(change: Change) -> tuple[str, ...]:
    return tuple(key for key, _ in change.keys)
