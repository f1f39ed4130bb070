"""Adapters of experts and routers: PEFT adds them to whole parameters."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

import pitchpipe_schemas
from pitchpipe.catalog import model_shape
from pitchpipe.costs.settings import of_context
from pitchpipe.costs.step import Batch, adapted_by, step_of
from pitchpipe.estimate import Estimate, Records, Step, decode, decode_fragments, estimate
from pitchpipe.estimate.choices import compare
from pitchpipe.estimate.time import flops
from pitchpipe.modules import ModelShape, ShapeSource
from pitchpipe.published import find_model
from pitchpipe.targets import Choice, Method, targets
from pitchpipe_schemas import recorded
from support.analysis import analysis, whole

SMALL = {
    "model_type": "mixtral",
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_local_experts": 8,
    "vocab_size": 4096,
}
QUERY = "model.layers.{}.self_attn.q_proj"
DOWN = "model.layers.{}.mlp.experts.down_proj"
ROUTER = "model.layers.{}.mlp.gate.weight"
STEP = Step(batch_size=2, length=32, rank=2, device="cpu")


@cache
def records(model_type: str) -> Records:
    shard = recorded.activations(model_type)
    assert shard is not None
    return Records(decode(shard), decode_fragments(recorded.adapters()))


def mixtral() -> ModelShape:
    shard = pitchpipe_schemas.architecture("mixtral")
    assert shard is not None
    found = model_shape(shard, SMALL, "causal-lm", ShapeSource("config", "a test"))
    assert isinstance(found, ModelShape)
    return found


def of(**changes: object) -> Estimate:
    found = estimate(mixtral(), replace(STEP, **changes), records("mixtral"))  # pyright: ignore[reportArgumentType]
    assert not [r for r in found.allocated.reasons if "catalogue" in r]
    return found


def kept(**changes: object) -> int:
    """Bytes of what adapters made, when the forward pass is over."""
    found = of(**changes)
    moment = next(p for p in found.peaks if p.moment == "start of backward")
    return sum(p.bytes for p in moment.parts if p.name == "activations: adapters")


@pytest.mark.parametrize(
    ("name", "trained"),
    [
        ("Qwen/Qwen3-30B-A3B", 996_507_648),
        ("mistralai/Mixtral-8x7B-v0.1", 359_665_664),
    ],
)
def test_memory_is_that_of_all_that_is_trained(name: str, trained: int) -> None:
    """Both numbers are what PEFT 0.21 makes of the models on the meta device."""
    published = find_model(name, pitchpipe_schemas.models())
    assert published is not None
    shard = pitchpipe_schemas.architecture(published.config["model_type"])
    assert shard is not None
    shape = model_shape(shard, published.config, "causal-lm", ShapeSource("table", name))
    assert isinstance(shape, ModelShape)
    method = "method: {r: 16, target_modules: all-linear}"
    settings = of_context(analysis(whole(method)).context)
    adapted = adapted_by(settings, shape)
    assert adapted is not None
    batch = Batch(rows=1, length=64, columns=63, learnt=63, padded=False)
    step = step_of(settings, batch, adapted, kind="cuda", dtype="bfloat16")
    found = estimate(shape, step, records(shape.model_type))
    assert found.trainable == adapted.trainable == trained
    moments = sum(p.bytes for p in found.peak.parts if p.name == "optimizer states")
    assert moments == pytest.approx(8 * trained, rel=0.001)


def test_an_expert_gets_a_pair_of_factors() -> None:
    assert of(adapted=(DOWN,)).trainable == 4 * 8 * 2 * (64 + 96)
    assert of(adapted=(ROUTER,)).trainable == 4 * 2 * (64 + 8)


def test_ranks_differ_by_path_and_by_name() -> None:
    assert of(adapted=(DOWN,), ranks=((DOWN, 6),)).trainable == 3 * of(adapted=(DOWN,)).trainable
    names = tuple(DOWN.format(i) for i in range(4))
    some = of(adapted=names, ranks=((names[1], 6),))
    assert some.trainable == 6 * of(adapted=names[:1]).trainable
    assert of(adapted=(QUERY,), ranks=((QUERY, 5),)).trainable == 4 * 5 * (64 + 64)


def test_whole_experts_are_made_and_kept_unless_layers_are_checkpointed() -> None:
    """Nothing before the first asks for a gradient, so that layer's are not needed again."""
    experts, factors = 8 * 64 * 96 * 2, 8 * 2 * (64 + 96) * 2
    assert kept(adapted=(DOWN,)) == 3 * experts + 4 * factors
    assert kept(adapted=(DOWN,), checkpointing=True) == 0
    once = of(adapted=(DOWN,), checkpointing=True).peaks
    inside = next(p for p in once if p.moment == "inside a checkpointed layer")
    assert experts in (p.bytes - factors for p in inside.parts)


def test_factors_in_the_models_own_format_are_not_converted() -> None:
    experts = 8 * 64 * 96 * 4
    assert kept(adapted=(DOWN,), dtype="float32") == 3 * experts


def test_layers_without_an_adapter_make_no_experts() -> None:
    names = tuple(DOWN.format(i) for i in range(4))
    assert kept(adapted=names) == kept(adapted=(DOWN,))
    assert kept(adapted=names[1:]) == 2 * 8 * 64 * 96 * 2 + 3 * 8 * 2 * (64 + 96) * 2
    assert of(adapted=names).peak.bytes == of(adapted=(DOWN,)).peak.bytes


def test_the_router_is_made_whole_too() -> None:
    assert kept(adapted=(ROUTER,)) == 3 * 8 * 64 * 2


def test_experts_gradients_and_sums_take_time() -> None:
    (_, plain), (_, experts) = (
        flops(mixtral(), replace(STEP, adapted=a)) for a in ((QUERY,), (QUERY, DOWN))
    )
    numel = 4 * 8 * 64 * 96
    of_a_token, once = numel * 2 / 8, numel / STEP.tokens
    assert experts - plain == pytest.approx(2 * of_a_token + 3 * 2 * STEP.rank * once)


def test_other_methods_leave_experts_out() -> None:
    found = compare(mixtral(), replace(STEP, adapted=(QUERY, DOWN)), records("mixtral"))
    experts = 4 * 8 * 2 * (64 + 96)
    assert found["lora"].trainable == experts + 4 * 2 * (64 + 64)
    assert found["ia3"].trainable == 4 * 64


def test_what_is_compared_with_full_training_adapts_experts() -> None:
    found = compare(mixtral(), replace(STEP, method="full"), records("mixtral"))
    adapted = targets(mixtral(), Choice("all-linear"), Method(r=2))
    assert found["lora"].trainable == adapted.trainable
    assert adapted.parameters


def test_where_no_record_is_experts_are_counted_as_well() -> None:
    nothing = Records(None, records("mixtral").fragments)
    plain, experts = (
        estimate(mixtral(), replace(STEP, adapted=a), nothing) for a in ((QUERY,), (QUERY, DOWN))
    )
    more = experts.allocated.likely - plain.allocated.likely
    assert more > 5 * 8 * 64 * 96 * 2  # four kept and a gradient
    assert experts.trainable - plain.trainable == 4 * 8 * 2 * (64 + 96)
