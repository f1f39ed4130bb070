"""What is said of a model whose computation the catalogue has no record of."""

from __future__ import annotations

import pytest

import pitchpipe_schemas
from pitchpipe.catalog import model_shape
from pitchpipe.estimate import Records, Step, decode, decode_fragments, estimate
from pitchpipe.estimate.numbers import Numbers
from pitchpipe.estimate.step import Kind
from pitchpipe.modules import ModelShape, ShapeSource
from pitchpipe_schemas import recorded


def _shape(name: str) -> ModelShape:
    shard = pitchpipe_schemas.architecture(name)
    assert shard is not None
    config = {"model_type": name, "num_hidden_layers": 4, "hidden_size": 512}
    found = model_shape(shard, config, "causal-lm", ShapeSource("table", "test"))
    assert isinstance(found, ModelShape)
    return found


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("name", ["llama", "qwen3", "mixtral", "olmo2"])
def test_the_interval_of_a_stand_in_holds_what_a_record_gives(
    name: str, checkpointing: bool
) -> None:
    shard, fragments = recorded.activations(name), decode_fragments(recorded.adapters())
    assert shard is not None
    step = Step(batch_size=4, length=300, method="full", checkpointing=checkpointing, device="cpu")
    known = estimate(_shape(name), step, Records(decode(shard), fragments))
    judged = estimate(_shape(name), step, Records(None, fragments))
    assert judged.allocated.low <= known.peak.bytes <= judged.allocated.high
    assert judged.allocated.low <= judged.allocated.likely <= judged.allocated.high
    assert "not in the catalogue" in judged.allocated.reasons[0]


def test_a_stand_in_allows_for_many_times_what_linear_layers_keep() -> None:
    fragments = decode_fragments(recorded.adapters())
    ends: list[float] = []
    for length in (512, 1024):
        step = Step(batch_size=8, length=length, method="full", device="cpu")
        found = estimate(_shape("llama"), step, Records(None, fragments))
        ends.append(found.allocated.high - found.allocated.low)
    assert 1.8 < ends[1] / ends[0] < 2.2
    assert found.allocated.high > 10 * found.peak.bytes


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("S+3", 23),
        ("S-1", 19),
        ("wide-S", 44),
        ("wide+S", 84),
        ("chunks(S,part)", 3),
        ("chunks(S,part)+1", 4),
        ("padded(S,part)", 24),
    ],
)
def test_sizes_may_be_sums_and_parts_of_rows(name: str, value: int) -> None:
    assert Numbers({"S": 20, "part": 8, "wide": 64})[name] == value


def test_a_size_without_a_value_is_said_by_its_name() -> None:
    with pytest.raises(KeyError, match="other"):
        Numbers({"S": 20})["S+other"]


def test_what_stands_against_a_record_widens_the_interval_and_is_said() -> None:
    shard, fragments = recorded.activations("llama"), decode_fragments(recorded.adapters())
    assert shard is not None
    step = Step(batch_size=2, length=64, method="full", device="cpu")
    known = estimate(_shape("llama"), step, Records(decode(shard), fragments))
    doubted = decode({**shard, "off": {"causal-lm": 0.12}})
    found = estimate(_shape("llama"), step, Records(doubted, fragments))
    assert known.exact
    assert not found.exact
    assert found.peak == known.peak
    assert found.allocated.high > 1.12 * found.peak.bytes > known.allocated.high
    assert found.allocated.reasons == (
        "real steps of this architecture came out up to 12% apart from its record",
    )


@pytest.mark.parametrize(("device", "apart"), [("cpu", False), ("cuda", True)])
def test_scans_may_be_computed_by_kernels_on_a_gpu(device: Kind, apart: bool) -> None:
    shard = recorded.activations("bamba")
    assert shard is not None
    step = Step(batch_size=2, length=64, method="full", device=device)
    records = Records(decode(shard), decode_fragments(recorded.adapters()))
    source = ShapeSource("table", "test")
    architecture = pitchpipe_schemas.architecture("bamba")
    assert architecture is not None
    config = {"model_type": "bamba", "num_hidden_layers": 4, "attn_layer_indices": [1]}
    shape = model_shape(architecture, config, "causal-lm", source)
    assert isinstance(shape, ModelShape)
    reasons = estimate(shape, step, records).allocated.reasons
    assert ("its scans may be computed by kernels of other packages" in reasons) is apart
    assert not any("catalogue" in reason for reason in reasons)
