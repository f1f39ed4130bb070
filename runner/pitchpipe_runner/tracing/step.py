"""One optimizer step of any model, as the measurement and the trace take it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

Batch = dict[str, torch.Tensor]
MakeOptimizer = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]
Loss = Callable[[Any, Batch], torch.Tensor]
TakeStep = Callable[[], None]


def own_loss(model: Any, batch: Batch) -> torch.Tensor:
    """The loss that a transformers model computes itself where the batch has `labels`."""
    return model(**batch).loss


def optimizer_step(
    model: nn.Module,
    batch: Callable[[], Batch],
    optimizer: MakeOptimizer,
    *,
    loss: Loss = own_loss,
    max_grad_norm: float | None = 1.0,
) -> TakeStep:
    """Forward, backward, clipping (None leaves it out), update; gradients are given back.

    The optimizer is made at the first call and kept, so its states are made in the first step.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    made: list[torch.optim.Optimizer] = []

    def take() -> None:
        if not made:
            made.append(optimizer(trained))
        model.train()
        loss(model, batch()).backward()
        if max_grad_norm is not None:
            nn.utils.clip_grad_norm_(trained, max_grad_norm)
        made[0].step()
        model.zero_grad()

    return take
