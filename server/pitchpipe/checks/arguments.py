"""Rules about what an optimizer and a schedule are told beyond their names."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.optimizers import OPTIMIZERS, said
from pitchpipe.schedules import SCHEDULES
from pitchpipe.suggest import all_of, nearest, one_of
from pitchpipe.workflow import Present, Wrong


def argument_not_taken(context: Context) -> Iterator[Report]:
    """An argument that this optimizer, or this schedule, has no name for."""
    yield from _of_the_optimizer(context)
    yield from _of_the_schedule(context)


def argument_missing(context: Context) -> Iterator[Report]:
    """A schedule that can't be made without one of its arguments."""
    training = context.workflow.training
    kind = training.lr_scheduler_type
    given = context.effective(training.lr_scheduler_kwargs)
    if not isinstance(kind, Present) or isinstance(given, Wrong):
        return
    needs = SCHEDULES[kind.value].needs
    there = [name for name in needs if name in given]
    if not needs or len(there) == 1:
        return
    if there:
        message = f"`lr_scheduler_kwargs` has {all_of(there)}, but `{kind.value}` takes one of them"
    else:
        message = f"`{kind.value}` needs {one_of(needs)} in `lr_scheduler_kwargs`"
    yield Report(message, kind.span, kind.path)


def _of_the_optimizer(context: Context) -> Iterator[Report]:
    training = context.workflow.training
    given, optim = training.optim_args, context.effective(training.optim)
    if not isinstance(given, Present) or given.value is None or isinstance(optim, Wrong):
        return
    known = OPTIMIZERS[optim].arguments
    for name, value in said(given.value).items():
        if not name or not value or "=" in value:
            message = f"`optim_args` is `name=value,name=value`, but has `{name or value}`"
            yield Report(message, given.span, given.path)
        elif known and name not in known:  # where none are known, all of the key does nothing
            message = f"`{optim}` takes no `{name}`{_instead(name, known)}"
            yield Report(message, given.span, given.path)


def _of_the_schedule(context: Context) -> Iterator[Report]:
    training = context.workflow.training
    given, kind = training.lr_scheduler_kwargs, context.effective(training.lr_scheduler_type)
    if not isinstance(given, Present) or isinstance(kind, Wrong):
        return
    known = SCHEDULES[kind].arguments
    for name in given.value:
        if known and name not in known:
            path = (*given.path, name)
            message = f"`{kind}` takes no `{name}`{_instead(name, known)}"
            yield Report(message, context.reading.key_span(path), path)


def _instead(name: str, known: tuple[str, ...]) -> str:
    near = nearest(name, known)
    return f"; did you mean `{near}`?" if near else f"; it takes {all_of(known)}"
