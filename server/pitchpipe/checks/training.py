"""Rules about how training, evaluation and task fit each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.findings import Edit, Fix, Related
from pitchpipe.keypath import dotted
from pitchpipe.schedules import SCHEDULES
from pitchpipe.workflow import Present, Setting, Source, Wrong

_OF_CLASSIFICATION = ("accuracy", "f1")


def best_model_strategies(context: Context) -> Iterator[Report]:
    """`load_best_model_at_end` where evaluations and checkpoints don't fall together.

    And what else goes by evaluations where there are none.
    """
    training = context.workflow.training
    best = training.load_best_model_at_end
    evaluated, saved = (
        context.effective(training.eval_strategy),
        context.effective(training.save_strategy),
    )
    if isinstance(evaluated, Wrong) or isinstance(saved, Wrong):
        return
    if evaluated == "no":
        for setting, what in _going_by_evaluations(context):
            message = f"{what} needs `eval_strategy` to be `steps` or `epoch`, not `no`"
            related = _related(context, training.eval_strategy)
            yield Report(message, setting.key, setting.path, related=related)
    if not isinstance(best, Present) or not best.value or (saved == "best" and evaluated != "no"):
        return
    for name, value in (("eval_strategy", evaluated), ("save_strategy", saved)):
        if value == "no":
            message = f"`load_best_model_at_end` needs `{name}` to be `steps` or `epoch`, not `no`"
            yield Report(
                message, best.key, best.path, related=_related(context, getattr(training, name))
            )
            return
    if evaluated != saved:
        message = (
            "`load_best_model_at_end` needs evaluations and checkpoints together, "
            f"but `eval_strategy` is `{evaluated}` and `save_strategy` is `{saved}`"
        )
        related = (
            *_related(context, training.eval_strategy),
            *_related(context, training.save_strategy),
        )
        yield Report(message, best.key, best.path, _aligned(context, evaluated), related)
        return
    if evaluated == "steps":
        yield from _steps_apart(context, best)


def metric_needs_task(context: Context) -> Iterator[Report]:
    """Metrics of classification where the task is another."""
    metrics, task = context.workflow.evaluate.metrics, context.effective(context.workflow.task)
    if isinstance(task, Wrong) or task == "classification" or not isinstance(metrics, Present):
        return
    for index, metric in enumerate(metrics.value or ()):
        if metric in _OF_CLASSIFICATION:
            path = (*metrics.path, index)
            message = f"`{metric}` is measured with `task: classification`, not with `{task}`"
            yield Report(message, context.reading.value_span(path), path)


def classification_needs_answers(context: Context, source: Source) -> Iterator[Report]:
    """Rows of one text each, where the task is to answer a prompt with a label."""
    if context.effective(context.workflow.task) != "classification":
        return
    found = context.rows(source)
    if found and context.row_format(source, found[1]) == "text":
        path, _ = found
        message = (
            f"the rows of `{path.value}` are texts without an answer, and "
            "`task: classification` learns to answer; name `prompt` and `completion` columns"
        )
        related = _related(context, context.workflow.task)
        yield Report(message, path.span, path.path, related=related)


def no_evaluation_rows(context: Context) -> Iterator[Report]:
    """What goes by evaluations where no rows are held out for them."""
    data, best = context.workflow.data, context.workflow.training.load_best_model_at_end
    share, listed = context.effective(data.val_size), context.effective(data.eval)
    if share != 0 or listed or isinstance(listed, Wrong):
        return
    asked = list(_going_by_evaluations(context))
    if isinstance(best, Present) and best.value:
        asked.insert(0, (best, "`load_best_model_at_end`"))
    for setting, what in asked:
        message = f"{what} needs evaluation rows: in `data.eval`, or by `data.val_size`"
        yield Report(message, setting.key, setting.path, related=_related(context, data.val_size))


def _going_by_evaluations(context: Context) -> Iterator[tuple[Present[Any], str]]:
    """Settings that do nothing, or fail, where nothing is evaluated while training."""
    training = context.workflow.training
    patience, saved = training.early_stopping_patience, training.save_strategy
    if isinstance(patience, Present) and patience.value is not None:
        yield patience, "`early_stopping_patience`"
    if isinstance(saved, Present) and saved.value == "best":
        yield saved, "`save_strategy: best`"
    schedule = training.lr_scheduler_type
    if isinstance(schedule, Present) and SCHEDULES[schedule.value].evaluates:
        yield schedule, f"`lr_scheduler_type: {schedule.value}`"


def _steps_apart(context: Context, best: Present[bool]) -> Iterator[Report]:
    training = context.workflow.training
    evaluated, saved = (
        context.effective(training.eval_steps),
        context.effective(training.save_steps),
    )
    if isinstance(evaluated, Wrong) or isinstance(saved, Wrong) or saved % evaluated == 0:
        return
    message = (
        "`load_best_model_at_end` needs an evaluation at each checkpoint: "
        f"`save_steps` ({saved}) must be a multiple of `eval_steps` ({evaluated})"
    )
    related = (*_related(context, training.eval_steps), *_related(context, training.save_steps))
    yield Report(message, best.key, best.path, related=related)


def _aligned(context: Context, evaluated: str) -> Fix | None:
    saved = context.workflow.training.save_strategy
    if not isinstance(saved, Present) or not context.reading.scalar(saved.path):
        return None
    title = f"Write `save_strategy: {evaluated}`"
    return Fix(title, (Edit(saved.span, evaluated),))


def _related(context: Context, setting: Setting[Any]) -> tuple[Related, ...]:
    if not isinstance(setting, Present) or context.reading.overridden(setting.path):
        return ()
    return (Related(f"`{dotted(setting.path)}` is set here", setting.span),)
