"""Configurations that no model has, in fields on which no module's shape depends or that are 0."""

from __future__ import annotations

from typing import Any

import pytest

import pitchpipe_schemas
from pitchpipe.catalog import model_shape
from pitchpipe.estimate import Interval, Records, Step, estimate
from pitchpipe.estimate.choices import compare, largest, linear_layers
from pitchpipe.estimate.numbers import size_of
from pitchpipe.estimate.time import DeviceRates, duration
from pitchpipe.modules import ModelShape, ShapeSource
from pitchpipe_facts import shipped

_SMALL: dict[str, dict[str, Any]] = {
    "llama": {"hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 100},
    "gpt2": {"n_embd": 64, "n_layer": 2, "n_head": 4, "vocab_size": 100},
    "mixtral": {"hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 100},
    "mamba": {"hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 100},
}


@pytest.mark.parametrize(
    ("model_type", "field", "value"),
    [
        ("llama", "num_key_value_heads", 0),
        ("llama", "max_position_embeddings", "x"),
        ("llama", "max_position_embeddings", float("nan")),
        ("llama", "attention_dropout", "x"),
        ("llama", "hidden_size", 0),
        ("gpt2", "n_head", "x"),
        ("gpt2", "n_embd", 1),
        ("gpt2", "n_embd", 0),
        ("mixtral", "num_experts_per_tok", [2]),
        ("mamba", "hidden_size", 0),
    ],
)
def test_odd_values_are_no_obstacle(model_type: str, field: str, value: Any) -> None:
    shard = pitchpipe_schemas.architecture(model_type)
    assert shard is not None
    config = {"model_type": model_type, **_SMALL[model_type], field: value}
    shape = model_shape(shard, config, "causal-lm", ShapeSource("config", ""))
    assert isinstance(shape, ModelShape)
    records, rates = shipped.records(model_type), DeviceRates(1e14, 1e12)
    some = Interval(10, 20, 30)
    for records_or_none in (records, Records(None, records.fragments)):
        for method in ("full", "lora"):
            step = Step(batch_size=2, length=32, method=method, adapted=linear_layers(shape))
            found = estimate(shape, step, records_or_none)
            assert 0 < found.total.low <= found.total.likely <= found.total.high
            took = duration(shape, step, found, some, some, rates)
            assert took is None or took.seconds.low <= took.seconds.high
            assert largest(shape, step, records_or_none, 1 << 31).batch_size > 0
    compared = compare(shape, step, records)
    assert [one.trainable for name, one in compared.items() if name == "full"] in (
        [shape.numel],
        [],  # where nothing is computed
    )


@pytest.mark.parametrize(
    ("value", "size"), [(7, 7), (0, 3), (-7, 3), (True, 3), ("7", 3), (None, 3), (7.0, 3)]
)
def test_the_first_size_counts(value: Any, size: int) -> None:
    assert size_of({"a": value, "b": 3}, "a", "b") == size
    assert size_of({"a": value}, "b") == 0
