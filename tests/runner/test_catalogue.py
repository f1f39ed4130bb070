"""The generator of the catalogue, on types that take it seconds."""

from __future__ import annotations

import json
from typing import Any

import pytest

import pitchpipe_schemas
from pitchpipe.catalog import model_shape
from pitchpipe.modules import ModelShape, ShapeSource
from pitchpipe_runner.cataloguing import coverage
from pitchpipe_runner.cataloguing.classes import class_names, image_text_types, text_types
from pitchpipe_runner.cataloguing.conditions import fit_condition
from pitchpipe_runner.cataloguing.instances import Cases, Instance
from pitchpipe_runner.cataloguing.numbers import fit_number
from pitchpipe_runner.cataloguing.probing import probe, sampled, why_not_built
from pitchpipe_runner.cataloguing.shards import Result, differences, make, told

SOURCE = ShapeSource("config", "a test")


@pytest.fixture(scope="module", params=["openai-gpt", "olmo"])
def made(request: pytest.FixtureRequest) -> Result:
    return make(request.param)


def test_a_shard_is_made_and_held_to_models_not_seen(made: Result) -> None:
    assert made.shard is not None
    assert made.shard["exact"], (made.missed, made.wrong)
    assert made.held_out > 1


def test_what_ships_is_what_is_made(made: Result) -> None:
    assert json.loads(told(made)) == pitchpipe_schemas.architecture(made.model_type)


def test_a_shard_that_is_wrong_is_found_out() -> None:
    shard = pitchpipe_schemas.architecture("gpt2")
    assert shard is not None
    found = probe("gpt2")
    assert found is not None
    sample = sampled("gpt2", found.heads, {"n_layer": 2, "n_embd": 24, "n_head": 3}, found.names)
    assert sample is not None
    assert differences(shard, sample) == []
    wrong: dict[str, Any] = json.loads(json.dumps(shard))
    fused = next(group for group in wrong["groups"] if group["path"].endswith("attn.c_attn"))
    fused["parameters"][0][1][1] = ["*", 4, "n_embd"]
    found_out = differences(wrong, sample)
    assert all("c_attn" in said for said in found_out)
    assert len(found_out) == len(shard["heads"])


@pytest.mark.parametrize(
    ("model_type", "given"),
    [
        ("deberta-v2", {"norm_rel_ebd": "layer_norm", "relative_attention": True}),
        ("deberta-v2", {"norm_rel_ebd": "none|layer_norm"}),
        ("deepseek_v2", {"q_lora_rank": None}),
        ("deepseek_v3", {"q_lora_rank": None, "attention_bias": True}),
        ("glm4_moe_lite", {"q_lora_rank": None}),
        ("minicpm3", {"q_lora_rank": None}),
        ("mistral4", {"q_lora_rank": None}),
        ("youtu", {"q_lora_rank": None}),
        ("gpt_neo", {"num_layers": 4, "attention_types": [[["global", "local"], 2]]}),
        ("gpt_neo", {"num_layers": 1, "attention_types": [[["local"], 1]]}),
    ],
)
def test_settings_that_add_or_leave_out_modules_are_described(
    model_type: str, given: dict[str, Any]
) -> None:
    shard = pitchpipe_schemas.architecture(model_type)
    found = probe(model_type)
    assert shard is not None
    assert found is not None
    sample = sampled(model_type, found.heads, {**found.base.given, **given}, found.names)
    assert sample is not None
    assert differences(shard, sample) == []


def test_nested_configurations_are_read() -> None:
    shard = pitchpipe_schemas.architecture("qwen2_vl")
    assert shard is not None
    config = {"text_config": {"num_hidden_layers": 2}, "vision_config": {"depth": 3}}
    found = model_shape(shard, config, "causal-lm", SOURCE)
    assert isinstance(found, ModelShape)
    towers = {g.count for g in found.groups if g.path.endswith("attn.qkv")}
    assert towers == {3}


# formulas are found


def cases(*fields: dict[str, Any], index: tuple[int, ...] = ()) -> Cases:
    return Cases([Instance(values, index) for values in fields])


