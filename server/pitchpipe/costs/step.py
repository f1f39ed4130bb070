"""The step that this project's runner takes for a workflow (runner/pitchpipe_runner/train.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from pitchpipe.costs.data import DataSize, SplitSize
from pitchpipe.costs.settings import Settings
from pitchpipe.estimate import Attention, Dtype, Quantization, Step
from pitchpipe.estimate.adapted import adapted_names, other_ranks
from pitchpipe.modules import ModelShape
from pitchpipe.optimizers import more_moments
from pitchpipe.placing import placement
from pitchpipe.plan import TrainingPlan
from pitchpipe.targets import Targets

End = Literal["low", "likely", "high"]

DeviceKind = Literal["cpu", "cuda", "mps"]

# Of the largest batch against the mean one, in learnt tokens. A pack is a mixture of many rows;
# one row may be all answer.
_SPREAD = {"low": 0.8, "likely": 1.0, "high": 1.25}

# Of the lines in the batch with the longest row against the mean: an assumption. Packs of short
# rows have many.
_MORE_LINES = {"low": 0.5, "likely": 1.0, "high": 2.0}


@dataclass(frozen=True, slots=True)
class Batch:
    """What one forward pass gets: `rows` of `length` positions, padding included.

    `columns` are the positions for which logits are computed, `learnt` those of the whole batch
    that have a label. `padded`: attention gets a mask, for padding or to keep packed rows apart.
    """

    rows: int
    length: int
    columns: int
    learnt: int
    padded: bool


def largest_batch(settings: Settings, data: DataSize, end: End) -> Batch:
    """The largest batch that training meets, or one end of what it may be."""
    rows = settings.training.per_device_train_batch_size
    train = data.train
    if train is None:
        return _unseen(settings, rows, data.limit, end)
    rows = min(rows, max(1, getattr(train.sequences, end)))
    rows = max(1, round(rows * train.lines * (_MORE_LINES[end] if train.lines > 1 else 1)))
    length = max(2, getattr(train.longest, end))
    share = min(1.0, train.learnt_share * (_SPREAD[end] if settings.data.packing else 1.0))
    if not settings.data.packing and end == "high" and train.learnt_share < _ALL_LEARNT:
        share = 1.0
    return _batch(rows, length, share, _gets_mask(settings, train, rows), end)


def adapted_by(settings: Settings, shape: ModelShape) -> Targets | None:
    """What PEFT makes of the file's choice; None where all weights are trained."""
    method = settings.method
    return None if method.type == "full" else placement(method, shape).targets


def step_of(
    settings: Settings, batch: Batch, adapted: Targets | None, *, kind: DeviceKind, dtype: Dtype
) -> Step:
    """`dtype` is the format in which the base model is loaded."""
    method, training = settings.method, settings.training
    # Whatever is trained is made float32; autocast is on where that concerned the model's own
    # weights. LoRA's are float32 as PEFT makes them, and PEFT converts between the two itself.
    pure = training.bf16 is False and dtype == "bfloat16"
    own = adapted is None or bool(adapted.saved) or adapted.biases > 0
    return Step(
        batch_size=batch.rows,
        length=batch.length,
        padding=batch.padded,
        packed=batch.padded and settings.data.packing,
        logits_columns=batch.columns,
        learnt_tokens=batch.learnt,
        dtype=dtype,
        trained_dtype=None if pure else "float32",
        autocast=_autocast(training, dtype if own and not pure else "float32"),
        method="full" if adapted is None else "lora",
        rank=method.r,
        ranks=() if adapted is None else other_ranks(adapted, method.r),
        adapted=() if adapted is None else adapted_names(adapted),
        modules_to_save=() if adapted is None else _saved(adapted),
        dropout=method.lora_dropout,
        use_dora=method.use_dora,
        quantization=cast("Quantization | None", method.quantization),
        double_quantization=method.bnb_4bit_use_double_quant,
        bias=cast("Literal['none', 'all', 'lora_only']", method.bias),
        optimizer=training.optim,
        more_moments=more_moments(training.optim, training.optim_args),
        clip_gradients=training.max_grad_norm > 0,
        accumulation=training.gradient_accumulation_steps,
        checkpointing=training.gradient_checkpointing,
        attention=cast(Attention, settings.model.attn_implementation),
        loss="selected",
        device="cuda" if kind == "cuda" else "cpu",
    )


def _autocast(training: TrainingPlan, dtype: Dtype) -> Dtype | None:
    """The format that is computed in; `dtype` where the file doesn't say."""
    computing = "bfloat16" if training.bf16 else "float16" if training.fp16 else dtype
    return None if computing == "float32" else computing


_ALL_LEARNT = 0.98  # of all tokens: the rest are each row's first


def _unseen(settings: Settings, rows: int, limit: int, end: End) -> Batch:
    """Where no row is known, batches are as long as they may be, and half is learnt."""
    everything = settings.data.loss_on == "all" or settings.data.text_template is not None
    share = 1.0 if everything else {"low": 0.1, "likely": 0.5, "high": 1.0}[end]
    return _batch(rows, limit, share, settings.data.packing or rows > 1, end)


def _batch(rows: int, length: int, share: float, padded: bool, end: End) -> Batch:
    # A column counts if any row learns something there.
    columns = 1.0 if end == "high" else 1.0 - (1.0 - share) ** rows
    predicted = length - 1
    return Batch(
        rows=rows,
        length=length,
        columns=max(1, round(predicted * columns)),
        learnt=max(1, round(rows * predicted * share)),
        padded=padded,
    )


def _gets_mask(settings: Settings, train: SplitSize, rows: int) -> bool:
    if settings.data.packing:
        return train.rows.likely > train.sequences.likely or rows > 1
    return rows > 1 and train.positions.likely > train.tokens.likely


def _saved(adapted: Targets) -> tuple[str, ...]:
    return tuple(s.path.format(*index) for s in adapted.saved for index in s.at)
