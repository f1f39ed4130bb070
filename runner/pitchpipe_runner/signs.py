"""What the numbers of a training tell of its going wrong, before it has.

Pure: from what was logged to what to say. The bounds are rules of thumb, chosen so that noise of a
few per cent says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

_FEW = 3  # values whose mean stands for a moment
_ENOUGH = 20  # logged losses before anybody calls them flat
_LEARNT = 0.1  # a loss below that has nowhere to fall to
_FLAT = 0.01  # of the first loss
_HIGHER = 1.25  # times the first loss: it diverges
_MUCH_HIGHER = 1.5  # times the very first loss
_WORSE = 1.02  # times the best evaluation
_SLOW = 0.5  # of the usual speed
_FULL = 0.95  # of the memory


@dataclass(frozen=True, slots=True)
class Sign:
    """`path` is the key to look at first; the message says what would help."""

    code: str
    message: str
    path: str | None


def of_losses(history: Sequence[Mapping[str, float]], steps: int, warmup: int) -> Iterator[Sign]:
    """What `history`, the Trainer's log, tells. `steps` and `warmup` are those of all training."""
    losses = [(int(h["step"]), h["loss"]) for h in history if "loss" in h]
    evaluated = [(int(h["step"]), h["eval_loss"]) for h in history if "eval_loss" in h]
    yield from _diverging(losses, warmup)
    yield from _flat(losses, steps, warmup)
    yield from _overfitting(losses, evaluated)


def of_speed(speeds: Sequence[float]) -> Iterator[Sign]:
    """Tokens a second, in the order in which they were logged."""
    before, now = speeds[:-_FEW], speeds[-_FEW:]
    if len(before) < _FEW or max(now) > _SLOW * median(before):
        return
    yield Sign(
        "throughput-fell",
        f"{fmean(now):,.0f} tokens a second, after {median(before):,.0f}; "
        "another program may take the device, the memory or the disk",
        None,
    )


def of_memory(used: int, total: int, kind: str) -> Iterator[Sign]:
    """Bytes in use of all that there are, other programs' included."""
    if used > _FULL * total:
        where = "the machine's memory" if kind == "cpu" else "the device's memory"
        yield Sign(
            "memory-near-limit",
            f"{used / 1e9:.1f} GB of {total / 1e9:.1f} GB of {where} are in use; "
            "a longer batch may be too much: halve `per_device_train_batch_size` and double "
            "`gradient_accumulation_steps`",
            "training.per_device_train_batch_size",
        )


def _diverging(losses: Sequence[tuple[int, float]], warmup: int) -> Iterator[Sign]:
    values = [loss for _, loss in losses]
    if len(values) < 2 * _FEW or losses[-1][0] <= warmup:
        return
    first, last = fmean(values[:_FEW]), fmean(values[-_FEW:])
    at_once = min(values[-_FEW:]) > _MUCH_HIGHER * values[0]  # the second is too high already
    if last > _HIGHER * first or at_once:
        yield Sign(
            "learning-rate-too-high",
            f"the loss rises: {values[0]:.3g} at the beginning, {last:.3g} now; "
            "a third of the learning rate, a longer `warmup_steps` or a lower `max_grad_norm` help",
            "training.learning_rate",
        )


def _flat(losses: Sequence[tuple[int, float]], steps: int, warmup: int) -> Iterator[Sign]:
    behind = [loss for step, loss in losses if step > warmup]
    if len(behind) < _ENOUGH or losses[-1][0] < steps // 3:
        return
    half = len(behind) // 2
    first, last = fmean(behind[:half]), fmean(behind[half:])
    if first > _LEARNT and abs(first - last) < _FLAT * first:
        yield Sign(
            "loss-flat",
            f"the loss stays at {last:.3g}; a higher learning rate, a higher rank, or other "
            "targets may let it fall, unless nothing is left to learn",
            "training.learning_rate",
        )


def _overfitting(
    losses: Sequence[tuple[int, float]], evaluated: Sequence[tuple[int, float]]
) -> Iterator[Sign]:
    if len(evaluated) < _FEW:
        return
    at, best = min(evaluated, key=lambda pair: pair[1])
    worse = [loss for step, loss in evaluated if step > at]
    before = [loss for step, loss in losses if step <= at][-_FEW:]
    since = [loss for step, loss in losses if step > at][-_FEW:]
    if len(worse) < 2 or not before or not since or min(worse[-2:]) < _WORSE * best:
        return
    if fmean(since) < fmean(before):
        yield Sign(
            "overfitting",
            f"the evaluation loss rises ({best:.3g} at step {at}, {worse[-1]:.3g} now) while the "
            "training loss falls: rows are learnt by heart; `early_stopping_patience` and "
            "`load_best_model_at_end` keep the best, fewer epochs, `lora_dropout`, a lower rank or "
            "more rows prevent it",
            "training.num_train_epochs",
        )
