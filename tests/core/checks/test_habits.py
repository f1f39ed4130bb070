"""Hints about settings that seldom do what one hopes for."""

from __future__ import annotations

import pytest

from support.analysis import analysis, whole

SUMS = "data: {train: [{path: data/sums.jsonl}]}\n"  # 120 rows


def said(fragment: str, code: str) -> list[str]:
    text = whole(fragment if "data:" in fragment else fragment + "\n" + SUMS)
    return [f.message for f in analysis(text).findings if f.code == code]


@pytest.mark.parametrize(
    ("method", "rate", "side"),
    [
        ("lora", "0.0001", None),
        ("lora", "0.002", None),
        ("lora", "0.0021", "high for LoRA"),
        ("lora", "0.00001", None),
        ("lora", "0.000009", "low for LoRA"),
        ("full", "0.00002", None),
        ("full", "0.0001", None),
        ("full", "0.0002", "high for full training"),
        ("full", "0.0000009", "low for full training"),
    ],
)
def test_each_method_has_its_rates(method: str, rate: str, side: str | None) -> None:
    fragment = f"method: {{type: {method}}}\ntraining: {{learning_rate: {rate}}}"
    found = said(fragment, "learning-rate-unusual")
    assert len(found) == (side is not None)
    assert all(f"which is {side}" in message for message in found)


def test_the_default_rate_is_loras() -> None:
    (found,) = said("method: {type: full}", "learning-rate-unusual")
    assert found.startswith("`learning_rate` is 0.0002 by default")
    assert said("method: {type: lora}", "learning-rate-unusual") == []


def test_other_optimizers_have_other_rates() -> None:
    assert said("training: {learning_rate: 0.5, optim: sgd}", "learning-rate-unusual") == []


@pytest.mark.parametrize(
    ("share", "rest", "start"),
    [
        ("0.1", "", None),
        ("0.3", "", None),
        ("0.31", "", "`val_size` holds out 31% of the rows"),
        ("0.05", "", "`val_size` holds out 6 of 120 rows"),
        ("0", "", "no rows are held out"),
        ("0", "training: {eval_strategy: no}", None),
    ],
)
def test_a_share_is_held_to_what_is_usual(share: str, rest: str, start: str | None) -> None:
    data = f"data: {{train: [{{path: data/sums.jsonl}}], val_size: {share}}}\n"
    found = said(data + rest, "validation-share")
    assert len(found) == (start is not None)
    assert all(message.startswith(start or "") for message in found)


def test_a_small_share_of_unknown_rows_may_be_enough() -> None:
    assert said("data: {train: [{dataset_name: a/b}], val_size: 0.01}", "validation-share") == []


def test_rows_that_are_listed_need_no_share() -> None:
    data = "data: {train: [{path: data/sums.jsonl}], eval: [{path: data/pairs.jsonl}], val_size: 0}"
    assert said(data, "validation-share") == []


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("training: {num_train_epochs: 6}", True),
        ("training: {num_train_epochs: 5}", False),
        ("training: {num_train_epochs: 6, weight_decay: 0.01}", False),
        ("training: {num_train_epochs: 6, load_best_model_at_end: true}", False),
        ("training: {num_train_epochs: 6, early_stopping_patience: 2}", False),
        ("training: {num_train_epochs: 6, save_strategy: best}", False),
        ("training: {num_train_epochs: 6}\nmethod: {lora_dropout: 0.1}", False),
        ("training: {num_train_epochs: 6}\nmethod: {type: qlora, lora_dropout: 0.1}", False),
        ("training: {max_steps: 151}", True),
        ("training: {max_steps: 150}", False),
    ],
)
def test_few_rows_seen_often_are_learnt_by_heart(settings: str, found: bool) -> None:
    assert bool(said(settings, "overfitting-likely")) is found


def test_what_would_help_goes_by_the_method() -> None:
    (lora,) = said("training: {num_train_epochs: 9}", "overfitting-likely")
    full = "method: {type: full}\ntraining: {num_train_epochs: 9, learning_rate: 0.00002}"
    (of_full,) = said(full, "overfitting-likely")
    assert "lora_dropout" in lora
    assert "lora_dropout" not in of_full


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        ("training: {max_steps: 100, eval_strategy: steps, eval_steps: 10}", 10),
        ("training: {max_steps: 99, eval_strategy: steps, eval_steps: 10}", None),
        ("training: {num_train_epochs: 12, weight_decay: 0.1, eval_strategy: epoch}", 12),
        ("training: {num_train_epochs: 12, weight_decay: 0.1, eval_strategy: no}", None),
        ("training: {num_train_epochs: 12}", None),  # said by `overfitting-likely`
        (
            (
                "training: {max_steps: 100, eval_strategy: steps, eval_steps: 10}\n"
                "data: {train: [{path: data/sums.jsonl}], val_size: 0}"
            ),
            None,
        ),
    ],
)
def test_evaluations_are_made_to_go_by(settings: str, count: int | None) -> None:
    found = said(settings, "evaluations-unused")
    assert len(found) == (count is not None)
    assert all(f"evaluated {count} times" in message for message in found)


@pytest.mark.parametrize(
    ("method", "scale"),
    [
        ("r: 16, lora_alpha: 32", None),
        ("r: 8, lora_alpha: 64", None),
        ("r: 8, lora_alpha: 65", "8.12"),
        ("type: qlora, r: 8, lora_alpha: 65", "8.12"),
        ("r: 64, lora_alpha: 8", None),
        ("r: 64, lora_alpha: 7", "0.109"),
        ("r: 2", "16"),
        ("r: 16, lora_alpha: 33, use_rslora: true", "8.25"),
        ("r: 256, lora_alpha: 256, use_rslora: true", "16"),
        ("type: full", None),
    ],
)
def test_alpha_goes_with_the_rank(method: str, scale: str | None) -> None:
    found = said(f"method: {{{method}}}", "alpha-far-from-rank")
    assert len(found) == (scale is not None)
    assert all(f"multiplied by {scale} (" in message for message in found)


def test_the_default_of_alpha_is_named_as_one() -> None:
    (found,) = said("method: {r: 2}", "alpha-far-from-rank")
    assert found.startswith("`lora_alpha` is 32 by default and `r` is 2")
