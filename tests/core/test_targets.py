"""Which modules PEFT would adapt: the semantics of names, patterns and exclusions."""

import pytest

from pitchpipe.modules import ModelShape
from pitchpipe.targets import Choice, Method, Targets, targets
from support.shapes import attention, deepseek, embedding, head, linear, llama, mlp, other, shape


def reasons(found: Targets) -> list[str]:
    return [refusal.reason for refusal in found.refusals]


def leaves(found: Targets) -> list[str]:
    return sorted({adapted.group.leaf for adapted in found.modules})


def test_a_name_matches_the_end_of_a_module_after_a_dot():
    found = targets(llama(), Choice(("q_proj", "proj")))
    assert found.module_names == (
        "model.layers.0.self_attn.q_proj",
        "model.layers.1.self_attn.q_proj",
    )
    assert [(entry.text, entry.count) for entry in found.entries] == [("q_proj", 2), ("proj", 0)]


def test_a_name_may_spell_an_index():
    found = targets(
        llama(), Choice(("layers.1.self_attn.q_proj", "1.mlp.up_proj", "01.mlp.up_proj"))
    )
    assert found.module_names == ("model.layers.1.self_attn.q_proj", "model.layers.1.mlp.up_proj")
    assert [entry.count for entry in found.entries] == [1, 1, 0]


def test_a_misspelt_name_gets_the_nearest_one():
    found = targets(llama(), Choice(("q_proj", "k_porj", "self_atn.v_proj", "xyzzy")))
    assert [entry.nearest for entry in found.entries] == [None, "k_proj", "self_attn.v_proj", None]
    assert not found.refusals  # PEFT passes over a name that it does not find


def test_a_pattern_matches_whole_names():
    assert leaves(targets(llama(), Choice(r".*\.(q|v)_proj"))) == ["q_proj", "v_proj"]
    assert reasons(targets(llama(), Choice("q_proj"))) == ["no-match"]


@pytest.mark.parametrize(
    ("pattern", "layers"),
    [
        (r".*\.1\..*q_proj", ["1"]),
        (r".*\.[1-9]\..*q_proj", ["1"]),
        (r".*\.\d\..*q_proj", ["0", "1"]),
    ],
)
def test_a_pattern_may_choose_layers(pattern: str, layers: list[str]):
    found = targets(llama(), Choice(pattern))
    assert [name.split(".")[2] for name in found.module_names] == layers


def test_an_index_of_two_digits_is_told_from_one_of_one():
    deep = shape(linear("layers.{}.q", "q", at=((9,), (10,))))
    assert targets(deep, Choice(r"layers\.\d.q")).module_names == ("layers.9.q",)


def test_all_linear_leaves_out_the_output_layer_alone():
    found = targets(llama(), Choice("All-Linear"))
    assert leaves(found) == [
        "down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj",
    ]  # fmt: skip
    assert not list(found.hits("head"))


def test_all_linear_takes_what_ends_in_the_name_of_a_top_level_layer():
    lookalike = other("model.embed.proj", "embedding", "embedding", at=((),))
    model = shape(linear("embed.proj", "other", at=((),)), lookalike)
    assert targets(model, Choice("all-linear")).module_names == ("embed.proj", "model.embed.proj")


def test_a_module_that_holds_others_is_refused():
    found = targets(llama(), Choice(("mlp",)))
    assert reasons(found) == ["unsupported-module"]
    assert found.refusals[0].paths == ("model.layers.{}.mlp",)


def test_a_module_without_weights_is_refused():
    model = shape(*mlp(), other("model.layers.{}.mlp.act_fn", class_name="SiLU"))
    assert reasons(targets(model, Choice(r".*\.mlp\..*"))) == ["unsupported-module"]


def test_a_pattern_that_takes_everything_below_is_said_to_do_so():
    assert targets(llama(), Choice(r".*\.mlp\..*")).open_ended == ("model.layers.{}.mlp",)
    assert targets(llama(), Choice(r".*\.mlp\.\w+_proj")).open_ended == ()
    listed = shape(*mlp(), other("model.layers.{}.mlp.act_fn"))
    assert targets(listed, Choice(r".*\.mlp\..*")).open_ended == ()


def test_embeddings_and_heads_can_be_named():
    found = targets(llama(), Choice(("lm_head", "embed_tokens", "q_proj")))
    assert [adapted.group.path for adapted in found.hits("head", "embedding")] == [
        "model.embed_tokens",
        "lm_head",
    ]


