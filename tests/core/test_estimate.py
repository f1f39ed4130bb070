"""The closed-form estimate on models of the catalogue, against what can be reckoned by hand."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import pytest

import pitchpipe_schemas
from pitchpipe.catalog import model_shape
from pitchpipe.estimate import (
    Interval,
    Records,
    Sharding,
    Step,
    decode,
    decode_fragments,
    estimate,
    memory,
)
from pitchpipe.estimate.calibration import Calibration, Learnt, Lessons, kind_of
from pitchpipe.estimate.choices import compare, fits, largest, linear_layers
from pitchpipe.estimate.programs import product, size
from pitchpipe.estimate.step import Dtype, ShardingKind
from pitchpipe.estimate.time import DeviceRates, duration, flops
from pitchpipe.modules import ModelShape, ShapeSource
from pitchpipe_schemas import recorded

LLAMA = {
    "model_type": "llama",
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 6,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 32,
    "vocab_size": 4096,
    "tie_word_embeddings": False,
}
QV = ("model.layers.{}.self_attn.q_proj", "model.layers.{}.self_attn.v_proj")


@lru_cache
def records(model_type: str = "llama") -> Records:
    shard = recorded.activations(model_type)
    return Records(decode(shard) if shard else None, decode_fragments(recorded.adapters()))


def llama(**changes: Any) -> ModelShape:
    shard = pitchpipe_schemas.architecture("llama")
    assert shard is not None
    shape = model_shape(shard, LLAMA | changes, "causal-lm", ShapeSource("table", "test"))
    assert isinstance(shape, ModelShape)
    return shape


def test_full_training_in_half_precision_peaks_at_ten_bytes_a_parameter() -> None:
    step = Step(batch_size=1, length=8, method="full", optimizer="adamw_torch")
    peak = estimate(llama(), step, records()).peak
    assert peak.moment == "optimizer step"
    assert peak.bytes == pytest.approx(10 * llama().numel, rel=0.002)


def test_a_fused_optimizer_needs_no_temporaries() -> None:
    step = Step(batch_size=1, length=8, method="full", optimizer="adamw_torch")
    parts = {
        name: sum(p.bytes for p in _moment(replace(step, optimizer=name), "optimizer step").parts)
        for name in ("adamw_torch", "adamw_torch_fused")
    }
    assert parts["adamw_torch"] - parts["adamw_torch_fused"] == 2 * llama().numel


def test_lora_trains_a_matrix_for_each_side() -> None:
    found = estimate(llama(), Step(rank=8, adapted=QV), records())
    assert found.trainable == 6 * 8 * ((256 + 256) + (256 + 128))


def test_four_bits_take_half_a_byte_and_their_scales() -> None:
    step = Step(quantization="nf4", double_quantization=False, adapted=QV)
    parts = {p.name: p.bytes for p in estimate(llama(), step, records()).peak.parts}
    linear = 6 * (256 * (256 + 128 + 128 + 256) + 3 * 256 * 512)
    rest = llama().numel - linear
    buffers = sum(p.numel * 4 for g in llama().groups for p in g.parameters if p.buffer)
    assert parts["weights"] - buffers == pytest.approx(linear // 2 + 2 * rest, abs=512)
    assert parts["quantization constants"] == pytest.approx(linear // 64 * 4 + 42 * 64, abs=512)


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("method", ["full", "lora", "ia3", "vera", "prompt-tuning"])
def test_parts_add_up_and_nothing_is_negative(method: Any, checkpointing: bool) -> None:
    adapted = QV if method in ("lora", "ia3", "vera") else ()
    step = Step(
        batch_size=2, length=64, method=method, adapted=adapted, checkpointing=checkpointing
    )
    for peak in estimate(llama(), step, records()).peaks:
        assert peak.bytes == sum(p.bytes for p in peak.parts)
        assert all(p.bytes > 0 for p in peak.parts)


def test_checkpointing_keeps_one_input_a_layer() -> None:
    step = Step(batch_size=2, length=64, adapted=QV, checkpointing=True)
    parts = {p.name: p.bytes for p in _moment(step, "start of backward").parts}
    assert parts["layer inputs"] == 6 * 2 * 64 * 256 * 2


def test_logits_are_counted_only_where_something_is_learnt() -> None:
    step = Step(batch_size=4, length=128, adapted=QV, loss="selected")
    few = replace(step, logits_columns=8, learnt_tokens=32)
    saved = estimate(llama(), step, records()).peak.bytes
    saved -= estimate(llama(), few, records()).peak.bytes
    assert saved > 10 * 4096 * (4 * 128 - 32)  # at least float32 twice and half precision


@pytest.mark.parametrize("method", ["full", "lora"])
def test_layers_cost_the_same_each(method: Any) -> None:
    step = Step(batch_size=2, length=64, method=method, adapted=QV if method == "lora" else ())
    sizes = [
        sum(p.bytes for p in _moment(step, "forward", num_hidden_layers=n).parts)
        for n in (4, 5, 6, 7)
    ]
    steps = {b - a for a, b in pairwise(sizes)}
    assert len(steps) == 1


def test_an_architecture_without_a_record_says_so() -> None:
    found = estimate(llama(), Step(adapted=QV), Records(None, records().fragments))
    assert not found.exact
    assert "not in the catalogue" in found.allocated.reasons[0]
    real = estimate(llama(), Step(adapted=QV), records()).allocated.likely
    assert found.allocated.low < real < found.allocated.high


def test_the_largest_batch_fits_and_one_more_row_does_not() -> None:
    memory = 3 << 30
    step = Step(length=512, adapted=QV)
    best = largest(llama(), step, records(), memory)
    sizes = [
        estimate(llama(), replace(step, batch_size=n), records()).total.likely
        for n in (best.batch_size, best.batch_size + 1)
    ]
    assert sizes[0] <= memory < sizes[1]


def test_more_rows_have_logits_at_more_positions() -> None:
    step = Step(batch_size=1, length=512, adapted=QV, loss="selected", padding=True)
    one = replace(step, logits_columns=51, learnt_tokens=51)
    memory = 2 << 30
    n = largest(llama(), one, records(), memory).batch_size
    assert n > 1
    # Each row learns a tenth at places of its own: hardly a position is left for no row.
    columns = round(511 * (1 - (1 - 51 / 511) ** n))
    same = replace(step, batch_size=n, logits_columns=columns, learnt_tokens=51 * n)
    assert estimate(llama(), same, records()).total.likely <= memory


def test_a_merged_model_has_the_format_of_the_bases_files() -> None:
    def merged(computed: Dtype, **config: Any) -> int:
        return estimate(llama(**config), Step(dtype=computed, adapted=QV), records()).disk.exported

    numel = llama().numel
    assert merged("bfloat16", dtype="float32") == 4 * numel
    assert merged("float32", torch_dtype="bfloat16") == 2 * numel
    assert merged("float32") == 4 * numel
    groups = tuple(
        replace(g, parameters=tuple(replace(p, dtype="float16") for p in g.parameters))
        for g in llama().groups
    )
    stored = replace(llama(), groups=groups)
    assert estimate(stored, Step(dtype="float32"), records()).disk.exported == 2 * numel


def test_a_device_fits_where_the_whole_interval_does() -> None:
    found = estimate(llama(), Step(adapted=QV), records())
    assert fits(found, found.total.high) is True
    assert fits(found, found.total.low - 1) is False
    assert fits(found, found.total.likely) is None


def test_methods_side_by_side_differ_as_they_must() -> None:
    found = compare(llama(), Step(batch_size=1, length=32), records())
    assert found["qlora"].allocated.likely < found["lora"].allocated.likely
    assert found["lora"].allocated.likely < found["full"].allocated.likely
    assert found["dora"].trainable - found["lora"].trainable == 6 * (
        256 * 2 + 128 * 2 + 512 * 2 + 256
    )
    assert found["full"].trainable == llama().numel


def test_packed_rows_get_a_mask_that_every_layer_converts() -> None:
    step = Step(batch_size=2, length=64, adapted=QV, device="cpu")
    packed = replace(step, padding=True, packed=True)
    sizes = [sum(p.bytes for p in _moment(s, "start of backward").parts) for s in (step, packed)]
    mask, layers = 2 * 64 * 64 * 2, 6  # one row of heads; half precision
    assert sizes[1] - sizes[0] > mask * layers


def test_an_architecture_that_mixes_packed_rows_is_padded() -> None:
    assert records("gpt_oss").pads("sdpa")
    assert not records("gpt_oss").pads("flash_attention_2")
    assert not records("llama").pads("sdpa")
    assert not Records(None, {}).pads("sdpa")


def test_weights_that_autocast_converts_are_gone_when_it_ends() -> None:
    """But those that the backward pass needs: of a checkpointed layer none, of others all."""
    step = Step(length=8, dtype="bfloat16", trained_dtype="float32", autocast="bfloat16")
    whole = replace(step, method="full", checkpointing=True)
    found = [
        {p.name: p.bytes for p in _moment(whole, "start of backward", num_hidden_layers=n).parts}
        for n in (6, 12)
    ]
    assert found[0]["temporaries"] == found[1]["temporaries"]


def test_what_layers_share_is_counted_once() -> None:
    """T5's position bias is made in the first layer, and its gradient is summed up."""
    shard = pitchpipe_schemas.architecture("t5")
    assert shard is not None

    def start(layers: int) -> int:
        config = {"model_type": "t5", "num_layers": layers, "num_decoder_layers": layers}
        shape = model_shape(shard, config, "seq2seq-lm", ShapeSource("table", "test"))
        assert isinstance(shape, ModelShape)
        step = Step(batch_size=2, length=64, method="full", checkpointing=True, device="cpu")
        found = estimate(shape, replace(step, optimizer="sgd"), records("t5"))
        first = next(p for p in found.peaks if p.moment == "end of backward")
        return first.bytes - found.parameters * 4

    assert start(4) - start(3) == start(5) - start(4)


