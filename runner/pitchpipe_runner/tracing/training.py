"""The runner's own training step, for a real model or a fake one: its adapter, loss, optimizer."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback

from pitchpipe.plan import Plan
from pitchpipe_runner import train
from pitchpipe_runner.batches import Collator
from pitchpipe_runner.device import Device
from pitchpipe_runner.render import IGNORED
from pitchpipe_runner.tracing.cuda import use_foreach

STEPS = 2  # the optimizer's states are made in the first and are there throughout the second
_ACCUMULATED = 2  # of more batches, each takes as much as the second


@dataclasses.dataclass(frozen=True, slots=True)
class BatchSize:
    """`rows` sequences of `length` tokens, the last `learnt` of each learnt (None: all).

    `packed`: each sequence is two rows, which attention keeps apart. Otherwise `even` says that no
    row is padded; where it is False, the last one is a token shorter than the others, if there are
    others, so that a mask is needed.
    """

    rows: int
    length: int
    learnt: int | None = None
    packed: bool = False
    even: bool = False

    def sequences(self) -> list[dict[str, list[int]]]:
        """As `prepare` writes them."""
        return [self._sequence(row) for row in range(self.rows)]

    def _sequence(self, row: int) -> dict[str, list[int]]:
        shorter = not self.packed and not self.even and 0 < row == self.rows - 1
        length = max(1, self.length - shorter)
        learnt = min(length, length if self.learnt is None else self.learnt)
        ids = [1 + place % 2 for place in range(length)]
        half = length // 2 if self.packed else 0
        return {
            "input_ids": ids,
            "labels": [IGNORED] * (length - learnt) + ids[length - learnt :],
            "lengths": [n for n in (half, length - half) if n],
        }


class Steps(train.CompletionTrainer):
    """Takes a few steps on batches that are given; writes nothing and moves no model."""

    def __init__(self, batch: Callable[[], dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.remove_callback(PrinterCallback)
        self.accelerator.device_placement = False
        self._batch = batch
        self.emulates_cuda = False

    def get_train_dataloader(self) -> Any:
        return _Batches(self._batch, STEPS * self.args.gradient_accumulation_steps)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        optimizer = super().create_optimizer(model)
        if self.emulates_cuda:
            use_foreach(optimizer)
        return optimizer

    def _move_model_to_device(self, model: torch.nn.Module, device: torch.device) -> None:
        pass


class _Batches:
    """A data loader: one batch is always ready while the one before is in use."""

    def __init__(self, batch: Callable[[], dict[str, Any]], n: int) -> None:
        self._batch = batch
        self._n = n

    def __len__(self) -> int:
        return self._n

    def __iter__(self) -> Iterator[dict[str, Any]]:
        following = self._batch()
        for left in reversed(range(self._n)):
            given, following = following, self._batch() if left else {}
            yield given


def ready(plan: Plan, loaded: Any) -> tuple[torch.nn.Module, bool]:
    """What the runner makes of a loaded model to train it, and whether computing is mixed."""
    model = train.adapted(plan, loaded)
    return model, train.train_in_float32(plan, model)


def collated(size: BatchSize, pad: int = 0) -> dict[str, Any]:
    return Collator(pad, size.packed)(size.sequences())


def take_steps(
    plan: Plan,
    device: Device,
    model: torch.nn.Module,
    batch: Callable[[], dict[str, Any]],
    *,
    mixed: bool,
    emulates_cuda: bool = False,
) -> Steps:
    """Trains `model`, which `ready` has made, for `STEPS` optimizer steps.

    `emulates_cuda`: the plan is for CUDA, but `device` is none.
    """
    short = dataclasses.replace(
        plan.training,
        max_steps=STEPS,
        gradient_accumulation_steps=min(plan.training.gradient_accumulation_steps, _ACCUMULATED),
        save_strategy="no",
        eval_strategy="no",
        load_best_model_at_end=False,
        report_to="none",
        lr_scheduler_type="constant",
        lr_scheduler_kwargs={},
        full_determinism=False,
        torch_compile=False,
        torch_compile_backend=None,
        torch_compile_mode=None,
        dataloader_num_workers=0,
    )
    if emulates_cuda and short.fp16:  # as large, and autocast on CPUs knows it
        short = dataclasses.replace(short, fp16=None, bf16=True)
    few = dataclasses.replace(plan, training=short)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Steps(
            batch,
            model=model,
            args=train.training_arguments(few, device, Path(folder), has_eval=False, mixed=mixed),
        )
        trainer.emulates_cuda = emulates_cuda
        trainer.train()
    return trainer