def test_excluded_modules_stay_out():
    names = targets(llama(), Choice("all-linear", exclude_modules=("mlp.up_proj",)))
    pattern = targets(llama(), Choice("all-linear", exclude_modules=r".*up_proj"))
    assert "up_proj" not in leaves(names)
    assert names.module_names == pattern.module_names


def test_what_is_saved_has_no_adapter():
    found = targets(llama(), Choice(("q_proj", "lm_head"), modules_to_save=("lm_head",)))
    assert leaves(found) == ["q_proj"]
    assert [copy.path for copy in found.saved] == ["lm_head"]


def test_nothing_left_by_exclusions_is_told_from_nothing_found():
    assert reasons(targets(llama(), Choice(("q_proj",), exclude_modules=("q_proj",)))) == [
        "all-excluded"
    ]
    found = targets(llama(), Choice(("query",)))
    assert (reasons(found), found.refusals[0].says) == (["no-match"], "not found in the base model")


@pytest.mark.parametrize("pattern", [(), ("layers",)])
def test_layers_to_transform_go_by_the_first_index(pattern: tuple[str, ...]):
    choice = Choice(("q_proj",), layers_to_transform=(1,), layers_pattern=pattern)
    assert targets(llama(), choice).module_names == ("model.layers.1.self_attn.q_proj",)


def test_layers_to_transform_need_their_pattern_to_be_there():
    choice = Choice(("q_proj",), layers_to_transform=(1,), layers_pattern=("h",))
    assert reasons(targets(llama(), choice)) == ["no-match"]


def test_layers_are_not_chosen_beside_a_pattern():
    assert reasons(targets(llama(), Choice(".*q_proj", layers_to_transform=(1,)))) == [
        "bad-configuration"
    ]
    assert reasons(targets(llama(), Choice(("q_proj",), layers_pattern=("h",)))) == [
        "bad-configuration"
    ]


def test_an_invalid_pattern_is_a_finding():
    found = targets(llama(), Choice(r"(q_proj"))
    assert (reasons(found), found.module_names) == (["bad-pattern"], ())
    assert "unterminated" in found.refusals[0].detail


@pytest.mark.parametrize(
    "pattern",
    [
        r"(.*)*(.*)*(.*)*!",
        r"(\w+\.?)+!",
        r"((a|.)*)*!",
        r"((.+)+1)+!",
        r"((\w?){1000}){1000}!",
        ".*" * 20 + "!",
    ],
)
def test_a_pattern_that_would_take_for_ever_is_tried_all_the_same(pattern: str):
    assert reasons(targets(llama(), Choice(pattern))) == ["no-match"]


def test_a_nested_repetition_that_matches_does():
    found = targets(llama(), Choice(r"(\w+\.)*(q|v)_proj"))
    assert leaves(found) == ["q_proj", "v_proj"]


def test_a_pattern_that_cannot_be_bounded_is_said_to_be_so():
    assert reasons(targets(llama(), Choice(r"((\w+)\.)*\2"))) == ["costly-pattern"]


@pytest.mark.parametrize(
    "model_type", ["mamba", "mamba2", "falcon_mamba", "falcon_h1", "nemotron_h"]
)
def test_mamba_refuses_its_output_projection(model_type: str):
    mixer = "backbone.layers.{}.mixer"
    model = shape(
        linear(f"{mixer}.in_proj", "mixer"),
        linear(f"{mixer}.out_proj", "mixer"),
        model_type=model_type,
    )
    assert reasons(targets(model, Choice("all-linear"))) == ["mamba-output"]
    assert reasons(targets(model, Choice("all-linear"), Method("hra"))) == []
    assert reasons(targets(model, Choice(("in_proj",)))) == []


def test_peft_s_table_is_asked_where_nothing_is_named():
    found = targets(llama(), Choice(None))
    assert (found.asked.target_modules, leaves(found)) == (
        ("q_proj", "v_proj"),
        ["q_proj", "v_proj"],
    )
    strange = shape(*attention(), model_type="zebra")
    assert reasons(targets(strange, Choice(None))) == ["no-default", "no-match"]


def test_a_rewritten_type_has_no_default():
    assert reasons(targets(deepseek(), Choice(None))) == ["no-match"]


