"""Rules about which rows are held out, and from what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pitchpipe.checks.extent import few, split_of
from pitchpipe.checks.pointing import set_here
from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.splits import Split
from pitchpipe.workflow import Missing, Present, Setting, Source, Wrong

_MANY = 10**9  # rows, of which numbered slices are looked at


def nothing_left_to_train(context: Context) -> Iterator[Report]:
    """Shares that are held out and come to everything."""
    data = context.workflow.data
    found: list[Present[float]] = []
    for share, listed in ((data.val_size, data.eval), (data.test_size, data.test)):
        taken = context.effective(share)
        if isinstance(taken, Wrong) or isinstance(listed, Wrong):
            return
        if not context.effective(listed) and isinstance(share, Present):
            found.append(share)
    total = sum(share.value for share in found)
    if total >= 1:
        place = found[-1]
        message = (
            f"`val_size` and `test_size` hold out {total:.0%} of the rows, so none is left to "
            "train on"
        )
        yield Report(message, place.span, place.path, related=set_here(context, *found[:-1]))


def evaluation_on_training_rows(context: Context) -> Iterator[Report]:
    """Rows of the hub to evaluate on that are trained on too.

    Those of files are looked at themselves (`rows-in-two-splits`).
    """
    data = context.workflow.data
    train = few(data.train)
    for listed in (data.eval, data.test):
        for source in few(listed):
            name = source.dataset_name
            if isinstance(name, Present) and (other := _same(context, source, train)) is not None:
                message = "these rows are trained on too, so scores on them flatter the model"
                yield Report(message, name.span, name.path, related=set_here(context, other))


def source_twice(context: Context) -> Iterator[Report]:
    """Training rows that are named twice."""
    sources = few(context.workflow.data.train)
    for index, source in enumerate(sources):
        if (other := _same(context, source, sources[:index])) is not None:
            place = source.path if isinstance(source.path, Present) else source.dataset_name
            if isinstance(place, Present):
                message = "these rows are named above already, so they are learnt twice as often"
                yield Report(message, place.span, place.path, related=set_here(context, other))


def nothing_to_measure(context: Context) -> Iterator[Report]:
    """Metrics that are asked for where no rows are held out."""
    data, metrics = context.workflow.data, context.workflow.evaluate.metrics
    if not isinstance(metrics, Present) or not metrics.value:
        return
    for share, listed in ((data.val_size, data.eval), (data.test_size, data.test)):
        if context.effective(share) != 0 or context.effective(listed):
            return
        if isinstance(share, Wrong) or isinstance(listed, Wrong):
            return
    message = (
        "no rows are held out to measure on; name them in `data.test`, or set `data.test_size`"
    )
    related = set_here(context, data.val_size, data.test_size)
    yield Report(message, metrics.key, metrics.path, related=related)


def _same(context: Context, source: Source, others: Sequence[Source]) -> Setting[str] | None:
    """The place of another source with some of the same rows."""
    mine, split = _named(context, source), split_of(context, source)
    if mine is None or split is None:
        return None
    for other in others:
        its = split_of(context, other) if _named(context, other) == mine else None
        if its is not None and _overlap(split, its):
            return other.path if isinstance(other.path, Present) else other.dataset_name
    return None


def _named(context: Context, source: Source) -> tuple[str, object] | None:
    """What tells one file or data set from another."""
    if isinstance(source.path, Present) and isinstance(source.dataset_name, Missing):
        return "file", context.resolve(source.path.value).absolute
    if isinstance(source.dataset_name, Present) and isinstance(source.path, Missing):
        return source.dataset_name.value, context.effective(source.dataset_config)
    return None


def _overlap(one: Split, other: Split) -> bool:
    """Whether both surely take some of the same rows, however many there are."""
    if one.name != other.name:
        return False
    bounds = [b for b in (one.start, one.stop, other.start, other.stop) if b is not None]
    if len({bound.percent for bound in bounds}) > 1:
        return False
    if any(bound.number < 0 for bound in bounds if not bound.percent):
        return False
    rows = 100 if any(bound.percent for bound in bounds) else _MANY
    (first, last), (begin, end) = one.bounds(rows), other.bounds(rows)
    return max(first, begin) < min(last, end)
