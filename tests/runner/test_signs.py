"""What a training's numbers tell of its going wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import pitchpipe_schemas
from pitchpipe_runner import lookout, signs
from pitchpipe_runner.sampling import LikeLengths
from support.tiny import tiny_rows
from support.workbench import Benches

CODES = {
    *("learning-rate-too-high", "loss-flat", "overfitting"),
    *("throughput-fell", "memory-near-limit", "data-order-repeated"),
}


def told(losses: Sequence[float], evaluated: Sequence[float] = (), warmup: int = 0) -> list[str]:
    """Of losses logged every step, and evaluations spread evenly over them."""
    history: list[dict[str, float]] = [{"step": i, "loss": n} for i, n in enumerate(losses, 1)]
    each = len(losses) // max(len(evaluated), 1)
    history += [{"step": i * each, "eval_loss": n} for i, n in enumerate(evaluated, 1)]
    return [sign.code for sign in signs.of_losses(history, len(losses), warmup)]


FALLING = [2.0 - 0.05 * i for i in range(30)]
NOISY = [loss + 0.2 * (-1) ** i for i, loss in enumerate(FALLING)]


@pytest.mark.parametrize(
    ("losses", "evaluated", "expected"),
    [
        (FALLING, [1.5, 1.2, 1.0, 0.9], []),
        (NOISY, [1.5, 1.2, 1.21, 1.22], []),
        (FALLING, [1.5, 1.2, 1.3, 1.4], ["overfitting"]),
        (FALLING, [1.5, 1.2, 1.4, 1.1], []),
        (FALLING[::-1], [1.5, 1.2, 1.3, 1.4], ["learning-rate-too-high"]),
        ([2.0] * 30, [], ["loss-flat"]),
        ([2.0 + 0.3 * (-1) ** i for i in range(32)], [], ["loss-flat"]),
        ([2.0] * 12, [], []),
        ([0.01] * 30, [], []),
        ([2.0, 2.1, 2.0, 5.0, 6.0, 7.0], [], ["learning-rate-too-high"]),
        ([2.0, 2.1, 2.0, 2.2, 2.3, 2.1], [], []),
    ],
)
def test_losses_tell(
    losses: Sequence[float], evaluated: Sequence[float], expected: list[str]
) -> None:
    assert told(losses, evaluated) == expected


def test_while_it_warms_up_nothing_is_told_of_the_rate() -> None:
    rising = [2.0, 2.0, 2.0, 5.0, 6.0, 7.0]
    assert told(rising, warmup=6) == []
    assert told(rising, warmup=5) == ["learning-rate-too-high"]


@pytest.mark.parametrize(
    ("speeds", "expected"),
    [
        ([100, 98, 103, 40, 30, 35], ["throughput-fell"]),
        ([100, 98, 103, 40, 99, 35], []),
        ([100, 98, 40, 30, 35], []),
        ([100] * 9, []),
    ],
)
def test_a_speed_that_falls_and_stays_down_is_told(
    speeds: list[float], expected: list[str]
) -> None:
    assert [sign.code for sign in signs.of_speed(speeds)] == expected


def test_memory_is_told_when_it_is_nearly_full() -> None:
    (sign,) = signs.of_memory(96, 100, "cuda")
    assert (sign.code, sign.path) == ("memory-near-limit", "training.per_device_train_batch_size")
    assert list(signs.of_memory(94, 100, "cpu")) == []


def test_each_has_a_page() -> None:
    assert set(pitchpipe_schemas.pages()) >= CODES


# In a run

STEPS = {"per_device_train_batch_size": 4, "logging_steps": 1, "save_strategy": "no"}
DATA = """
data:
  train: [{path: rows.jsonl}]
  prompt_template: "{text}"
  completion_template: "{label}"
  val_size: 0.25
  packing: false
"""


def warned(
    bench: Benches, model: Path, run: str = "run", method: str = "lora", **training: Any
) -> dict[str, int | None]:
    """The codes of a run's warnings, with the lines that they blame."""
    tiny_rows(bench.folder, 24)
    text = f"training: {json.dumps(STEPS | training)}\nmethod: {{type: {method}}}\n{DATA}"
    made = bench(text, model, run=run)
    _ = made.trained
    found = [(w["code"], (w["place"] or {}).get("line")) for w in made.said("warning")]
    assert len(dict(found)) == len(found), "each is told once"
    return {code: line for code, line in found if code in CODES - {"memory-near-limit"}}


def test_a_rate_that_is_too_high_is_told_with_its_line(bench: Benches, chat_model: Path) -> None:
    wild = {"learning_rate": 1.0, "max_steps": 12, "warmup_steps": 0}
    high = warned(bench, chat_model, method="full", **wild)
    assert high == {"learning-rate-too-high": 1}
    assert warned(bench, chat_model, run="fine", learning_rate=1e-3, max_steps=12) == {}


def test_an_order_that_comes_again_is_told(
    bench: Benches, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"num_train_epochs": 2, "train_sampling_strategy": "group_by_length"}
    assert warned(bench, chat_model, run="anew", **said) == {}
    monkeypatch.setattr(LikeLengths, "set_epoch", lambda self, epoch: None)
    assert set(warned(bench, chat_model, run="again", **said)) == {"data-order-repeated"}
    asked = {"num_train_epochs": 2, "train_sampling_strategy": "sequential"}
    assert warned(bench, chat_model, run="asked for", **asked) == {}


def test_memory_that_is_nearly_full_is_told_once(
    bench: Benches, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookout, "in_use", lambda kind: (99, 100))
    tiny_rows(bench.folder, 24)
    made = bench(f"training: {json.dumps(STEPS | {'max_steps': 3})}\n{DATA}", chat_model)
    _ = made.trained
    assert [w["code"] for w in made.said("warning")] == ["memory-near-limit"]
