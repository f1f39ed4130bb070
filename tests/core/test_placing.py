"""What the runner asks of PEFT for a file's `method`."""

from dataclasses import replace

import pytest

from pitchpipe.modules import ModelShape
from pitchpipe.placing import default_method, placement
from support.analysis import SCHEMA
from support.shapes import attention, deepseek, embedding, head, hybrid, llama, shape

METHOD = replace(default_method(SCHEMA), r=4)


def mamba() -> ModelShape:
    """A hybrid whose mixers have a projection that PEFT refuses."""
    return replace(hybrid(), model_type="falcon_h1")


def leaves(names: tuple[str, ...]) -> set[str]:
    return {name.rpartition(".")[2] for name in names}


def test_all_linear_leaves_out_what_mamba_s_kernel_would_pass_over():
    placed = placement(METHOD, mamba())
    assert placed.left_out == ("model.layers.{}.mamba.out_proj",)
    assert placed.targets.refusals == ()
    found = leaves(placed.targets.module_names)
    assert "in_proj" in found
    assert "q_proj" in found
    assert "out_proj" not in found
    assert placed.choice.exclude_modules == ("out_proj",)


@pytest.mark.parametrize("targets", [("in_proj", "out_proj"), r".*mamba\.\w+"])
def test_what_was_named_is_refused_and_not_left_out(targets: str | tuple[str, ...]):
    placed = placement(replace(METHOD, target_modules=targets), mamba())
    assert placed.left_out == ()
    assert [r.reason for r in placed.targets.refusals] == ["mamba-output"]


def test_nothing_is_left_out_of_other_models():
    placed = placement(METHOD, llama())
    assert placed.left_out == ()
    assert placed.choice.exclude_modules == ()
    assert len(placed.targets.module_names) == 14


def test_a_name_that_matches_nothing_is_missing():
    placed = placement(replace(METHOD, target_modules=("q_proj", "q_prj")), llama())
    (missing,) = placed.missing
    assert (missing.text, missing.nearest) == ("q_prj", "q_proj")


def test_names_of_single_experts_stand_for_the_fused_ones():
    names = ("gate_proj", "up_proj", "down_proj")
    fused = shape(*(g for g in deepseek().groups if g.role not in {"mlp", "shared-expert"}))
    model = replace(fused, model_type="deepseek_v3")
    assert placement(replace(METHOD, target_modules=names), model).missing == ()
    missing = placement(replace(METHOD, target_modules=(*names, "w4")), model).missing
    assert [entry.text for entry in missing] == ["w4"]
    unknown = replace(model, model_type="gpt_oss")
    missing = placement(replace(METHOD, target_modules=names), unknown).missing
    assert [entry.text for entry in missing] == list(names)


@pytest.mark.parametrize("name", ["lm_head", "model.embed_tokens"])
@pytest.mark.parametrize("tied", [True, False])
def test_a_copy_of_a_tied_matrix_stays_tied(name: str, tied: bool):
    model = shape(embedding(), *attention(), head(tied=tied))
    placed = placement(replace(METHOD, modules_to_save=(name,)), model)
    assert placed.choice.ensure_weight_tying is tied


def test_what_the_file_chooses_reaches_peft_s_arguments():
    method = replace(
        METHOD,
        target_modules=("q_proj", "down_proj"),
        exclude_modules=("layers.0.mlp.down_proj",),
        layers_to_transform=(0,),
        layers_pattern=("layers",),
        rank_pattern={"q_proj": 2},
    )
    placed = placement(method, llama())
    assert placed.targets.module_names == ("model.layers.0.self_attn.q_proj",)
    assert [adapted.rank for adapted in placed.targets.modules] == [2]
    choice = placed.choice
    assert (choice.layers_to_transform, choice.layers_pattern) == ((0,), ("layers",))


def test_parameters_are_adapted_too():
    method = replace(METHOD, target_modules=(), target_parameters=("q_proj.weight",))
    names = placement(method, llama()).targets.parameter_names
    assert names == (
        "model.layers.0.self_attn.q_proj.weight",
        "model.layers.1.self_attn.q_proj.weight",
    )
