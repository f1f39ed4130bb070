"""How much a training computes: steps, tokens, evaluations, checkpoints."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pitchpipe.costs.data import DataSize, SplitSize
from pitchpipe.costs.ranges import exactly, mapped, product, spanned
from pitchpipe.costs.settings import Settings
from pitchpipe.estimate import Interval
from pitchpipe.plan import TrainingPlan


@dataclass(frozen=True, slots=True)
class Work:
    """`steps` are optimizer steps; what is None depends on rows that nobody has seen.

    `effective_batch` is in sequences. `tokens` are the real ones of the whole training, `positions`
    have the padding among them. `evaluations` are passes through the evaluation rows while
    training, the one at its end included; `evaluated` are their positions in all. `checkpoints` are
    those that lie on the disk at once.
    """

    effective_batch: int
    steps: Interval | None = None
    steps_per_epoch: Interval | None = None
    epochs: float | None = None
    tokens: Interval | None = None
    positions: Interval | None = None
    evaluations: Interval | None = None
    evaluated: Interval | None = None
    checkpoints: Interval | None = None


def work_of(settings: Settings, data: DataSize) -> Work:
    """Counted as transformers 5.23 does (`Trainer.set_initial_training_values`)."""
    training = settings.training
    batch = training.per_device_train_batch_size
    accumulation = training.gradient_accumulation_steps
    fixed = exactly(training.max_steps) if training.max_steps > 0 else None
    if data.train is None:
        return Work(batch * accumulation, fixed, checkpoints=_unseen(settings, fixed))
    whole = math.floor if training.dataloader_drop_last else math.ceil
    per_epoch = mapped(
        lambda n: max(1, math.ceil(whole(n / batch) / accumulation)), data.train.sequences
    )
    steps = fixed or mapped(lambda n: math.ceil(training.num_train_epochs * n), per_epoch)
    if data.eval is not None:
        steps = _perhaps_stopped(training, steps, per_epoch)
    passes = spanned(_passes(steps, per_epoch))
    evaluations = _evaluations(settings, data.eval, steps, passes)
    return Work(
        effective_batch=batch * accumulation,
        steps=steps,
        steps_per_epoch=per_epoch,
        epochs=training.num_train_epochs if fixed is None else steps.likely / per_epoch.likely,
        tokens=_over(data.train.tokens, steps, per_epoch),
        positions=_over(data.train.positions, steps, per_epoch),
        evaluations=evaluations,
        evaluated=product(evaluations, data.eval.positions) if data.eval else exactly(0),
        checkpoints=_checkpoints(settings, steps, passes),
    )


def _perhaps_stopped(training: TrainingPlan, steps: Interval, per_epoch: Interval) -> Interval:
    """Of an early stop nobody knows when: at the soonest, nothing is better than the first."""
    patience = training.early_stopping_patience
    if patience is None or training.eval_strategy == "no":
        return steps
    every = training.eval_steps if training.eval_strategy == "steps" else per_epoch.low
    return Interval(min(steps.low, (patience + 1) * every), steps.likely, steps.high)


def _passes(steps: Interval, per_epoch: Interval) -> tuple[float, float, float]:
    """Through the training rows; a part of a pass is a part of one."""
    return (
        steps.low / per_epoch.low,
        steps.likely / per_epoch.likely,
        steps.high / per_epoch.high,
    )


def _over(amount: Interval, steps: Interval, per_epoch: Interval) -> Interval:
    """`amount` a pass, over the whole training."""
    low, likely, high = _passes(steps, per_epoch)
    return spanned((amount.low * low, amount.likely * likely, amount.high * high))


def _evaluations(
    settings: Settings, held: SplitSize | None, steps: Interval, passes: Interval
) -> Interval:
    training = settings.training
    if held is None or training.eval_strategy == "no":
        return exactly(1 if held is not None and training.eval_on_start else 0)
    first = 1 if training.eval_on_start else 0
    if training.eval_strategy == "epoch":
        late = max(0, math.ceil(training.eval_delay) - 1)
        return mapped(lambda n: first + max(0, n - late), passes)
    every = training.eval_steps
    late = max(0, math.ceil(training.eval_delay / every) - 1)
    # The runner evaluates the end too, unless it goes back to the best checkpoint.
    last = 0 if training.load_best_model_at_end else 1
    return mapped(lambda n: first + max(0, n // every - late) + (last if n % every else 0), steps)


def _unseen(settings: Settings, steps: Interval | None) -> Interval | None:
    """Checkpoints where nobody knows how many steps an epoch has. None: as many as there are."""
    training = settings.training
    if training.save_strategy == "no":
        return exactly(0)
    if training.save_strategy == "steps" and steps is not None:
        return _checkpoints(settings, steps, exactly(0))
    if training.save_strategy == "epoch" and steps is None:
        return _checkpoints(settings, exactly(0), exactly(math.ceil(training.num_train_epochs)))
    limit = training.save_total_limit
    if limit is None:
        return None
    # An epoch has one step at least, and each leaves a checkpoint, the last one too.
    most = limit if steps is None else min(limit, steps.high)
    return Interval(1, most, most)


def _checkpoints(settings: Settings, steps: Interval, passes: Interval) -> Interval:
    training = settings.training
    if training.save_strategy == "no":
        return exactly(0)
    if training.save_strategy == "epoch":
        written = passes
    elif training.save_strategy == "steps":
        written = mapped(lambda n: math.ceil(n / training.save_steps), steps)
    else:  # one for each evaluation that is better than all before
        made = passes
        if training.eval_strategy == "steps":
            made = mapped(lambda n: n // training.eval_steps, steps)
        written = Interval(min(1, made.low), made.likely, made.high)
    limit = training.save_total_limit
    return written if limit is None else mapped(lambda n: min(n, limit), written)
