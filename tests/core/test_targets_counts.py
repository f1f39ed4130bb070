"""How many parameters are trained; the runner's tests compare these with PEFT's own counts."""

import pytest

from pitchpipe.modules import Parameter
from pitchpipe.targets import Choice, Method, targets
from support.shapes import attention, deepseek, embedding, head, linear, llama, other, shape

Q = Choice(("q_proj",))  # 8 → 8, in two layers
DOWN = Choice(("down_proj",))  # 16 → 8


@pytest.mark.parametrize(
    ("method", "one"),
    [
        (Method(r=4), 4 * (16 + 8)),
        (Method(r=4, use_dora=True), 4 * (16 + 8) + 8),
        (Method(r=4, lora_bias=True), 4 * (16 + 8) + 8),
        (Method("adalora", r=12), 12 * (16 + 8 + 1)),
        (Method("ia3", feedforward_modules=()), 8),
        (Method("ia3", feedforward_modules=("down_proj",)), 16),
        (Method("loha", r=4), 2 * 4 * (16 + 8)),
        (Method("vera", r=64), 64 + 8),
        (Method("hra", r=4), 4 * 16),
        (Method("oft", oft_block_size=4), 4 * 6),
        (Method("oft", oft_block_size=4, block_share=True), 6),
        (Method("oft", oft_block_size=32), 16 * 15 // 2),  # no larger than what comes in
        (Method("oft", oft_block_size=5), 4 * 6),  # the nearest that divides
        # 16 = 4 × 4 and 8 = 2 × 4: the first factor is 2 × 4, the second of rank 1.
        (Method("lokr", r=1), 2 * 4 + 1 * (4 + 4)),
        (Method("lokr", r=8), 2 * 4 + 4 * 4),
        (Method("lokr", r=1, decompose_both=True), 1 * (2 + 4) + 1 * (4 + 4)),
        (Method("lokr", r=8, decompose_factor=2), 2 * 2 + 4 * 8),
    ],
)
def test_each_method_has_its_own_count(method: Method, one: int):
    assert targets(llama(), DOWN, method).trainable == 2 * one


def test_an_embedding_costs_entries_and_width():
    found = targets(llama(), Choice(("embed_tokens",)), Method(r=4, use_dora=True))
    assert found.trainable == 4 * (32 + 8) + 8


def test_experts_cost_a_pair_each():
    choice = Choice((), target_parameters=("experts.down_proj",))
    assert targets(deepseek(), choice, Method(r=4)).trainable == 4 * 4 * (16 + 8)


def test_ranks_may_differ_by_module():
    method = Method(r=4, rank_pattern={r"layers\.1\..*": 8})
    assert targets(llama(), Q, method).trainable == 4 * 16 + 8 * 16


def test_a_depthwise_convolution_needs_a_rank_that_its_groups_divide():
    weight = Parameter("weight", (8, 1, 4))
    model = shape(other("h.{}.conv", "convolution", "mixer", weight, class_name="Conv1d"))
    assert targets(model, Choice(("conv",)), Method(r=16)).trainable == 2 * (16 * 8 * 4 + 8 * 2)
    refusals = targets(model, Choice(("conv",)), Method(r=4)).refusals
    assert [refusal.reason for refusal in refusals] == ["rank-over-groups"]


def test_layer_norms_are_copied():
    found = targets(llama(), Choice(("norm",)), Method("ln_tuning"))
    assert found.trainable == 8


def test_ia3_without_feedforward_modules_needs_peft_s_table():
    strange = shape(*attention(), model_type="zebra")
    refusals = targets(strange, Q, Method("ia3")).refusals
    assert [refusal.says for refusal in refusals] == ["Please specify `feedforward_modules`"]
    assert targets(llama(), DOWN, Method("ia3")).trainable == 2 * 16


@pytest.mark.parametrize(("bias", "own"), [("none", 0), ("only", 2 * 8), ("all", 2 * (8 + 4 + 4))])
def test_biases_are_trained_as_asked(bias: str, own: int):
    method = Method(r=4, bias=bias)  # type: ignore[arg-type]
    found = targets(llama(bias=True), Q, method)
    assert (found.biases, found.trainable) == (own, 2 * 4 * 16 + own)


def test_a_copied_module_s_bias_is_counted_once():
    score = linear("score", "head", (8, 3), at=((),), bias=True)
    model = shape(*attention(), score, task="sequence-classification")
    found = targets(model, Q, Method(r=4, bias="all"))
    assert (found.biases, found.saved[0].parameters) == (0, 8 * 3 + 3)


def test_a_tied_head_is_untied_by_its_copy():
    found = targets(llama(tied=True), Choice(("q_proj",), modules_to_save=("lm_head",)))
    assert found.saved[0].parameters == 32 * 8
    assert found.saved[0].untied == ("model.embed_tokens.weight",)
    found = targets(llama(tied=True), Choice(("q_proj",), modules_to_save=("embed_tokens",)))
    assert found.saved[0].untied == ("lm_head.weight",)
    found = targets(llama(), Choice(("q_proj",), modules_to_save=("lm_head",)))
    assert found.saved[0].untied == ()


def test_a_tied_pair_that_is_kept_tied_is_copied_once():
    choice = Choice(("q_proj",), modules_to_save=("lm_head",), ensure_weight_tying=True)
    found = targets(llama(tied=True), choice, Method(r=4))
    assert [copy.path for copy in found.saved] == ["model.embed_tokens"]
    assert found.trainable == 2 * 4 * 16 + 32 * 8
    assert found.saved[0].untied == ()


def test_saved_modules_are_found_by_the_last_letters_of_their_names():
    found = targets(
        shape(embedding(), *attention(), head()), Choice(("q_proj",), modules_to_save=("head",))
    )
    assert [copy.path for copy in found.saved] == ["lm_head"]
