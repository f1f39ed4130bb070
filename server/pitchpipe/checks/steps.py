"""Rules about steps: what never comes to pass because the run is too short for it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pitchpipe.amounts import number, plural
from pitchpipe.checks.extent import extent
from pitchpipe.checks.pointing import set_here
from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.workflow import Present, Setting, Wrong

_WORTH_WATCHING = 20  # steps; shorter runs are over before one misses what they could tell
_INTERVALS = (
    ("eval", "nothing is evaluated before its end"),
    ("save", "there is no checkpoint before its end"),
)


def warmup_over_steps(context: Context) -> Iterator[Report]:
    """A warm-up that the run is over before."""
    training, steps = context.workflow.training, extent(context).steps
    warmup = training.warmup_steps
    if steps is None or not isinstance(warmup, Present) or warmup.value < 1:
        return
    if warmup.value >= steps and context.effective(training.lr_scheduler_type) != "constant":
        message = (
            f"`warmup_steps` is {number(warmup.value)} and the run has {_steps(context, steps)}, "
            "so the learning rate never comes to its peak"
        )
        related = set_here(context, training.max_steps)
        yield Report(message, warmup.span, warmup.path, related=related)


def interval_over_steps(context: Context) -> Iterator[Report]:
    """Evaluations, checkpoints or reports that are further apart than the run is long."""
    training, steps = context.workflow.training, extent(context).steps
    if steps is None:
        return
    related = set_here(context, training.max_steps)
    for verb, so in _INTERVALS:
        strategy = getattr(training, f"{verb}_strategy")
        if context.effective(strategy) == "steps":
            yield from _too_far_apart(context, f"{verb}_steps", strategy, steps, so)
    reports = training.logging_steps
    if isinstance(reports, Present) and reports.value > steps:
        message = (
            f"`logging_steps` is {reports.value:,} and the run has {_steps(context, steps)}, "
            "so the loss is reported but once"
        )
        yield Report(message, reports.span, reports.path, related=related)


def no_whole_batch(context: Context) -> Iterator[Report]:
    """Batches that are dropped unless they are whole, where none can be."""
    training, rows = context.workflow.training, extent(context).rows
    dropped, size = training.dataloader_drop_last, training.per_device_train_batch_size
    batch = context.effective(size)
    if rows is None or isinstance(batch, Wrong) or not isinstance(dropped, Present):
        return
    if dropped.value and rows < batch:
        message = (
            f"`dataloader_drop_last` leaves nothing to train on: there are {plural(rows, 'row')} "
            f"at most, and a batch takes {batch:,}"
        )
        yield Report(message, dropped.key, dropped.path, related=set_here(context, size))


def patience_over_evaluations(context: Context) -> Iterator[Report]:
    """Early stopping that waits for more evaluations than there are."""
    training = context.workflow.training
    patience, count = training.early_stopping_patience, _evaluations(context)
    if count is None or not isinstance(patience, Present) or patience.value is None:
        return
    if 0 < count <= patience.value:
        message = (
            f"`early_stopping_patience` waits for {patience.value:,} evaluations behind the best "
            f"one, and there are {plural(count, 'evaluation')} at most, so it never stops"
        )
        related = set_here(context, training.eval_strategy, training.eval_steps)
        yield Report(message, patience.span, patience.path, related=related)


def _evaluations(context: Context) -> int | None:
    """How many there are at most; None where nobody knows."""
    training, steps = context.workflow.training, extent(context).steps
    strategy, apart = (
        context.effective(training.eval_strategy),
        context.effective(training.eval_steps),
    )
    if strategy == "steps":
        return None if steps is None or isinstance(apart, Wrong) else steps // apart
    epochs, limit = (
        context.effective(training.num_train_epochs),
        context.effective(training.max_steps),
    )
    if strategy != "epoch" or isinstance(epochs, Wrong) or isinstance(limit, Wrong) or limit > 0:
        return None
    return math.ceil(epochs)


def batch_over_epoch(context: Context) -> Iterator[Report]:
    """A step that would take more rows than there are."""
    training, found = context.workflow.training, extent(context)
    if found.rows is None or found.batch is None or found.batch <= found.rows:
        return
    size, accumulated = (
        training.per_device_train_batch_size,
        training.gradient_accumulation_steps,
    )
    place = accumulated if isinstance(accumulated, Present) else size
    if isinstance(place, Present):
        message = (
            f"a step is to take {found.batch:,} rows (`per_device_train_batch_size` times "
            f"`gradient_accumulation_steps`), and there are {plural(found.rows, 'training row')}, "
            "so an epoch is one smaller step"
        )
        other = size if place is accumulated else accumulated
        yield Report(message, place.span, place.path, related=set_here(context, other))


def _too_far_apart(
    context: Context, name: str, strategy: Setting[str], steps: int, so: str
) -> Iterator[Report]:
    setting: Setting[int] = getattr(context.workflow.training, name)
    apart = context.effective(setting)
    if isinstance(apart, Wrong) or apart <= steps:
        return
    if not isinstance(setting, Present) and steps < _WORTH_WATCHING:
        return
    what = (
        f"`{name}` is {apart:,}"
        if isinstance(setting, Present)
        else f"`{name}` is {apart:,} by default"
    )
    place = setting if isinstance(setting, Present) else strategy
    message = f"{what} and the run has {_steps(context, steps)}, so {so}"
    yield Report(
        message,
        place.span,
        place.path,
        related=set_here(context, context.workflow.training.max_steps),
    )


def _steps(context: Context, steps: int) -> str:
    """As exactly as it is known."""
    said = isinstance(context.workflow.training.max_steps, Present)
    return plural(steps, "step") if said else f"{plural(steps, 'step')} at most"
