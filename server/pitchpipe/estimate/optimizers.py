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
_MAP = 4 * 256  # bytes of the table of what the codes stand for, one for all tensors


def optimizer_bytes(step: Step, totals: Totals) -> OptimizerBytes:
    """Of an optimizer that `TrainingArguments.optim` names.

    AdamW (torch 2.13, optim/adam.py): two moments in the weight's format and a float32 counter; on
    CUDA the default computes square roots of all second moments at once (_multi_tensor_adam), one
    tensor at a time twice that of the largest (_single_tensor_adam), fused nothing. SGD without
    momentum (transformers' `sgd`): nothing. Adagrad and RMSprop: one. Adafactor (transformers 5.23,
    optimization.py): rows and columns of second moments, and float32 copies of one tensor at a
    time.
    Lion, AdEMAMix (two slow moments and a fast one) and 8 bits: bitsandbytes 0.50, optim/; there
    transformers keeps those of embeddings in 32 bits (trainer.py, `create_optimizer`).
    `adamw_torch_8bit` and `_4bit`: torchao 0.18, optim/subclass_8bit.py and subclass_4bit.py.
    """
    name = step.optimizer
    numel = sum(n * count for n, _, count in totals.trained)
    native = sum(n * BYTES[form] * count for n, form, count in totals.trained)
    counters = 4 * sum(count for _, _, count in totals.trained)
    largest = max((n * BYTES[form] for n, form, _ in totals.trained), default=0)
    if "adafactor" in name:
        return OptimizerBytes(_factored(totals), 3 * 4 * (largest // 2 or largest))
    if name in ("adamw_torch_8bit", "adamw_torch_4bit"):
        bits = 4 if "4bit" in name else 8
        return OptimizerBytes(sum(2 * _coded(n, bits) * count for n, _, count in totals.trained), 0)
    if "8bit" in name:
        each = sum(_coded(n, 8) * count for n, _, count in totals.trained) + _MAP
        each += sum(4 * n - _coded(n, 8) for n in totals.tables)
        # On a CPU AdEMAMix has no kernel of its own; what is computed on is decoded (measured).
        decoded = 9 * largest if "ademamix" in name and step.device == "cpu" else 0
        return _held(step, each * _moments(name), decoded)
    if name == "sgd":
        return OptimizerBytes(step.more_moments * native, 0)
    if any(word in name for word in ("lion", "bnb", "paged", "ademamix")):
        return _held(step, 4 * numel * _moments(name))
    if name in ("adagrad", "rmsprop"):
        return OptimizerBytes((1 + step.more_moments) * native + counters, largest)
    if "fused" in name:
        return OptimizerBytes(2 * native + counters, 0)
    if step.device == "cuda":
        return OptimizerBytes(2 * native + counters, native)
    return OptimizerBytes(2 * native + counters, 2 * largest)


def _held(step: Step, states: int, temporaries: int = 0) -> OptimizerBytes:
    """Only CUDA has memory that is paged."""
    if "paged" in step.optimizer and step.device == "cuda":
        return OptimizerBytes(0, temporaries, states)
    return OptimizerBytes(states, temporaries)


def _moments(name: str) -> int:
    if any(word in name for word in ("lion", "rmsprop", "adagrad")):
        return 1
    return 3 if "ademamix" in name else 2


def _coded(numel: int, bits: int) -> int:
    """One moment of a tensor: so many bits each, and a float32 scale for each block."""
    return 4 * numel if numel < _SMALL else -(-numel * bits // 8) + 4 * -(-numel // _BLOCK)


def _factored(totals: Totals) -> int:
    """Rows and columns are not known here; of a square matrix they are twice its side."""
    return sum(8 * round(n**0.5) * count for n, _, count in totals.trained)