def test_an_estimate_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    step, shape = Step(batch_size=3, adapted=QV), llama()
    first = estimate(shape, step, records())
    monkeypatch.setattr(memory, "peaks", None)
    assert estimate(shape, step, records()) == first


def test_a_learnt_rate_has_the_optimizers_steps_in_it() -> None:
    step = Step(method="full")
    found = estimate(llama(), step, records())
    positions, steps = (Interval(n, n, n) for n in (512_000, 1_000))
    slow, fast = (DeviceRates(1e12, bandwidth) for bandwidth in (1e6, 1e15))
    key = kind_of(llama(), step).keys["step"]
    assert key is not None
    learnt = Calibration(1, {key: Lessons(flops_per_second=Learnt(1e11, 1, "step"))})

    def seconds(rates: DeviceRates | None, known: Calibration) -> Interval | None:
        took = duration(llama(), step, found, positions, steps, rates, known)
        return took and took.seconds

    assert seconds(slow, learnt) == seconds(fast, learnt)
    alone, slower, faster = (seconds(r, Calibration()) for r in (None, slow, fast))
    assert alone is None
    assert slower is not None
    assert faster is not None
    assert slower.likely > faster.likely


_NOT_AS_RECORDED = frozenset(("deepseek_v2", "gemma3", "nllb-moe"))
"""Their default configurations; they are estimated coarsely, which the estimate says."""


