"""What goes by evaluations while training: the best checkpoint, and an early end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from support.tiny import tiny_rows
from support.workbench import Benches, Workbench

DATA = """
data:
  train: [{path: rows.jsonl}]
  prompt_template: "{text}"
  completion_template: "{label}"
  val_size: 0.25
"""
# The rate is far too high, so that the first evaluations are the best.
WORSE = {
    "max_steps": 20,
    "per_device_train_batch_size": 4,
    "logging_steps": 20,
    "eval_strategy": "steps",
    "eval_steps": 1,
    "save_strategy": "steps",
    "save_steps": 1,
    "save_total_limit": None,
    "learning_rate": 0.5,
    "lr_scheduler_type": "constant",
}


@pytest.fixture(autouse=True)
def rows(tmp_path: Path) -> None:
    tiny_rows(tmp_path, 32)


def workflow(**training: Any) -> str:
    return f"training: {json.dumps(WORSE | training)}\n{DATA}"


def evaluated(made: Workbench, name: str = "eval_loss") -> dict[int, float]:
    _ = made.trained
    return {e["step"]: e["values"][name] for e in made.said("metrics") if name in e["values"]}


def stopped(made: Workbench) -> list[str]:
    return [e["message"] for e in made.said("log") if "stopped early" in e["message"]]


def ends_after(values: list[float], patience: int, threshold: float = 0.0) -> int:
    """The step at which nothing has been better so often, by the rule in words."""
    best, without = values[0], 0
    for step, value in enumerate(values[1:], start=2):
        without = 0 if best - value > threshold else without + 1
        best = min(best, value)
        if without == patience:
            return step
    raise AssertionError("it goes on to the end")


def test_training_ends_when_nothing_has_been_better_for_so_long(
    bench: Benches, chat_model: Path
) -> None:
    whole = list(evaluated(bench(workflow(), chat_model, run="whole")).values())
    made = bench(workflow(early_stopping_patience=2), chat_model)
    last = ends_after(whole, 2)
    assert last < 20
    assert list(evaluated(made).values()) == whole[:last]
    assert made.trained.facts["steps"] == last
    (said,) = stopped(made)
    assert said.startswith(f"stopped early at step {last} of 20: 2 evaluations have")


def test_a_little_better_does_not_count_below_the_threshold(
    bench: Benches, chat_model: Path
) -> None:
    slow = {"learning_rate": 1e-4, "early_stopping_patience": 3}
    made = bench(workflow(**slow, early_stopping_threshold=10), chat_model)
    assert list(evaluated(made)) == [1, 2, 3, 4]
    made = bench(workflow(**slow, max_steps=6), chat_model, run="goes on")
    assert made.trained.facts["steps"] == 6
    assert stopped(made) == []


def test_an_early_end_comes_at_the_same_step_after_a_kill(bench: Benches, chat_model: Path) -> None:
    text = workflow(early_stopping_patience=3, load_best_model_at_end=True)
    whole = bench(text, chat_model, run="whole")
    last = whole.trained.facts["steps"]
    for reached in (last - 1, last):
        made = bench(text, chat_model, run=f"killed at {reached}")
        folder = "03-train/checkpoints"
        for step in range(1, reached + 1):
            name = f"{folder}/checkpoint-{step}"
            shutil.copytree(whole.folder / name, made.folder / name)
        assert made.trained.facts["steps"] == last
        assert made.trained.facts["best_eval_loss"] == whole.trained.facts["best_eval_loss"]
        assert len(stopped(made)) == 1


def test_the_best_may_be_the_one_with_most_tokens_right(bench: Benches, chat_model: Path) -> None:
    settings = {"learning_rate": 0.02, "max_steps": 12, "load_best_model_at_end": True}
    made = bench(workflow(**settings, metric_for_best_model="mean_token_accuracy"), chat_model)
    shares = evaluated(made, "eval_mean_token_accuracy")
    assert all(0 <= share <= 1 for share in shares.values())
    best = max(shares, key=lambda step: shares[step])
    assert shares[best] > shares[1]
    kept = load_file(made.trained.folder / "adapter" / "adapter_model.safetensors")
    there = made.trained.folder / "checkpoints" / f"checkpoint-{best}" / "adapter_model.safetensors"
    assert all((kept[name] == weights).all() for name, weights in load_file(there).items())


def test_one_may_want_the_worst(bench: Benches, chat_model: Path) -> None:
    made = bench(
        workflow(
            load_best_model_at_end=True, greater_is_better=True, save_total_limit=1, max_steps=6
        ),
        chat_model,
    )
    losses = evaluated(made)
    worst = max(losses, key=lambda step: losses[step])
    folder = made.trained.folder / "checkpoints"
    assert f"checkpoint-{worst}" in {p.name for p in folder.iterdir()}


def test_a_checkpoint_may_be_written_whenever_one_is_better(
    bench: Benches, chat_model: Path
) -> None:
    made = bench(workflow(save_strategy="best", learning_rate=0.05, max_steps=10), chat_model)
    losses = list(evaluated(made).values())
    better = [n + 1 for n, loss in enumerate(losses) if loss < min(losses[:n], default=9e9)]
    folder = made.trained.folder / "checkpoints"
    assert {p.name for p in folder.iterdir()} == {f"checkpoint-{step}" for step in better}
