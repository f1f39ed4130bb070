"""What a shard says of a configuration. The shard is small and made up; real ones follow below."""

from __future__ import annotations

from typing import Any

import pytest

import pitchpipe_schemas
from pitchpipe.catalog import model_shape
from pitchpipe.facts import NotRead
from pitchpipe.modules import Head, ModelShape, ModuleGroup, ShapeSource

SOURCE = ShapeSource("config", "a test")
DENSE = ["==", ["item", "layer_types", ["index", 0]], ["text", "full_attention"]]
WIDE = ["if", DENSE, "wide", "hidden_size"]

SHARD: dict[str, Any] = {
    "model_type": "made_up",
    "transformers": "5.23.0",
    "exact": True,
    "heads": {"causal-lm": "MadeUpForCausalLM", "token-classification": "MadeUpForTokens"},
    "text": "text_config",
    "parts": ["text_config"],
    "aliases": {"text_config.n_layer": "text_config.num_layers"},
    "defaults": {
        "text_config.hidden_size": 8,
        "text_config.wide": None,
        "text_config.num_layers": 4,
        "text_config.layer_types": None,
        "text_config.experts": 3,
        "text_config.tie": True,
    },
    "derived": [],
    "places": [],
    "groups": [],
}


def _prefixed(formula: Any) -> Any:
    """Names of fields are those of the text model's configuration."""
    if isinstance(formula, str):
        return formula if formula == "num_labels" else f"text_config.{formula}"
    if not isinstance(formula, list) or formula[0] in {"text", "index"}:
        return formula
    return [formula[0], *map(_prefixed, formula[1:])]


def shard(**more: Any) -> dict[str, Any]:
    layers = {"count": _prefixed("num_layers")}
    every_layer = {"axes": [layers]}
    some_layers = {"axes": [{**layers, "where": _prefixed(["not", DENSE])}]}
    experts = {"axes": [*some_layers["axes"], {"count": _prefixed("experts")}]}
    once = {"axes": []}
    weight = ["weight", list(map(_prefixed, [WIDE, "hidden_size"])), {}]
    tied = {"tied": [[_prefixed("tie"), "embed.weight"]]}
    return {
        **SHARD,
        "derived": [
            [_p("wide"), _prefixed(["*", 4, "hidden_size"]), False],
            [
                _p("layer_types"),
                _prefixed([
                    "each",
                    "num_layers",
                    [
                        "if",
                        ["%", ["index", 0], 2],
                        ["text", "full_attention"],
                        ["text", "linear_attention"],
                    ],
                ]),
                False,
            ],
        ],
        "places": [every_layer, some_layers, experts, once],
        "groups": [
            _group("layers.{}.up", 0, weight),
            _group("layers.{}.mixer", 1, ["weight", [2, _p("hidden_size")], {}]),
            _group("layers.{}.experts.{}.up", 2, ["weight", [_p("hidden_size"), 2], {}]),
            _group("embed", 3, ["weight", [100, _p("hidden_size")], {}], kind="embedding"),
            {
                **_group("head.0", 3, ["weight", [100, _p("hidden_size")], tied]),
                "heads": ["causal-lm"],
            },
            {
                **_group("score", 3, ["weight", ["num_labels", _p("hidden_size")], {}]),
                "heads": ["token-classification"],
            },
        ],
        **more,
    }


def _p(name: str) -> str:
    return f"text_config.{name}"


def _group(path: str, place: int, *parameters: Any, kind: str = "linear") -> dict[str, Any]:
    return {
        "path": path,
        "kind": kind,
        "role": "mlp",
        "class": "Linear",
        "place": place,
        "parameters": list(parameters),
    }


def shape(text_config: dict[str, Any], head: Head = "causal-lm", **more: Any) -> ModelShape:
    found = model_shape(shard(), {"text_config": text_config, **more}, head, SOURCE)
    assert isinstance(found, ModelShape)
    return found


def groups(found: ModelShape, path: str) -> list[ModuleGroup]:
    return [group for group in found.groups if group.path == path]


def test_layers_that_differ_are_groups_of_their_own() -> None:
    first, second = groups(shape({}), "layers.{}.up")
    assert (first.names, first.parameters[0].shape) == (("layers.0.up", "layers.2.up"), (8, 8))
    assert (second.names, second.parameters[0].shape) == (("layers.1.up", "layers.3.up"), (32, 8))


def test_a_condition_chooses_the_layers_that_have_a_module() -> None:
    kinds = ["full_attention", "full_attention", "linear_attention", "full_attention"]
    (mixer,) = groups(shape({"layer_types": kinds}), "layers.{}.mixer")
    assert mixer.names == ("layers.2.mixer",)


def test_lists_in_lists_are_counted_out() -> None:
    (experts,) = groups(shape({"num_layers": 3, "experts": 2}), "layers.{}.experts.{}.up")
    assert experts.at == ((0, 0), (0, 1), (2, 0), (2, 1))


def test_a_former_name_of_a_kind_of_layer_is_read() -> None:
    (mixer,) = groups(
        shape({"layer_types": ["mamba", "attention", "mamba", "attention"]}), "layers.{}.mixer"
    )
    assert mixer.names == ("layers.0.mixer", "layers.2.mixer")


def test_zambas_layers_have_former_names_too() -> None:
    told = pitchpipe_schemas.architecture("zamba")
    assert told is not None
    config = {"num_hidden_layers": 4, "layers_block_type": ["mamba", "hybrid", "mamba", "hybrid"]}
    found = model_shape(told, config, "causal-lm", SOURCE)
    assert isinstance(found, ModelShape)
    owners = {
        name: group.parameters[0].tied_to
        for name, group in found.modules()
        if name.endswith("q_proj")
    }
    first = "model.layers.1.shared_transf.self_attn.q_proj"
    assert owners == {first: None, first.replace("1", "3"): f"{first}.weight"}


