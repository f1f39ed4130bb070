"""What a workflow costs, from its settings to memory and time."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

import pitchpipe_schemas
from pitchpipe.costs.changing import to_fit
from pitchpipe.costs.cost import Cost, cost, shape_of
from pitchpipe.costs.looking import NothingCounted
from pitchpipe.costs.machine import Machine, dtype_of, named
from pitchpipe.costs.settings import Settings, of_context
from pitchpipe.costs.wording import calibrated
from pitchpipe.estimate import Records, decode, decode_fragments
from pitchpipe.estimate.calibration import Observation, Setting, calibrate, kind_of
from pitchpipe.facts import NotRead
from pitchpipe_schemas import recorded
from support.analysis import SCHEMA, analysis, whole
from support.facts import WORLD
from support.small_llama import llama

CPU = Machine("cpu", "CPU", False, 8 << 30, None, 1, "a test")
DEVICES = pitchpipe_schemas.devices()


@cache
def records() -> Records:
    shard = recorded.activations("llama")
    assert shard is not None
    return Records(decode(shard), decode_fragments(recorded.adapters()))


def settings(fragment: str) -> Settings:
    return of_context(analysis(whole(fragment)).context)


def costs(fragment: str, machine: Machine = CPU) -> Cost:
    return cost(settings(fragment), llama(), machine, WORLD, NothingCounted(), records())


def test_rows_that_nobody_has_seen_are_taken_for_long() -> None:
    known = costs("data: {train: [{path: data/pairs.jsonl}], max_length: 64}").estimate.allocated
    found = costs("data: {train: [{dataset_name: owner/rows}], max_length: 64}")
    unseen = found.estimate.allocated
    assert known.likely < unseen.low < unseen.likely < unseen.high
    assert "no tokenizer has counted the rows" in known.reasons
    assert "nobody has seen the rows" in unseen.reasons
    assert (found.work.steps, found.time, found.flops) == (None, None, None)


@pytest.mark.parametrize(("method", "lower"), [("lora", True), ("full", False)])
def test_weights_that_are_stored_quantized_may_stay_so(method: str, lower: bool) -> None:
    found = settings(f"method: {{type: {method}}}")
    plain = llama()
    quantized = llama(quantization_config={"quant_method": "gptq", "bits": 4})
    one, other = (
        cost(found, shape, CPU, WORLD, NothingCounted(), records()).estimate.allocated
        for shape in (plain, quantized)
    )
    assert (other.likely, other.high) == (one.likely, one.high)
    assert (other.low < one.low) == lower
    assert "stored quantized (4-bit gptq)" in other.reasons[-1]


def test_a_workflow_with_errors_elsewhere_has_costs_too() -> None:
    fine, typing = costs("training: {seed: 1}"), costs("training: {seed: one}")
    assert typing.estimate == fine.estimate


def test_time_needs_a_device_whose_speed_is_known() -> None:
    machine = named("2x RTX 4090", DEVICES, "a test")
    assert machine is not None
    assert (machine.kind, machine.name, machine.count) == ("cuda", "RTX 4090", 2)
    assert costs("").time is None
    found = costs("", machine)
    assert found.time is not None
    assert found.time.seconds.low <= found.time.seconds.high
    assert found.estimate.reserved is not None
    assert named("abacus", DEVICES, "a test") is None


@pytest.mark.parametrize(
    ("said", "on", "dtype"),
    [
        ("auto", "RTX 4090", "bfloat16"),
        ("auto", "T4", "float32"),
        ("auto", "M3 Max 64GB", "float32"),
        ("bfloat16", "M3 Max 64GB", "bfloat16"),
        ("float16", "T4", "float16"),
        ("float32", "RTX 4090", "float32"),
    ],
)
def test_the_base_is_held_as_the_runner_holds_it(said: str, on: str, dtype: str) -> None:
    machine = named(on, DEVICES, "a test")
    assert machine is not None
    found = settings(f"model: {{name_or_path: models/tiny, dtype: {said}}}")
    assert dtype_of(found, machine) == dtype


def test_an_estimate_says_which_runs_it_goes_by() -> None:
    step, shape = costs("").step, llama()
    kind = kind_of(shape, step)
    here = Setting("here", "cpu", "a CPU", "2.13.0", kind.attention)
    alike = Observation("a", 1.0, here, kind.method, "llama", kind.dtype, shape.numel)
    alike = replace(alike, process_bytes=10**9, flops_per_second=1e9)
    other = replace(alike, run="b", model_type="gpt2", process_bytes=2 * 10**9)

    def said(*runs: Observation) -> tuple[str, int]:
        learnt = calibrate(runs, kind="cpu")
        found = cost(settings(""), shape, CPU, WORLD, NothingCounted(), records(), learnt)
        return calibrated(found), found.estimate.total.likely

    assert said()[0] == "no earlier run: what is beside tensors is assumed"
    first, needs = said(alike, other)
    assert first == "1 earlier run of such a model and step, for overhead and speed"
    assert (
        said(other)[0] == "1 earlier run of such a step with other models, for overhead and speed"
    )
    assert said(alike) == (first, needs)
    assert said(other)[1] > needs
    quick = replace(alike, flops_per_second=None)
    assert said(quick, other)[0] == (
        "1 earlier run of such a model and step, for overhead; "
        "1 earlier run of such a step with other models, for speed"
    )


def test_a_model_that_nobody_knows_says_why() -> None:
    assert isinstance(shape_of(settings("model: {name_or_path: nobody/this}"), WORLD), NotRead)
    assert shape_of(settings("model: 5"), WORLD) == NotRead("no model is named")


def test_of_changes_together_each_is_needed() -> None:
    card = Machine("cuda", "a card", True, 8 << 30, None, 1, "a test")
    shape = llama(hidden_size=1024, intermediate_size=2816, num_hidden_layers=12, vocab_size=32000)
    full = settings("method: {type: full}\ntraining: {optim: adamw_torch}")
    found = cost(full, shape, card, WORLD, NothingCounted(), records())

    def keys(memory: int) -> tuple[set[str], int]:
        fitting = to_fit(found, SCHEMA, memory)
        assert fitting is not None
        assert fitting.estimate.total.likely <= memory
        return set(fitting.keys), fitting.estimate.total.likely

    alone, needed = keys(found.estimate.total.likely // 2)
    assert alone == {"method.type"}
    # Another optimizer costs nothing, so it is there before what makes steps slower.
    two, needed = keys(needed - 1)
    assert two == {"method.type", "training.optim"}
    three, _ = keys(needed - 1)
    assert three == {*two, "training.gradient_checkpointing"}
