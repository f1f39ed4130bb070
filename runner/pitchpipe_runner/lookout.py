"""Warns while a training goes on: once of each thing that its numbers tell."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import psutil
import torch
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from pitchpipe_runner import signs
from pitchpipe_runner.events import Events
from pitchpipe_runner.signs import Sign

_FIRST = 8  # batches of an epoch by which its order is known
_LEAST = 3  # batches: of fewer, an order comes again by chance


class Lookout(TrainerCallback):
    """`kind` is the device's. `shuffled`: each epoch is to have an order of its own."""

    def __init__(self, kind: str, events: Events, *, shuffled: bool) -> None:
        self._kind = kind
        self._events = events
        self._shuffled = shuffled
        self._told: set[str] = set()
        self._speeds: list[float] = []
        self._batches: list[bytes] = []
        self._orders: dict[bytes, int] = {}

    def pass_begins(self, inputs: Mapping[str, Any]) -> None:
        """To be called before each forward pass of training, with what the collator made."""
        if self._shuffled and len(self._batches) < _FIRST:
            tokens = inputs["input_ids"].cpu().numpy().tobytes()
            self._batches.append(hashlib.sha256(tokens).digest())

    def speed(self, tokens_per_second: float) -> None:
        """To be called with each speed that is logged."""
        self._speeds.append(tokens_per_second)
        self._tell(signs.of_speed(self._speeds))

    def on_epoch_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._batches.clear()

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        if len(set(self._batches)) < _LEAST:
            return
        epoch, order = round(state.epoch or 0), b"".join(self._batches)
        earlier = self._orders.setdefault(order, epoch)
        if earlier != epoch:
            message = f"epoch {epoch} took the rows in the order of epoch {earlier}"
            self._tell([Sign("data-order-repeated", message, "training.train_sampling_strategy")])

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        warmup = args.get_warmup_steps(state.max_steps)
        self._tell(signs.of_losses(state.log_history, state.max_steps, warmup))
        self._tell(signs.of_memory(*in_use(self._kind), self._kind))

    def _tell(self, found: Iterable[Sign]) -> None:
        for sign in found:
            if sign.code not in self._told:
                self._told.add(sign.code)
                self._events.warn(sign.code, sign.message, sign.path)


def in_use(kind: str) -> tuple[int, int]:
    """Bytes in use of the memory that training lies in, by all programs, and all that there are."""
    if kind == "cuda":
        free, total = torch.cuda.mem_get_info()
        return total - free, total
    memory = psutil.virtual_memory()
    return memory.total - memory.available, memory.total
