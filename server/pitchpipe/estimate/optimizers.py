"""What optimizers hold between steps and allocate in one."""

from __future__ import annotations

from dataclasses import dataclass

from pitchpipe.estimate.formats import BYTES
from pitchpipe.estimate.step import Step
from pitchpipe.estimate.weights import Totals


@dataclass(frozen=True, slots=True)
class OptimizerBytes:
    """`paged` states lie in memory that CUDA moves between host and device as needed."""

    states: int
    temporaries: int
    paged: int = 0


_BLOCK = 256  # elements with one scale (bitsandbytes 0.50, optim/optimizer.py, blockwise)
_SMALL = 4096  # tensors below that are kept in 32 bits (the same, min_8bit_size)


def optimizer_bytes(step: Step, totals: Totals) -> OptimizerBytes:
    """Of an optimizer that `TrainingArguments.optim` names.

    AdamW (torch 2.13, optim/adam.py): two moments in the weight's format and a float32 counter; on
    CUDA the default computes square roots of all second moments at once (_multi_tensor_adam), one
    tensor at a time twice that of the largest (_single_tensor_adam), fused nothing. SGD without
    momentum (transformers' `sgd`): nothing. Adagrad and RMSprop: one. Adafactor (transformers 5.23,
    optimization.py): rows and columns of second moments, and float32 copies of one tensor at a
    time.
    Lion and the 8-bit ones: bitsandbytes 0.50, optim/.
    """
    name = step.optimizer
    numel = sum(n * count for n, _, count in totals.trained)
    native = sum(n * BYTES[form] * count for n, form, count in totals.trained)
    counters = 4 * sum(count for _, _, count in totals.trained)
    largest = max((n * BYTES[form] for n, form, _ in totals.trained), default=0)
    if "adafactor" in name:
        return OptimizerBytes(_factored(totals), 3 * 4 * (largest // 2 or largest))
    if "8bit" in name:
        per = 1 if _one_moment(name) else 2
        states = sum(count * _eight_bit(n) * per for n, _, count in totals.trained)
        return OptimizerBytes(0, 0, states) if "paged" in name else OptimizerBytes(states, 0)
    if name == "sgd":
        return OptimizerBytes(0, 0)
    if "lion" in name or "bnb" in name or "paged" in name:
        states = 4 * numel * (1 if _one_moment(name) else 2)
        return OptimizerBytes(0, 0, states) if "paged" in name else OptimizerBytes(states, 0)
    if name in ("adagrad", "rmsprop"):
        return OptimizerBytes(native + counters, largest)
    if "fused" in name:
        return OptimizerBytes(2 * native + counters, 0)
    if step.device == "cuda":
        return OptimizerBytes(2 * native + counters, native)
    return OptimizerBytes(2 * native + counters, 2 * largest)


def _one_moment(name: str) -> bool:
    return any(word in name for word in ("lion", "rmsprop", "adagrad"))


def _eight_bit(numel: int) -> int:
    """One moment of a tensor."""
    return 4 * numel if numel < _SMALL else numel + 4 * -(-numel // _BLOCK)


def _factored(totals: Totals) -> int:
    """Rows and columns are not known here; of a square matrix they are twice its side."""
    return sum(8 * round(n**0.5) * count for n, _, count in totals.trained)