def test_names_of_experts_are_rewritten_and_dense_layers_are_lost():
    found = targets(deepseek(), Choice(("q_proj", "gate_proj", "up_proj", "down_proj")))
    assert leaves(found) == ["q_proj"]
    assert found.parameter_names == (
        "model.layers.1.mlp.experts.gate_up_proj",
        "model.layers.1.mlp.experts.down_proj",
    )
    assert found.rewriting is not None
    assert found.rewriting.parameters == ("gate_up_proj", "down_proj")
    assert found.lost == tuple(f"model.layers.{{}}.mlp.{n}_proj" for n in ("gate", "up", "down"))
    assert [adapted.rank for adapted in found.parameters] == [16, 8]  # two halves, twice the rank


def test_half_of_a_fused_parameter_is_refused():
    found = targets(deepseek(), Choice(("gate_proj", "down_proj")))
    assert (reasons(found), found.refusals[0].detail) == (["half-of-fused"], "up_proj")


def test_a_pattern_for_one_layer_is_widened_to_all_of_them():
    found = targets(deepseek(), Choice(r"model\.layers\.0\.self_attn\.q_proj"))
    assert len(found.module_names) == 2
    assert found.rewriting is not None
    assert found.rewriting.leaves == ("q_proj",)
    assert (found.lost, found.gained) == ((), ("model.layers.{}.self_attn.q_proj",))


def test_a_pattern_may_name_experts_as_they_were():
    found = targets(deepseek(), Choice(r".*\.experts\.(gate|up|down)_proj"))
    assert [adapted.parameter.name for adapted in found.parameters] == ["gate_up_proj", "down_proj"]


def test_all_linear_takes_router_and_experts_of_a_rewritten_type():
    found = targets(deepseek(), Choice("all-linear"))
    assert "model.layers.1.mlp.gate.weight" in found.parameter_names
    assert [adapted.group.leaf for adapted in found.hits("router")] == ["gate"]


def test_other_methods_are_not_rewritten():
    found = targets(deepseek(), Choice(("down_proj",)), Method("loha"))
    assert (found.rewriting, found.module_names) == (None, ("model.layers.0.mlp.down_proj",))


def test_a_parameter_may_be_named():
    choice = Choice((), target_parameters=("experts.down_proj", "experts.up"))
    found = targets(deepseek(), choice)
    assert found.parameter_names == ("model.layers.1.mlp.experts.down_proj",)
    assert [entry.count for entry in found.entries] == [1, 0]


def test_parameters_have_their_own_refusals():
    both = Choice(("q_proj",), target_parameters=("q_proj.weight",))
    assert reasons(targets(llama(), both)) == ["parameter-of-adapted"]
    flat = Choice(("q_proj",), target_parameters=("norm.weight",))
    assert reasons(targets(llama(), flat)) == ["parameter-shape"]
    dropping = Method(lora_dropout=0.1)
    found = targets(deepseek(), Choice((), target_parameters=("experts.down_proj",)), dropping)
    assert (reasons(found), found.refusals[0].says) == (
        ["unsupported-option"],
        "does not work with lora_dropout != 0",
    )


def classifier(task: str) -> ModelShape:
    score = linear("score", "head", (8, 3), at=((),))
    return shape(embedding(), *attention(), score, task=task)  # type: ignore[arg-type]


def test_a_classifier_s_head_is_trained_in_full():
    found = targets(classifier("sequence-classification"), Choice("all-linear"))
    assert "score" not in leaves(found)
    assert [copy.path for copy in found.saved] == ["score"]


def test_a_token_classifier_s_head_gets_an_adapter_and_then_refuses_it():
    found = targets(classifier("token-classification"), Choice("all-linear"))
    assert reasons(found) == ["saved-adapted"]
    named = Choice("all-linear", modules_to_save=("score",))
    assert not targets(classifier("token-classification"), named).refusals


def test_a_list_of_modules_cannot_be_saved():
    assert reasons(targets(llama(), Choice(("embed_tokens",), modules_to_save=("layers",)))) == [
        "saved-list"
    ]


def test_coverage_counts_layers_and_weights_outside_head_and_embeddings():
    some = targets(llama(), Choice(("layers.0.self_attn.q_proj",))).coverage
    assert (some.layers, some.layers_reached) == (2, 1)
    assert some.weights_reached == 64
    assert targets(llama(), Choice("all-linear")).coverage.of_weights == 1.0


def test_a_shared_name_of_head_and_layer_hits_both():
    model = shape(*attention(), linear("visual.blocks.{}.q_proj", "tower"), head())
    found = targets(model, Choice(("q_proj",)))
    assert [adapted.group.path for adapted in found.hits("tower")] == ["visual.blocks.{}.q_proj"]
