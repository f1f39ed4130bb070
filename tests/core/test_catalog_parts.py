"""Parts of a configuration that are not given, groups that have no formula, and layers' own."""

from __future__ import annotations

from typing import Any

import pytest

from pitchpipe.catalog import model_shape
from pitchpipe.catalog.formulas import Formula, depends_on_index, evaluate
from pitchpipe.modules import ModelShape, ShapeSource

_SHARD: dict[str, Any] = {
    "model_type": "with_parts",
    "transformers": "5.23.0",
    "exact": True,
    "heads": {"causal-lm": "WithPartsForCausalLM"},
    "text": "text_config",
    "parts": ["text_config"],
    "aliases": {},
    "defaults": {"text_config.hidden_size": 8, "text_config.layers": 3},
    "absent": {"text_config": {"text_config.hidden_size": 16}},
    "derived": [],
    "places": [{"axes": [{"count": "text_config.layers"}]}],
    "groups": [
        {
            "path": "layers.{}.gate",
            "kind": "other",
            "role": "router",
            "class": "Router",
            "place": 0,
            "parameters": [
                ["weight", ["text_config.hidden_size"], {}],
                ["scale", [2], {"if": ["not", ["==", ["index", 0], 0]]}],
            ],
        }
    ],
}


def _shape(config: dict[str, Any]) -> ModelShape:
    shape = model_shape(_SHARD, config, "causal-lm", ShapeSource("config", "a test"))
    assert isinstance(shape, ModelShape)
    return shape


def _width(config: dict[str, Any]) -> int:
    return _shape(config).groups[0].parameters[0].shape[0]


@pytest.mark.parametrize(
    ("config", "width"),
    [
        ({}, 16),
        ({"text_config": None}, 16),
        ({"text_config": {}}, 8),
        ({"text_config": {"layers": 1}}, 8),
        ({"text_config": {"hidden_size": 4}}, 4),
    ],
)
def test_a_part_that_is_not_given_has_defaults_of_its_own(
    config: dict[str, Any], width: int
) -> None:
    assert _width(config) == width


def test_a_parameter_that_only_some_layers_have_is_in_those_alone() -> None:
    held = {name: [p.name for p in group.parameters] for name, group in _shape({}).modules()}
    assert held == {
        "layers.0.gate": ["weight"],
        "layers.1.gate": ["weight", "scale"],
        "layers.2.gate": ["weight", "scale"],
    }


def test_a_condition_inside_a_parameter_depends_on_the_layer() -> None:
    assert depends_on_index(_SHARD["groups"][0]["parameters"])
    assert not depends_on_index([["weight", ["hidden_size"], {"if": "bias"}]])


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        (["root", 16], 4),
        (["root", 24], 4),
        (["root", "experts"], 5),
        (["list", "sizes"], True),
        (["list", "experts"], False),
        (["if", ["list", "experts"], "experts", ["each", 2, "experts"]], [25, 25]),
        (["item", "pattern", 1], "*"),
    ],
)
def test_a_formula_reads_roots_lists_and_letters(formula: Formula, value: object) -> None:
    assert evaluate(formula, {"experts": 25, "sizes": [1], "pattern": "M*"}) == value


def test_numbered_names_beside_fixed_ones_keep_their_indices() -> None:
    experts: dict[str, Any] = {
        "path": "block.{}.layer.1.experts.expert_{}",
        "kind": "linear",
        "role": "expert",
        "class": "Linear",
        "place": 1,
        "parameters": [["weight", [2, 2], {}]],
    }
    axes = [{"count": "text_config.layers"}, {"count": 2}]
    shard = {**_SHARD, "places": [*_SHARD["places"], {"axes": axes}], "groups": [experts]}
    shape = model_shape(
        shard, {"text_config": {"layers": 1}}, "causal-lm", ShapeSource("config", "a test")
    )
    assert isinstance(shape, ModelShape)
    assert [name for name, _ in shape.modules()] == [
        "block.0.layer.1.experts.expert_0",
        "block.0.layer.1.experts.expert_1",
    ]
