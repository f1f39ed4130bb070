"""Every schedule that a file may name, with what it is told."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import optimization
from transformers.trainer_utils import SchedulerType

from pitchpipe.schedules import SCHEDULES
from support.tiny import tiny_rows
from support.workbench import Benches

DATA = """
data:
  train: [{path: rows.jsonl}]
  prompt_template: "{text}"
  completion_template: "{label}"
  val_size: 0.25
"""
RATE = 0.008
STEPS = {
    "max_steps": 8,
    "per_device_train_batch_size": 4,
    "logging_steps": 1,
    "learning_rate": RATE,
    "warmup_steps": 2,
    "eval_strategy": "steps",
    "eval_steps": 1,
    "save_strategy": "no",
}


def rates(bench: Benches, model: Path, run: str = "run", **training: Any) -> list[float]:
    """The learning rate of each step, as a share of the highest."""
    tiny_rows(bench.folder, 24)
    if not SCHEDULES[training["lr_scheduler_type"]].warms_up:
        training["warmup_steps"] = 0
    made = bench(f"training: {json.dumps(STEPS | training)}\n{DATA}", model, run=run)
    _ = made.trained
    said = [e["values"] for e in made.said("metrics")]
    return [round(v["learning_rate"] / RATE, 3) for v in said if "loss" in v]


FALLING: dict[str, tuple[dict[str, Any], list[float]]] = {
    "constant_with_warmup": ({}, [0, 0.5, 1, 1, 1, 1, 1, 1]),
    "polynomial": ({"power": 2, "lr_end": 0}, [0, 0.5, 1, 0.694, 0.444, 0.25, 0.111, 0.028]),
    "cosine_with_restarts": ({"num_cycles": 2}, [0, 0.5, 1, 0.75, 0.25, 1, 0.75, 0.25]),
    "cosine_with_min_lr": ({"min_lr_rate": 0.5}, [0, 0.5, 1, 0.967, 0.875, 0.75, 0.625, 0.533]),
    "warmup_stable_decay": (
        {"num_decay_steps": 2, "decay_type": "linear"},
        [0, 0.5, 1, 1, 1, 1, 1, 0.5],
    ),
}


@pytest.mark.parametrize("kind", FALLING)
def test_the_rate_goes_as_it_is_told(bench: Benches, chat_model: Path, kind: str) -> None:
    arguments, expected = FALLING[kind]
    found = rates(bench, chat_model, lr_scheduler_type=kind, lr_scheduler_kwargs=arguments)
    assert found == expected


def test_a_plateau_lowers_the_rate_by_the_metric_that_counts(
    bench: Benches, chat_model: Path
) -> None:
    """So high a rate that the loss gets worse: the highest loss is then the best for some."""
    arguments = {"factor": 0.5, "patience": 0, "threshold": 0}
    said = {"lr_scheduler_type": "reduce_lr_on_plateau", "lr_scheduler_kwargs": arguments}
    down = rates(bench, chat_model, run="down", learning_rate=RATE * 100, **said)
    assert down[-1] < down[0]
    said["greater_is_better"] = True
    up = rates(bench, chat_model, run="up", **said)
    assert up[-1] < up[0]


def test_greedy_starts_from_no_least_rate(bench: Benches, chat_model: Path) -> None:
    arguments = {"factor": 0.5, "patience": 0}
    found = rates(
        bench,
        chat_model,
        lr_scheduler_type="greedy",
        lr_scheduler_kwargs=arguments,
        greater_is_better=True,
        learning_rate=0.0004,
    )
    assert min(found) * RATE < 0.0004


@pytest.mark.parametrize("kind", SCHEDULES)
def test_the_table_says_what_the_functions_take(kind: str) -> None:
    known = SCHEDULES[kind]
    make: Any = optimization.TYPE_TO_SCHEDULER_FUNCTION[SchedulerType(kind)]
    if kind == "reduce_lr_on_plateau":
        make = torch.optim.lr_scheduler.ReduceLROnPlateau
    elif kind == "greedy":
        make = optimization.GreedyLR
    names = inspect.signature(make).parameters
    given = {"optimizer", "last_epoch", "num_warmup_steps", "num_training_steps"}
    assert set(known.arguments) == set(names) - given
    assert known.warms_up == ("num_warmup_steps" in names)