@pytest.mark.parametrize("method", ["full", "lora"])
def test_records_fit_the_architectures_that_they_are_of(method: Any) -> None:
    coarse: set[str] = set()
    for name in recorded.recorded_types():
        shard = pitchpipe_schemas.architecture(name)
        heads = {key.partition("/")[0] for key in records(name).activations.programs}  # type: ignore[union-attr]
        for head in heads & {"causal-lm", "seq2seq-lm", "masked-lm"}:
            source = ShapeSource("table", "test")
            shape = shard and model_shape(shard, {"model_type": name}, head, source)  # type: ignore[arg-type]
            if not isinstance(shape, ModelShape):
                continue  # a default that is no model
            adapted = linear_layers(shape) if method == "lora" else ()
            step = Step(method=method, adapted=adapted, checkpointing=method == "full")
            reasons = estimate(shape, step, records(name)).allocated.reasons
            if any("otherwise" in r or "not in the catalogue" in r for r in reasons):
                coarse.add(name)
    assert coarse <= _NOT_AS_RECORDED


def test_zero_3_splits_what_lives_between_steps() -> None:
    step = Step(batch_size=1, length=8, method="full")
    whole = _moment(step, "optimizer step")
    split = _moment(replace(step, sharding=Sharding("zero-3", 4)), "optimizer step")
    states = [{p.name: p.bytes for p in peak.parts}["optimizer states"] for peak in (whole, split)]
    assert states[1] == -(-states[0] // 4)


@pytest.mark.parametrize("kind", ["zero-2", "zero-3", "fsdp2"])
def test_each_device_updates_its_own_part_alone(kind: ShardingKind) -> None:
    step = Step(batch_size=1, length=8, method="full", optimizer="adamw_torch")
    split = _moment(replace(step, sharding=Sharding(kind, 4)), "optimizer step")
    assert {p.name: p.bytes for p in split.parts}["temporaries"] == 2 * llama().numel // 4
    same = _moment(replace(step, sharding=Sharding("ddp", 4)), "optimizer step")
    assert {p.name: p.bytes for p in same.parts}["temporaries"] == 2 * llama().numel


@pytest.mark.parametrize("kind", ["zero-3", "fsdp2"])
def test_no_device_keeps_converted_weights_that_were_gathered(kind: ShardingKind) -> None:
    step = Step(
        batch_size=1,
        length=8,
        method="full",
        trained_dtype="float32",
        autocast="bfloat16",
        checkpointing=True,
    )
    one = {p.name: p.bytes for p in _moment(step, "forward").parts}
    split = _moment(replace(step, sharding=Sharding(kind, 4)), "forward")
    parts = {p.name: p.bytes for p in split.parts}
    # The embedding's table alone is not converted.
    converted = 2 * (llama().numel - LLAMA["vocab_size"] * LLAMA["hidden_size"])
    assert one["temporaries"] > 0.9 * converted
    two_layers = 2 * 4 * llama().numel / 6
    assert parts["temporaries"] == pytest.approx(two_layers, rel=0.001)


def test_floating_point_operations_by_hand() -> None:
    step = Step(length=128, method="full")
    linear = 6 * (256 * (256 + 128 + 128 + 256) + 3 * 256 * 512) + 256 * 4096
    attention = 4 * 128 * 256 * 6 / 2
    computed, needed = flops(llama(), step)
    assert computed == needed == 6 * linear + 3 * attention
    again, same = flops(llama(), replace(step, checkpointing=True))
    assert (again, same) == (8 * linear + 4 * attention, needed)


def test_sizes_are_products_and_quotients() -> None:
    numbers = {"B": 3, "n": 8, "h": 64}.__getitem__
    assert product(size("B*n"), numbers) == 24
    assert product(size("B*h/n"), numbers) == 24
    assert product(size("2*B*h/2"), numbers) == 192
    assert product(size("1"), numbers) == 1


def test_every_record_can_be_read() -> None:
    for name in recorded.recorded_types():
        shard = recorded.activations(name)
        assert shard is not None
        assert decode(shard).programs, name


def test_linear_layers_leave_out_the_head() -> None:
    assert len(linear_layers(llama())) == 7


def _moment(step: Step, moment: str, **changes: Any) -> Any:
    found = estimate(llama(**changes), step, records())
    return next(p for p in found.peaks if p.moment == moment)
