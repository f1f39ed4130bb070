"""What never comes to pass because the run is too short for it."""

from __future__ import annotations

import pytest

from support.analysis import analysis, whole

SUMS = "data: {train: [{path: data/sums.jsonl}]}\n"  # 120 rows


def said(fragment: str, code: str) -> list[str]:
    text = whole(fragment if "data:" in fragment else fragment + "\n" + SUMS)
    return [f.message for f in analysis(text).findings if f.code == code]


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        ("warmup_steps: 90", "90 steps at most"),
        ("warmup_steps: 91", "90 steps at most"),
        ("warmup_steps: 89", None),
        ("warmup_steps: 0.9", None),
        ("warmup_steps: 90, per_device_train_batch_size: 2", None),
        ("warmup_steps: 15, gradient_accumulation_steps: 7", "15 steps at most"),
        ("warmup_steps: 14, gradient_accumulation_steps: 7", None),
        ("warmup_steps: 45, num_train_epochs: 1.5", "45 steps at most"),
        ("warmup_steps: 44, num_train_epochs: 1.5", None),
        ("warmup_steps: 7, max_steps: 7", "7 steps"),
        ("warmup_steps: 6, max_steps: 7", None),
        ("warmup_steps: 100, lr_scheduler_type: constant", None),
    ],
)
def test_a_warm_up_is_held_to_the_steps_that_there_can_be(settings: str, steps: str | None) -> None:
    found = said(f"training: {{{settings}}}", "warmup-over-steps")
    assert len(found) == (steps is not None)
    assert all(f"the run has {steps}, so" in message for message in found)


@pytest.mark.parametrize(
    ("settings", "about"),
    [
        ("eval_strategy: steps, eval_steps: 91", ["eval_steps"]),
        ("eval_strategy: steps, eval_steps: 90", []),
        ("eval_strategy: epoch, eval_steps: 91", []),
        ("eval_strategy: steps", ["eval_steps"]),
        ("eval_strategy: steps, max_steps: 19", []),
        ("eval_strategy: steps, max_steps: 20", ["eval_steps"]),
        ("save_strategy: steps, save_steps: 200", ["save_steps"]),
        ("logging_steps: 100", ["logging_steps"]),
        (
            "eval_strategy: steps, save_strategy: steps, max_steps: 50, logging_steps: 60",
            ["eval_steps", "save_steps", "logging_steps"],
        ),
    ],
)
def test_what_is_further_apart_than_the_run_is_long_never_comes(
    settings: str, about: list[str]
) -> None:
    found = said(f"training: {{{settings}}}", "interval-over-steps")
    assert sorted(message.split("`")[1] for message in found) == sorted(about)


def test_a_default_is_named_as_one_where_the_strategy_is_written() -> None:
    text = whole("training:\n  eval_strategy: steps\n" + SUMS)
    (found,) = [f for f in analysis(text).findings if f.code == "interval-over-steps"]
    assert text[found.span.start : found.span.end] == "steps"
    assert "`eval_steps` is 100 by default" in found.message


@pytest.mark.parametrize(
    "data",
    [
        "data: {train: [{dataset_name: a/b}]}",
        "data: {train: [{path: data/missing.jsonl}]}",
        "data: {train: [{path: data/table.parquet}]}",
        "data: {train: [{path: data/broken.jsonl}]}",
        "data: {train: [{path: data/sums.jsonl, split: 'train[oops]'}]}",
        f"data: {{train: [{', '.join(['{path: data/sums.jsonl}'] * 17)}]}}",
    ],
)
def test_nobody_guesses_at_rows_that_are_not_counted(data: str) -> None:
    fragment = f"training: {{warmup_steps: 100000}}\n{data}\n"
    assert said(fragment, "warmup-over-steps") == []


def test_a_slice_has_the_rows_that_it_takes() -> None:
    data = "data: {train: [{path: data/sums.jsonl, split: 'train[:10%]'}]}"
    fragment = "training: {{warmup_steps: {}}}\n" + data.replace("{", "{{").replace("}", "}}")
    assert said(fragment.format(8), "warmup-over-steps") == []
    (found,) = said(fragment.format(9), "warmup-over-steps")
    assert "9 steps at most" in found


@pytest.mark.parametrize(
    ("settings", "rows"),
    [
        ("per_device_train_batch_size: 121", 121),
        ("per_device_train_batch_size: 120", None),
        ("per_device_train_batch_size: 11, gradient_accumulation_steps: 11", 121),
        ("gradient_accumulation_steps: 31", 124),
        ("gradient_accumulation_steps: 30", None),
    ],
)
def test_a_step_takes_no_more_rows_than_there_are(settings: str, rows: int | None) -> None:
    found = said(f"training: {{{settings}}}", "batch-over-epoch")
    assert len(found) == (rows is not None)
    assert all(f"to take {rows} rows" in message for message in found)


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        ("early_stopping_patience: 2", None),
        ("early_stopping_patience: 3", 3),
        ("early_stopping_patience: 2, num_train_epochs: 1.5", 2),
        ("early_stopping_patience: 9, max_steps: 90", None),
        ("early_stopping_patience: 8, eval_strategy: steps, eval_steps: 10", None),
        ("early_stopping_patience: 9, eval_strategy: steps, eval_steps: 10", 9),
        ("early_stopping_patience: 4, eval_strategy: steps, eval_steps: 10, max_steps: 45", 4),
        ("early_stopping_patience: 1, eval_strategy: steps, eval_steps: 91", None),
        ("early_stopping_patience: null", None),
    ],
)
def test_patience_is_shorter_than_the_run(settings: str, count: int | None) -> None:
    found = said(f"training: {{{settings}}}", "patience-over-evaluations")
    assert len(found) == (count is not None)
    assert all(f"there are {count} evaluations at most" in message for message in found)


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("dataloader_drop_last: true, per_device_train_batch_size: 121", True),
        ("dataloader_drop_last: true, per_device_train_batch_size: 120", False),
        ("dataloader_drop_last: false, per_device_train_batch_size: 121", False),
    ],
)
def test_a_batch_that_is_kept_is_whole(settings: str, found: bool) -> None:
    assert bool(said(f"training: {{{settings}}}", "no-whole-batch")) is found


def test_wrong_values_are_no_ground_for_arithmetic() -> None:
    text = "training: {max_steps: many, num_train_epochs: 0, warmup_steps: 5000}"
    assert said(text, "warmup-over-steps") == []
