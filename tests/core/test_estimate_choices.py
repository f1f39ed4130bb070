"""Which methods are set beside each other."""

from __future__ import annotations

import pytest

from pitchpipe.estimate import Step
from pitchpipe.estimate.choices import compare, linear_layers
from pitchpipe.modules import ModelShape
from pitchpipe_facts import shipped


def methods(model_type: str) -> dict[str, int]:
    """What each method trains."""
    shape = shipped.shapes().of_type(model_type, "causal-lm")
    assert isinstance(shape, ModelShape)
    step = Step(loss="selected", adapted=linear_layers(shape))
    found = compare(shape, step, shipped.records(model_type))
    return {name: one.trainable for name, one in found.items()}


def test_a_prefix_has_keys_and_values_of_every_layer() -> None:
    assert methods("qwen3")["prefix-tuning"] == 20 * 32 * 2 * 32 * 128  # layers, heads, width


@pytest.mark.parametrize(
    "model_type",
    [
        "qwen3_next",  # linear attention, and no record of it
        "nemotron_h",  # state spaces
        "deepseek_v3",  # latent attention
        "falcon_mamba",  # no attention at all
    ],
)
def test_where_a_prefix_fails_or_nobody_knows_it_is_left_out(model_type: str) -> None:
    found = methods(model_type)
    assert "prefix-tuning" not in found
    assert {"full", "lora", "prompt-tuning"} <= set(found)
    assert all(found.values())