SIZES = cases(
    {"width": 48, "heads": 4, "kv": 2, "ratio": 2.0, "gated": True},
    {"width": 96, "heads": 8, "kv": 4, "ratio": 3.0, "gated": False},
    {"width": 60, "heads": 5, "kv": 1, "ratio": 2.5, "gated": True},
    {"width": 80, "heads": 4, "kv": 3, "ratio": 4.0, "gated": False},
    {"width": 36, "heads": 3, "kv": 3, "ratio": 1.5, "gated": False},
)
NAMES = ["width", "heads", "kv", "ratio", "gated"]


@pytest.mark.parametrize(
    "rule",
    [
        lambda f: 7,
        lambda f: f["width"],
        lambda f: 4 * f["width"],
        lambda f: f["width"] // f["heads"] * f["kv"],
        lambda f: f["width"] + 2 * f["kv"] * (f["width"] // f["heads"]),
        lambda f: int(f["width"] * f["ratio"]),
        lambda f: -(-f["width"] // 64) * 64,
    ],
    ids=["constant", "field", "multiple", "share of heads", "fused", "fraction", "rounded up"],
)
def test_the_formula_behind_numbers_is_found(rule: Any) -> None:
    target = [rule(instance.fields) for instance in SIZES.instances]
    formula = fit_number(SIZES, NAMES, target)
    assert formula is not None
    assert SIZES.values(formula) == target or formula == target[0]


def test_no_formula_is_made_up_for_noise() -> None:
    assert fit_number(SIZES, ["gated"], [3, 1, 4, 1, 5]) is None


LAYERS = Cases([
    Instance({"period": period, "first": first, "kinds": kinds}, (i,))
    for period, first, kinds in ((2, 1, ["a", "b", "a", "b"]), (3, 2, ["b", "b", "a", "a"]))
    for i in range(4)
])


@pytest.mark.parametrize(
    "rule",
    [
        lambda f, i: i == 0,
        lambda f, i: i % f["period"] == 0,
        lambda f, i: (i + 1) % f["period"] != 0,
        lambda f, i: i >= f["first"],
        lambda f, i: f["kinds"][i] == "a",
        lambda f, i: f["kinds"][i] == "b" and i >= f["first"],
    ],
    ids=["first", "every", "not every", "from", "kind", "both"],
)
def test_the_condition_behind_layers_is_found(rule: Any) -> None:
    target = [rule(case.fields, case.index[0]) for case in LAYERS.instances]
    formula = fit_condition(LAYERS, ["period", "first", "kinds"], target)
    assert formula is not None
    assert [bool(value) for value in LAYERS.values(formula)] == target


# what is covered


def test_the_table_says_of_each_type_how_well_it_is_described(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shards = {"llama": {"exact": True, "groups": [{"role": "q"}, {"role": "mlp"}] * 2}}
    shards["falcon"] = {**shards["llama"], "exact": False}
    monkeypatch.setattr(coverage, "text_types", lambda: ("falcon", "layoutlmv2", "llama"))
    monkeypatch.setattr(coverage, "image_text_types", lambda: ("llava",))
    monkeypatch.setattr(coverage.pitchpipe_schemas, "architecture", shards.get)
    reasons = {"layoutlmv2": "it needs the package detectron2"}
    monkeypatch.setattr(coverage, "why_not_built", reasons.get)
    table = coverage.table()
    assert "transformers" in table.splitlines()[2]
    assert "describes 2 of them, 1 exactly" in table
    assert "| falcon | approximate | yes | 2 |" in table
    assert "| llama | exact | yes | 2 |" in table
    assert "| layoutlmv2 | – |" in table
    assert "- `layoutlmv2`: it needs the package detectron2" in table
    assert "- `llava`: it can be built, but has not been described" in table


def test_the_reason_is_told_why_a_type_is_not_built() -> None:
    assert why_not_built("llama") is None
    reason = why_not_built("gemma4_assistant")
    assert reason is not None
    assert reason.startswith("transformers cannot build its default: ")


def test_types_for_images_are_no_types_for_text() -> None:
    assert not set(image_text_types()) & set(text_types())
    assert class_names("llava") == {"causal-lm": "LlavaForConditionalGeneration"}
    assert class_names("llama")["causal-lm"] == "LlamaForCausalLM"
