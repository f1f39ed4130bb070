"""What a training is about to do: its model without adapters, its step, its largest batches."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast, get_args

import numpy as np
import torch
from peft import PeftModel
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils.other import AuxiliaryTrainingWrapper
from torch import nn

from pitchpipe.costs.settings import of_plan
from pitchpipe.costs.step import Batch, DeviceKind, adapted_by, step_of
from pitchpipe.estimate import Attention, Dtype, Step
from pitchpipe.modules import ModelShape
from pitchpipe.plan import Plan
from pitchpipe_runner.cataloguing.describe import describe
from pitchpipe_runner.cataloguing.roles import role_of
from pitchpipe_runner.device import Device
from pitchpipe_runner.metering import batch_of

_LOOKED_AT = 8  # of the largest batches: those of equal size differ in what is learnt in them


@dataclass(frozen=True, slots=True)
class Passes:
    """The forward passes of training, up to the end of the first epoch.

    `largest` are candidates for the one that takes most memory. `positions` and `tokens` (padding
    left out) are those of a pass in the mean.
    """

    largest: tuple[Batch, ...]
    positions: float
    tokens: float


def passes(trainer: Any, first: int, most: int) -> Passes:
    """Those that `trainer`, which has its data and collator, takes from the `first` one on.

    `most` is how many there are in all. The order of the rows is the one that training will have.
    """
    dataset, collate = trainer.train_dataset, trainer.data_collator
    with torch.random.fork_rng(devices=[]):  # whoever asks for an order draws from chance
        order = list(trainer.get_train_dataloader().batch_sampler)
    chosen = order[first % max(len(order), 1) :][:most] or order
    rows, longest, tokens = _sizes(dataset, isolated=collate.isolated)
    lines = [int(rows[b].sum()) for b in chosen]
    lengths = [int(longest[b].max()) for b in chosen]
    sizes = [n * length for n, length in zip(lines, lengths, strict=True)]
    by_size = sorted(range(len(chosen)), key=lambda i: -sizes[i])[:_LOOKED_AT]
    by_length = sorted(range(len(chosen)), key=lambda i: -lengths[i])[:1]
    looked_at = dict.fromkeys([*by_size, *by_length])
    return Passes(
        tuple(batch_of(collate([dataset[i] for i in chosen[n]])) for n in looked_at),
        sum(sizes) / len(chosen),
        sum(int(tokens[b].sum()) for b in chosen) / len(chosen),
    )


def _sizes(dataset: Any, *, isolated: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each sequence: lines of the batch, the longest of them, tokens."""
    column = dataset.select_columns(["lengths"]).with_format("arrow")[:]["lengths"]
    counts = np.array([len(lengths) for lengths in column])
    flat = np.array(list(itertools.chain.from_iterable(column.to_pylist())))
    starts = np.concatenate(([0], counts.cumsum()[:-1]))
    tokens = np.add.reduceat(flat, starts)
    if isolated:
        return np.ones_like(counts), tokens, tokens
    return counts, np.maximum.reduceat(flat, starts), tokens


def shape_of(model: Any) -> ModelShape:
    """Of the model as it was before it got adapters."""
    bare = _Bare(model)
    shape = describe(bare, "causal-lm")
    groups = (replace(g, role=role_of(g.path, g.class_name, g.kind)) for g in shape.groups)
    return replace(shape, groups=tuple(groups), class_name=type(bare.model).__name__)


def taken(plan: Plan, device: Device, model: Any, shape: ModelShape, batch: Batch) -> Step:
    """The step on `batch`. What is adapted and how attention is computed is read off the model."""
    settings = of_plan(plan)
    dtype = cast(Dtype, str(device.dtype).removeprefix("torch."))
    kind = cast(DeviceKind, device.kind)
    step = step_of(settings, batch, adapted_by(settings, shape), kind=kind, dtype=dtype)
    adapted, saved = _touched(model)
    attention = model.config.get_text_config()._attn_implementation
    if attention in get_args(Attention):
        step = replace(step, attention=attention)
    return replace(step, adapted=adapted, modules_to_save=saved)


class _Bare:
    """Looks to `describe` like a model whose adapters were taken off."""

    def __init__(self, model: Any) -> None:
        self.model = model.get_base_model() if isinstance(model, PeftModel) else model
        self.config = model.config

    def named_modules(self) -> Iterator[tuple[str, nn.Module]]:
        return _without_adapters("", self.model)


def _without_adapters(name: str, module: Any) -> Iterator[tuple[str, nn.Module]]:
    if isinstance(module, BaseTunerLayer):
        yield from _without_adapters(name, module.get_base_layer())
        return
    if isinstance(module, AuxiliaryTrainingWrapper):
        yield from _without_adapters(name, module.original_module)
        return
    yield name, module
    for own, child in module.named_children():
        yield from _without_adapters(f"{name}.{own}" if name else own, child)


def _touched(model: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of what has an adapter, and of what is copied and trained whole."""
    if not isinstance(model, PeftModel):
        return (), ()
    adapted: list[str] = []
    saved: list[str] = []
    copies: set[int] = set()  # of a tied pair both are wrapped, and one copy serves both
    for name, module in model.get_base_model().named_modules():
        plain = name.replace(".base_layer", "")
        if isinstance(module, AuxiliaryTrainingWrapper):
            trained = {id(p) for p in module.parameters() if p.requires_grad}
            if not trained <= copies:
                saved.append(plain)
            copies |= trained
        elif isinstance(module, BaseTunerLayer):
            held = getattr(module, "parameter_name", None)  # of a tensor that is no layer's weight
            adapted.append(f"{plain}.{held}" if held else plain)
    return tuple(adapted), tuple(saved)
