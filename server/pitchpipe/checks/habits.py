"""Hints about settings that seldom do what one hopes for."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pitchpipe.amounts import plural
from pitchpipe.checks.extent import Extent, extent
from pitchpipe.checks.pointing import set_here
from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.workflow import Missing, Present, Setting, Wrong

_USUAL_RATES = {"full": (1e-6, 1e-4), "lora": (1e-5, 2e-3), "qlora": (1e-5, 2e-3)}
_ADVISED_RATES = {
    "full": "0.00001 to 0.00005",
    "lora": "0.0001 to 0.0003",
    "qlora": "0.0001 to 0.0003",
}
_SHARE = (0.1, 0.3)
_FEW_ROWS = 1000
_MANY_EPOCHS = 5
_MANY_EVALUATIONS = 10
_SCALE = (0.125, 8.0)


def learning_rate_unusual(context: Context) -> Iterator[Report]:
    """A learning rate of AdamW that is far from those that train well by this method."""
    training, method = context.workflow.training, context.workflow.method
    rate, kind = context.effective(training.learning_rate), context.effective(method.type)
    optimizer = context.effective(training.optim)
    if isinstance(rate, Wrong) or isinstance(kind, Wrong) or isinstance(optimizer, Wrong):
        return
    if "adamw" not in optimizer or kind not in _USUAL_RATES:
        return
    low, high = _USUAL_RATES[kind]
    if low <= rate <= high:
        return
    what = "full training" if kind == "full" else "LoRA"
    side = "low" if rate < low else "high"
    written = isinstance(training.learning_rate, Present)
    said = f"`learning_rate` is {rate:g}{'' if written else ' by default'}"
    message = f"{said}, which is {side} for {what}; {_ADVISED_RATES[kind]} is usual"
    place = training.learning_rate if written else method.type
    if isinstance(place, Present):
        related = set_here(context, method.type) if written else ()
        yield Report(message, place.span, place.path, related=related)


def validation_share(context: Context) -> Iterator[Report]:
    """So few rows held out that they tell little, or so many that too few are left."""
    data, share = context.workflow.data, context.workflow.data.val_size
    if not isinstance(share, Present) or context.effective(data.eval):
        return
    low, high = _SHARE
    if share.value == 0:
        evaluated = context.workflow.training.eval_strategy
        if not isinstance(evaluated, Missing) or _goes_by_evaluations(context):
            return  # it is as it was meant, or said elsewhere
        message = "no rows are held out, so nothing tells when the model overfits"
    elif share.value > high:
        message = f"`val_size` holds out {share.value:.0%} of the rows, which are not learnt from"
    else:
        rows = extent(context).rows
        if share.value >= low or rows is None or rows > _FEW_ROWS:
            return
        held = max(1, round(share.value * rows))
        message = f"`val_size` holds out {held} of {plural(rows, 'row')}, too few to tell much"
    yield Report(f"{message}; 0.1 to 0.2 is usual", share.span, share.path)


def overfitting_likely(context: Context) -> Iterator[Report]:
    """Few rows, gone through many times, with nothing against learning them by heart."""
    found = extent(context)
    epochs = _epochs(context, found)
    if found.rows is None or epochs is None or not _learns_by_heart(context, found, epochs):
        return
    training = context.workflow.training
    limit = training.max_steps
    said = isinstance(limit, Present) and limit.value > 0
    place = limit if said else training.num_train_epochs
    adapted = _has_adapter(context)
    guards = "`lora_dropout: 0.05`, `weight_decay: 0.01`" if adapted else "`weight_decay: 0.01`"
    times = f"{math.floor(epochs):,} times or more" if said else f"{epochs:g} times"
    message = (
        f"going through {plural(found.rows, 'row')} {times} likely teaches them by heart; "
        f"fewer epochs help, or {guards}, or `load_best_model_at_end: true`"
    )
    yield Report(message, place.span, place.path)


def evaluations_unused(context: Context) -> Iterator[Report]:
    """Evaluation after evaluation, on which nothing depends."""
    training = context.workflow.training
    found = extent(context)
    count = _evaluations(context, found)
    if count is None or count < _MANY_EVALUATIONS or _goes_by_evaluations(context):
        return
    epochs = _epochs(context, found)
    if found.rows is not None and epochs is not None and _learns_by_heart(context, found, epochs):
        return  # said there
    place = next(
        (s for s in (training.eval_strategy, training.num_train_epochs) if isinstance(s, Present)),
        None,
    )
    if place is not None:
        message = (
            f"the model is evaluated {count:,} times, and nothing goes by it; "
            "`early_stopping_patience: 3` ends a run that gets no better, "
            "`load_best_model_at_end: true` keeps the best checkpoint"
        )
        yield Report(message, place.span, place.path)


def alpha_far_from_rank(context: Context) -> Iterator[Report]:
    """A scale of LoRA's update that drowns it, or the model."""
    method = context.workflow.method
    rank, alpha = context.effective(method.r), context.effective(method.lora_alpha)
    rooted = context.effective(method.use_rslora)
    if not _has_adapter(context) or isinstance(rooted, Wrong):
        return
    if isinstance(rank, Wrong) or isinstance(alpha, Wrong):
        return
    scale = alpha / (math.sqrt(rank) if rooted else rank)
    place: Setting[float] | Setting[int] = method.lora_alpha
    if isinstance(place, Missing):
        place = method.r
    if _SCALE[0] <= scale <= _SCALE[1] or not isinstance(place, Present):
        return
    side = "drowns the base model" if scale > 1 else "hardly changes the base model"
    by = "`lora_alpha / sqrt(r)`" if rooted else "`lora_alpha / r`"
    ours = "" if isinstance(method.lora_alpha, Present) else " by default"
    message = (
        f"`lora_alpha` is {alpha:g}{ours} and `r` is {rank}, so the update is multiplied by "
        f"{scale:.3g} ({by}), which {side}; one to two times the rank is usual"
    )
    other = method.r if place is method.lora_alpha else method.lora_alpha
    yield Report(message, place.span, place.path, related=set_here(context, other))


