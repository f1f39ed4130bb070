"""The step that the runner takes for a workflow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pitchpipe.costs.data import DataSize, of_prepared, unknown
from pitchpipe.costs.settings import Settings, of_context
from pitchpipe.costs.step import Batch, adapted_by, largest_batch, step_of
from pitchpipe.estimate import Step
from support.analysis import analysis, whole
from support.small_llama import llama


def settings(fragment: str) -> Settings:
    return of_context(analysis(whole(fragment)).context)


BATCH = Batch(rows=2, length=32, columns=31, learnt=40, padded=True)


def step(fragment: str, *, dtype: Any = "bfloat16", kind: Any = "cuda", **shape: Any) -> Step:
    found = settings(fragment)
    return step_of(found, BATCH, adapted_by(found, llama(**shape)), kind=kind, dtype=dtype)


def test_lora_trains_float32_beside_the_models_own_format() -> None:
    found = step("method: {r: 8, lora_dropout: 0.1, use_dora: true}")
    assert (found.method, found.rank, found.dropout, found.use_dora) == ("lora", 8, 0.1, True)
    assert (found.dtype, found.trained_dtype, found.autocast) == ("bfloat16", "float32", None)
    assert "model.layers.{}.self_attn.q_proj" in found.adapted
    assert len(found.adapted) == 7


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_full_training_keeps_float32_and_computes_in_the_models_format(dtype: Any) -> None:
    found = step("method: {type: full}", dtype=dtype)
    assert (found.method, found.trained_dtype, found.adapted) == ("full", "float32", ())
    assert found.autocast == (None if dtype == "float32" else dtype)


@pytest.mark.parametrize(
    ("training", "dtype", "trained", "autocast"),
    [
        ("bf16: true", "float32", "float32", "bfloat16"),
        ("fp16: true", "float32", "float32", "float16"),
        ("bf16: false", "bfloat16", None, None),
        ("bf16: false", "float32", "float32", None),
    ],
)
def test_mixed_precision_is_as_the_file_says(
    training: str, dtype: Any, trained: str | None, autocast: str | None
) -> None:
    for method in ("full", "lora"):
        found = step(f"training: {{{training}}}\nmethod: {{type: {method}}}", dtype=dtype)
        assert (found.trained_dtype, found.autocast) == (trained, autocast)


def test_weights_of_the_model_that_are_trained_beside_lora_need_autocast() -> None:
    saved = step("method: {modules_to_save: [model.norm]}")
    assert (saved.modules_to_save, saved.autocast) == (("model.norm",), "bfloat16")
    assert step("method: {bias: all}", attention_bias=True).autocast == "bfloat16"
    assert step("method: {bias: all}").autocast is None  # this model has none


def test_a_tied_pair_is_kept_tied_by_the_runner() -> None:
    found = settings("method: {modules_to_save: [embed_tokens]}")
    for tied in (True, False):
        adapted = adapted_by(found, llama(tie_word_embeddings=tied))
        assert adapted is not None
        assert sum(s.parameters for s in adapted.saved) == 256 * 64


def test_some_layers_of_a_group_are_named_one_by_one() -> None:
    found = step("method: {target_modules: 'model.layers.1.mlp.(up|down)_proj'}")
    assert found.adapted == ("model.layers.1.mlp.up_proj", "model.layers.1.mlp.down_proj")


def test_the_rest_is_as_the_file_says() -> None:
    found = step("""
        model: {name_or_path: models/tiny, attn_implementation: eager}
        training: {optim: sgd, max_grad_norm: 0, gradient_accumulation_steps: 4,
          gradient_checkpointing: true}
        """)
    assert (found.optimizer, found.clip_gradients, found.accumulation) == ("sgd", False, 4)
    assert (found.checkpointing, found.attention, found.loss) == (True, "eager", "selected")
    assert (found.batch_size, found.length, found.padding) == (2, 32, True)
    assert (found.logits_columns, found.learnt_tokens) == (31, 40)
    assert step("", kind="mps").device == "cpu"


# Batches


def prepared(rows: int, packs: int, tokens: int, learnt: int, longest: int) -> dict[str, Any]:
    lengths = {"min": 5, "median": longest // 2, "p95": longest, "max": longest}
    return {
        "rows": {"train": rows, "eval": 0},
        "tokens": {"train": tokens, "eval": 0},
        "learnt_tokens": {"train": learnt, "eval": 0},
        "lengths": {"train": lengths},
        "packs": {"train": packs, "eval": 0},
    }


def batches(fragment: str, facts: dict[str, Any] | None) -> tuple[Batch, Batch, Batch]:
    found = settings(fragment)
    size: DataSize = of_prepared(facts, found, 64, "") if facts else unknown(64, "")
    return (
        largest_batch(found, size, "low"),
        largest_batch(found, size, "likely"),
        largest_batch(found, size, "high"),
    )


def test_packs_are_full_and_told_apart_by_a_mask() -> None:
    low, likely, high = batches("", prepared(100, 30, 1800, 900, 40))
    assert {(b.rows, b.length, b.padded) for b in (low, likely, high)} == {(4, 64, True)}
    assert likely.learnt == 4 * 63 // 2
    assert (likely.columns, high.columns) == (59, 63)
    assert low.learnt < likely.learnt < high.learnt < 4 * 63


def test_padded_rows_are_as_long_as_the_longest_one() -> None:
    text = "data: {train: [{path: data/pairs.jsonl}], packing: false}"
    _, likely, high = batches(text, prepared(100, 100, 2000, 500, 40))
    assert (likely.rows, likely.length, likely.padded) == (4, 40, True)
    assert high.learnt == 4 * 39  # the longest row may be all answer
    one, *_ = batches(
        f"{text}\ntraining: {{per_device_train_batch_size: 1}}", prepared(100, 100, 2000, 500, 40)
    )
    assert (one.rows, one.padded) == (1, False)


def test_a_batch_has_no_more_rows_than_there_are() -> None:
    _, likely, _ = batches(
        "training: {per_device_train_batch_size: 16}", prepared(9, 3, 180, 90, 40)
    )
    assert likely.rows == 3


def test_of_rows_that_nobody_has_seen_the_longest_are_taken() -> None:
    low, likely, high = batches("", None)
    assert {(b.rows, b.length) for b in (low, likely, high)} == {(4, 64)}
    assert low.learnt < likely.learnt < high.learnt == 4 * 63
    text = batches(
        "data: {train: [{path: data/texts.txt}], text_template: '{text}'}",
        None,
    )
    assert {b.learnt for b in text} == {4 * 63}


def test_whatever_is_learnt_a_batch_has_a_column() -> None:
    assert replace(batches("", prepared(1, 1, 8, 0, 8))[1], padded=False) == Batch(
        rows=1, length=8, columns=1, learnt=1, padded=False
    )
