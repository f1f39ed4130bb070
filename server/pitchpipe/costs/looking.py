"""Looks at the data of a workflow through `Facts`, as far as they are there to be looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from pitchpipe.costs import judging
from pitchpipe.costs.data import DataSize, SplitSize, of_prepared, unknown
from pitchpipe.costs.judging import SourceRows
from pitchpipe.costs.ranges import exactly
from pitchpipe.costs.settings import Settings, data_key
from pitchpipe.estimate import Interval
from pitchpipe.facts import Facts, ModelFact, NotRead, TableFact
from pitchpipe.paths import resolve
from pitchpipe.plan import Fingerprint, SourcePlan

# What a file's size says of its rows: those at the head may be longer or shorter than the others.
_SPREAD = 0.3


class Counts(Protocol):
    """What is known of data beyond `Facts`. None of it raises; paths are absolute."""

    def rows(self, path: str) -> int | NotRead:
        """How many rows the data file at `path` has."""
        ...

    def tokens(self, key: str) -> tuple[Mapping[str, Any], str] | None:
        """The facts of the stage `prepare` by `data_key`, and where they are from, for people."""
        ...


@dataclass(frozen=True, slots=True)
class NothingCounted:
    """`Counts` of somebody who has counted nothing."""

    def rows(self, path: str) -> int | NotRead:
        return NotRead("nobody has counted them")

    def tokens(self, key: str) -> None:
        return None


def data_size(
    settings: Settings, facts: Facts, counts: Counts, limit: int, *, pads: bool = False
) -> DataSize:
    """The size of the data: counted where somebody has, else judged by the text of some rows.

    `limit` is the longest sequence in tokens. `pads`: the model would mix packed rows, so packs
    are taken apart for it (runner/pitchpipe_runner/batches.py).
    """
    if not settings.data.train:
        return unknown(limit, "`data.train` names no rows")
    counted = counts.tokens(data_key(settings, fingerprints(settings, facts)))
    found = _sized(settings, facts, counts, limit, counted)
    if settings.training.train_sampling_strategy == "group_by_length" and found.train is not None:
        found = replace(found, train=_grouped(found.train))
    if not (pads and settings.data.packing) or found.train is None:
        return found
    lines = found.train.rows.likely / max(found.train.sequences.likely, 1)
    batch = round(settings.training.per_device_train_batch_size * lines)
    apart = replace(
        settings,
        data=replace(settings.data, packing=False),
        training=replace(settings.training, per_device_train_batch_size=max(1, batch)),
    )
    rows = _sized(apart, facts, counts, limit, counted)
    return replace(
        found, train=_padded(found.train, rows.train), eval=_padded(found.eval, rows.eval)
    )


def _grouped(rows: SplitSize) -> SplitSize:
    """Rows of like length together are hardly padded."""
    held = rows.positions
    return replace(rows, positions=Interval(held.low, rows.tokens.likely, held.high))


def _padded(packs: SplitSize | None, rows: SplitSize | None) -> SplitSize | None:
    """As many sequences as packs, each of as many lines as it has rows."""
    if packs is None or rows is None:
        return packs
    lines = packs.rows.likely / max(packs.sequences.likely, 1)
    return replace(rows, sequences=packs.sequences, lines=lines)


def _sized(
    settings: Settings,
    facts: Facts,
    counts: Counts,
    limit: int,
    counted: tuple[Mapping[str, Any], str] | None,
) -> DataSize:
    if counted is not None:
        return of_prepared(counted[0], settings, limit, counted[1])
    train = [_source_rows(settings, source, facts, counts) for source in settings.data.train]
    held = [_source_rows(settings, source, facts, counts) for source in settings.data.eval]
    if missing := next((s for s in (*train, *held) if isinstance(s, NotRead)), None):
        return unknown(limit, missing.reason)
    return judging.judge(
        settings,
        [s for s in train if not isinstance(s, NotRead)],
        [s for s in held if not isinstance(s, NotRead)],
        limit,
        chat=_has_chat_template(settings, facts),
        test_given=bool(settings.data.test),
    )


def fingerprints(settings: Settings, facts: Facts) -> dict[str, Fingerprint]:
    """Of the data files that can be read, by their paths in `settings`; see `data_key`."""
    data = settings.data
    paths = {s.path for s in (*data.train, *data.eval, *data.test) if s.path is not None}
    found = {p: facts.fingerprint(resolve(p, settings.root, facts).absolute) for p in paths}
    return {path: f for path, f in found.items() if isinstance(f, Fingerprint)}


def _source_rows(
    settings: Settings, source: SourcePlan, facts: Facts, counts: Counts
) -> SourceRows | NotRead:
    if source.path is None:
        name = f"`{source.dataset_name}`" if source.dataset_name else "a source without a file"
        return NotRead(f"the rows of {name} are not on this machine as a file")
    path = resolve(source.path, settings.root, facts).absolute
    table = facts.table(path)
    if isinstance(table, NotRead):
        return NotRead(f"`{source.path}` was not read: {table.reason}")
    if not table.rows:
        return NotRead(f"`{source.path}` has no rows that can be read")
    count = _count(table, path, facts, counts)
    return SourceRows(source, table.rows, judging.taken(source, count))


def _count(table: TableFact, path: str, facts: Facts, counts: Counts) -> Interval:
    if table.complete:
        return exactly(len(table.rows))
    counted = counts.rows(path)
    if not isinstance(counted, NotRead):
        return exactly(counted)
    written = sum(
        len(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace")) + 1
        for row in table.rows
    )
    guessed = facts.file(path).size * len(table.rows) / max(written, 1)
    rows = max(len(table.rows), round(guessed))
    return Interval(round(rows * (1 - _SPREAD)), rows, round(rows * (1 + _SPREAD)))


def _has_chat_template(settings: Settings, facts: Facts) -> bool:
    """Where it is not known, the model is taken for one that has: most that are tuned do."""
    model = settings.model
    if not model.local:
        return True
    found = facts.model(resolve(model.name_or_path, settings.root, facts).absolute)
    return found.has_chat_template if isinstance(found, ModelFact) else True