def test_an_alias_stands_for_the_field() -> None:
    assert shape({"n_layer": 1}).config["num_layers"] == 1
    assert len(groups(shape({"n_layer": 1}), "layers.{}.up")) == 1


def test_a_given_value_is_not_computed() -> None:
    assert groups(shape({"wide": 9}), "layers.{}.up")[1].parameters[0].shape == (9, 8)


def test_a_class_has_the_groups_of_its_head() -> None:
    found = shape({}, "token-classification", id2label={"0": "a", "1": "b", "2": "c"})
    assert groups(found, "score")[0].parameters[0].shape == (3, 8)
    assert not groups(found, "head.{}")
    assert groups(shape({}), "head.{}")[0].names == ("head.0",)


def test_a_tied_matrix_counts_once() -> None:
    apart, together = shape({"tie": False}), shape({"tie": True})
    assert apart.numel - together.numel == 100 * 8
    assert groups(together, "head.{}")[0].parameters[0].tied_to == "embed.weight"


def test_layers_by_turns_have_the_weights_of_the_first_ones() -> None:
    first = ["%", ["index", 0], 2]
    more = {"tied": [[["<", 1, ["index", 0]], "layers.{}.up.weight", [first]]]}
    weight = ["weight", [32, _p("hidden_size")], more]
    told = shard(groups=[_group("layers.{}.up", 0, weight)])
    found = model_shape(told, {"text_config": {"num_layers": 5}}, "causal-lm", SOURCE)
    assert isinstance(found, ModelShape)
    owners = [group.parameters[0].tied_to for _, group in found.modules()]
    zeroth, other = "layers.0.up.weight", "layers.1.up.weight"
    assert sorted(owner or "" for owner in owners) == ["", "", zeroth, zeroth, other]
    assert found.numel == 2 * 32 * found.config["hidden_size"]


def test_modules_without_a_formula_are_named() -> None:
    assert shape({}).undescribed == ()
    told = shard(undescribed=["layers.{}.adapter"])
    found = model_shape(told, {}, "causal-lm", SOURCE)
    assert isinstance(found, ModelShape)
    assert found.undescribed == ("layers.{}.adapter",)


def test_the_language_models_own_configuration_is_told() -> None:
    assert shape({"hidden_size": 16}).config["hidden_size"] == 16
    assert shape({}).config["wide"] == 32


def test_fields_of_the_language_model_may_stand_beside_its_part() -> None:
    found = model_shape(shard(), {"hidden_size": 16, "n_layer": 2}, "causal-lm", SOURCE)
    assert isinstance(found, ModelShape)
    assert found.config["hidden_size"] == 16
    assert len(groups(found, "layers.{}.up")) == 2


@pytest.mark.parametrize("given", [{}, {"model_type": "llama"}, {"model_type": None}])
def test_a_part_of_the_known_type_is_described(given: dict[str, Any]) -> None:
    known = shard(types={"text_config": "llama"})
    assert isinstance(model_shape(known, {"text_config": given}, "causal-lm", SOURCE), ModelShape)


def test_a_part_of_another_type_is_not_described() -> None:
    found = model_shape(
        shard(types={"text_config": "llama"}),
        {"text_config": {"model_type": "mistral"}},
        "causal-lm",
        SOURCE,
    )
    assert found == NotRead("`text_config` is of type 'mistral'; known is one of type llama")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"text_config": 7}, "not a mapping"),
        ({"text_config": {"num_layers": 100_000}}, "more than any model has"),
        ({"text_config": {"num_layers": "many"}}, "'many', not a whole number"),
        ({"text_config": {"hidden_size": -8}}, "no size"),
        ({"text_config": {"layer_types": ["full_attention"]}}, "list index out of range"),
    ],
)
def test_a_configuration_without_a_shape_is_refused_with_the_reason(
    config: dict[str, Any], said: str
) -> None:
    found = model_shape(shard(), config, "causal-lm", SOURCE)
    assert isinstance(found, NotRead)
    assert said in found.reason


def test_a_head_without_a_class_is_refused() -> None:
    found = model_shape(shard(), {}, "masked-lm", SOURCE)
    assert found == NotRead("`made_up` has no class for masked-lm")


def test_settings_of_single_layers_make_a_shape_inexact() -> None:
    assert shape({}).exact
    assert not shape({}, per_layer_config={"0": {"hidden_size": 4}}).exact


# the shards that ship

NAMES = pitchpipe_schemas.architectures()
# Their defaults leave a size open: transformers 5.23 builds no such model either.
OPEN = {
    *("dots1", "esm", "hunyuan_v1_dense", "hunyuan_v1_moe", "lfm2_moe", "ministral", "nemotron"),
    *("qwen4_exp", "qwen4_exp_text", "zamba", "zamba2"),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_shard_that_ships_describes_its_own_defaults(name: str) -> None:
    found = pitchpipe_schemas.architecture(name)
    assert found is not None
    assert found["model_type"] == name
    for head, class_name in found["heads"].items():
        described = model_shape(found, {}, head, SOURCE)
        if isinstance(described, NotRead):
            assert name in OPEN or not found["exact"], described.reason
            continue
        assert described.class_name == class_name
        assert described.numel > 0
        names = [f"{n}.{p.name}" for n, g in described.modules() for p in g.parameters]
        assert len(set(names)) == len(names)
        owners = {p.tied_to for g in described.groups for p in g.parameters if p.tied_to}
        assert not found["exact"] or owners <= set(names)
