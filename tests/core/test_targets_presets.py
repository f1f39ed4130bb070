"""Presets by role, and the arguments that they become."""

import re

import pytest

from pitchpipe.modules import Parameter
from pitchpipe.targets import PRESETS, Choice, Method, peft_arguments, targets
from pitchpipe.targets.presets import ROLES
from support.shapes import attention, deepseek, head, linear, llama, mlp, other, shape


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_adapts_its_roles_and_nothing_else(preset: str):
    for model in (llama(), deepseek()):
        found = targets(model, Choice(preset))
        assert not found.refusals
        wanted = {
            name
            for name, group in model.modules()
            if group.role in ROLES[preset] and group.kind == "linear"
        }
        parameters = {name.removesuffix(".weight") for name in found.parameter_names}
        fused = {name for name in parameters if ".experts." in name}
        assert set(found.module_names) | (parameters - fused) == wanted
        assert bool(fused) == ("mlp" in preset and model.model_type == "deepseek_v3")


def test_last_names_are_given_where_they_are_enough():
    asked = peft_arguments(llama(), Choice("attention"))
    assert asked.target_modules == ("q_proj", "k_proj", "v_proj", "o_proj")
    assert asked.target_parameters is None


def test_more_of_a_name_is_given_where_the_last_is_not_enough():
    model = shape(
        linear("layers.{}.attention.dense", "o"), linear("layers.{}.mlp.dense", "mlp"), head()
    )
    assert peft_arguments(model, Choice("mlp")).target_modules == ("mlp.dense",)


def test_a_pattern_is_given_where_names_are_not_enough():
    model = shape(
        linear("text.layers.{}.q_proj", "q"),
        linear("text.layers.{}.k_proj", "k"),
        linear("vision.layers.{}.q_proj", "tower"),
    )
    asked = peft_arguments(model, Choice("attention")).target_modules
    assert asked == r"text\.layers\.\d+\.(q_proj|k_proj)"
    assert targets(model, Choice("attention")).module_names == (
        "text.layers.0.q_proj",
        "text.layers.1.q_proj",
        "text.layers.0.k_proj",
        "text.layers.1.k_proj",
    )


def test_indices_are_spelt_where_the_same_path_is_two_things():
    model = shape(
        linear("layers.{}.block.out", "o", at=((0,), (10,))),
        linear("layers.{}.block.out", "mixer", at=((1,),)),
    )
    asked = peft_arguments(model, Choice("attention")).target_modules
    assert isinstance(asked, str)
    assert [name for name, _ in model.modules() if re.fullmatch(asked, name)] == [
        "layers.0.block.out",
        "layers.10.block.out",
    ]


def test_places_in_a_sequence_are_spelt_as_others_have_no_weights():
    model = shape(linear("h.{}.ffn.{}", "mlp", at=((0, 0), (0, 2), (1, 0), (1, 2))))
    asked = peft_arguments(model, Choice("mlp")).target_modules
    assert isinstance(asked, str)
    assert re.fullmatch(asked, "h.1.ffn.2")
    assert not re.fullmatch(asked, "h.1.ffn.1")


def test_dense_layers_of_a_rewritten_type_are_named_as_parameters():
    asked = peft_arguments(deepseek(), Choice("mlp"))
    assert asked.target_modules == ()
    assert asked.target_parameters == (
        "gate_proj.weight",
        "up_proj.weight",
        "down_proj.weight",
        "gate_up_proj",
        "down_proj",
    )


def test_methods_without_parameter_targets_leave_experts_alone():
    asked = peft_arguments(deepseek(), Choice("mlp"), Method("loha"))
    assert asked.target_modules == ("gate_proj", "up_proj", "down_proj")
    assert asked.target_parameters is None


def test_a_preset_that_the_model_has_nothing_for_matches_nothing():
    found = targets(shape(*mlp(), head()), Choice("attention"))
    assert [refusal.reason for refusal in found.refusals] == ["no-match"]


def test_convolutions_of_width_one_are_linear_layers():
    query = Parameter("weight", (8, 8, 1))
    wide = Parameter("weight", (8, 8, 3))
    model = shape(
        other("h.{}.query", "convolution", "q", query, class_name="Conv1d"),
        other("h.{}.spread", "convolution", "attention", wide, class_name="Conv1d"),
    )
    assert targets(model, Choice("attention")).module_names == ("h.0.query", "h.1.query")


def test_own_parameters_are_added_to_a_preset_s():
    asked = peft_arguments(
        shape(*attention(), head()), Choice("attention", target_parameters=("lm_head.weight",))
    )
    assert asked.target_parameters == ("lm_head.weight",)
