"""The size of data that no tokenizer has seen, judged by the text of some rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import cycle, islice
from typing import Any

from pitchpipe import splits
from pitchpipe.costs import rows
from pitchpipe.costs.data import DataSize, SplitSize, mean_longest, unknown
from pitchpipe.costs.ranges import mapped, spanned, total
from pitchpipe.costs.rows import FEW, LIKELY, MANY, Guess, Text
from pitchpipe.costs.settings import Settings
from pitchpipe.estimate import Interval
from pitchpipe.packing import pack
from pitchpipe.plan import SourcePlan

_SAMPLED = 1000  # rows that stand for all of a split


@dataclass(frozen=True, slots=True)
class SourceRows:
    """What is known of a source: the rows at its head, and how many there are in all."""

    source: SourcePlan
    head: tuple[Mapping[str, Any], ...]
    count: Interval


@dataclass(frozen=True, slots=True)
class Rule:
    """How rows become sequences."""

    limit: int
    packing: bool
    drop: bool
    batch: int


@dataclass(frozen=True, slots=True)
class _Size:
    """What a sample comes to by one guess."""

    rows: int
    tokens: int
    learnt: int
    sequences: int
    longest: int
    positions: int


def judge(
    settings: Settings,
    train: Sequence[SourceRows],
    held: Sequence[SourceRows],
    limit: int,
    *,
    chat: bool,
    test_given: bool,
) -> DataSize:
    """`chat`: the model has a chat template. `test_given`: no test rows are held out."""
    data, training = settings.data, settings.training
    count = total([s.count for s in train])
    test = _held_out(count, 0.0 if test_given else data.test_size)
    own = _held_out(count, 0.0 if held else data.val_size)
    kept = Interval(
        max(0, count.low - test.low - own.low),
        max(0, count.likely - test.likely - own.likely),
        max(0, count.high - test.high - own.high),
    )
    drop = data.over_length == "drop"
    rule = Rule(limit, data.packing, drop, training.per_device_train_batch_size)
    of_train = _judged(settings, train, kept, rule, chat)
    if of_train is None:
        if not kept.likely:
            return unknown(limit, "no rows are left to train on")
        return unknown(limit, "none of the rows at the head of the data can be used")
    rule = Rule(limit, data.packing, drop, training.per_device_eval_batch_size)
    evaluated = total([s.count for s in held]) if held else own
    of_eval = _judged(settings, held or train, evaluated, rule, chat) if evaluated.high else None
    looked = sum(len(s.head) for s in train)
    detail = (
        f"judged by the text of {looked:,} rows, "
        f"{MANY.bytes_per_token:g} to {FEW.bytes_per_token:g} bytes a token"
    )
    return DataSize(of_train, of_eval, limit, "text", detail)


def taken(source: SourcePlan, count: Interval) -> Interval:
    """How many of `count` rows the source's split takes."""
    try:
        split = splits.parse(source.split)
    except splits.SplitError:
        return count

    def rows_of(n: float) -> int:
        first, last = split.bounds(int(n))
        return last - first

    return mapped(rows_of, count)


def _held_out(count: Interval, share: float) -> Interval:
    """The rows that `share` takes, at least one; rows with the same prompt may add some."""
    return mapped(lambda n: max(1, round(n * share)) if share and n > 1 else 0, count)


def _judged(
    settings: Settings, sources: Sequence[SourceRows], count: Interval, rule: Rule, chat: bool
) -> SplitSize | None:
    sample = _sample(settings, sources, min(count.likely, _SAMPLED), chat)
    if not sample:
        return None
    few, likely, many = (_measured(sample, guess, rule) for guess in (FEW, LIKELY, MANY))

    def scaled(name: str) -> Interval:
        made = zip((few, likely, many), (count.low, count.likely, count.high), strict=True)
        # Of longer rows fewer are kept where they are dropped.
        return spanned(getattr(size, name) * n / len(sample) for size, n in made)

    whole = all(len(s.head) >= s.count.high for s in sources)
    # Longer rows fill packs otherwise, so that the longest pack may be a shorter one.
    most = many.longest if whole else rule.limit
    longest = spanned((few.longest, likely.longest, most))
    return SplitSize(
        rows=scaled("rows"),
        tokens=scaled("tokens"),
        learnt=scaled("learnt"),
        sequences=scaled("sequences"),
        longest=longest,
        positions=scaled("positions"),
    )


def _sample(
    settings: Settings, sources: Sequence[SourceRows], size: int, chat: bool
) -> tuple[Text, ...]:
    """Texts of `size` rows: of each source its share, its head over and over."""
    everything = sum(s.count.likely for s in sources)
    found: list[Text] = []
    for source in sources:
        wanted = math.ceil(size * source.count.likely / max(everything, 1))
        texts = rows.texts(settings.data, source.source, source.head, chat=chat)
        known = list(islice(texts, wanted))
        found += islice(cycle(known), wanted) if known else ()
        if len(found) >= size:
            break
    return tuple(found[:size])


@lru_cache(maxsize=64)
def _measured(sample: tuple[Text, ...], guess: Guess, rule: Rule) -> _Size:
    """Cached, since an editor asks again at every key that is pressed."""
    lengths: list[int] = []
    learnt = 0
    for given, target in (rows.tokens(text, guess) for text in sample):
        length = given + target
        left = min(target, rule.limit - given)
        if left > 0 and not (rule.drop and length > rule.limit):
            lengths.append(min(length, rule.limit))
            learnt += left
    if not lengths:
        return _Size(0, 0, 0, 0, 0, 0)
    if rule.packing:
        packs = [sum(lengths[i] for i in group) for group in pack(lengths, rule.limit)]
        positions = len(packs) * max(packs)
    else:
        packs = lengths
        positions = round(len(lengths) * mean_longest(sorted(lengths), min(rule.batch, len(packs))))
    return _Size(len(lengths), sum(lengths), learnt, len(packs), max(packs), positions)