def _epochs(context: Context, found: Extent) -> float | None:
    """How often the rows are gone through, at least."""
    limit = context.effective(context.workflow.training.max_steps)
    epochs = context.effective(context.workflow.training.num_train_epochs)
    if isinstance(limit, Wrong) or isinstance(epochs, Wrong):
        return None
    return found.epochs if limit > 0 else epochs


def _evaluations(context: Context, found: Extent) -> int | None:
    """How often the model is evaluated, as far as the file itself tells."""
    training = context.workflow.training
    strategy = context.effective(training.eval_strategy)
    share, listed = (
        context.effective(context.workflow.data.val_size),
        context.effective(context.workflow.data.eval),
    )
    if isinstance(listed, Wrong) or not (listed or share):
        return None
    if strategy == "epoch":
        epochs = _epochs(context, found)
        return None if epochs is None else math.floor(epochs)
    apart = context.effective(training.eval_steps)
    if strategy != "steps" or isinstance(apart, Wrong) or found.steps is None:
        return None
    return found.steps // apart


def _goes_by_evaluations(context: Context) -> bool:
    """Whether something does, or may: what is wrong may be meant so."""
    training = context.workflow.training
    best = context.effective(training.load_best_model_at_end)
    if context.effective(training.save_strategy) == "best":
        return True
    return best is not False or context.effective(training.early_stopping_patience) is not None


def _learns_by_heart(context: Context, found: Extent, epochs: float) -> bool:
    method, training = context.workflow.method, context.workflow.training
    if found.rows is None or found.rows > _FEW_ROWS or epochs <= _MANY_EPOCHS:
        return False
    dropout = _has_adapter(context) and context.effective(method.lora_dropout)
    return (
        not dropout
        and context.effective(training.weight_decay) == 0
        and not (_goes_by_evaluations(context))
    )


def _has_adapter(context: Context) -> bool:
    return context.effective(context.workflow.method.type) in {"lora", "qlora"}
