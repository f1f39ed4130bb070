from __future__ import annotations

import pytest

import pitchpipe_schemas
from pitchpipe.costs.settings import of_context
from pitchpipe.estimate import Step
from pitchpipe.estimate.optimizers import optimizer_bytes
from pitchpipe.estimate.weights import Totals
from pitchpipe.optimizers import OPTIMIZERS, more_moments, said
from pitchpipe.schema import Schema
from support.analysis import analysis, whole


def test_the_table_has_what_the_schema_allows() -> None:
    rule = Schema(pitchpipe_schemas.load("workflow")).at(("training", "optim"))
    assert rule is not None
    assert list(OPTIMIZERS) == rule["enum"]


def test_arguments_are_read_as_transformers_reads_them() -> None:
    assert said("momentum=0.9, nesterov = true") == {"momentum": "0.9", "nesterov": "true"}
    assert said(None) == {}


@pytest.mark.parametrize(
    ("optim", "arguments", "more"),
    [
        ("sgd", None, 0),
        ("sgd", "momentum=0.9", 1),
        ("sgd", "momentum=0", 0),
        ("rmsprop", "momentum=0.9,centered=true", 2),
        ("adamw_torch", "momentum=0.9", 0),
    ],
)
def test_momentum_is_one_number_a_weight_more(optim: str, arguments: str | None, more: int) -> None:
    assert more_moments(optim, arguments) == more


@pytest.mark.parametrize(
    ("training", "idle"),
    [
        ("optim: sgd, adam_beta1: 0.8, adam_epsilon: 0.001", ["adam_beta1", "adam_epsilon"]),
        ("optim: lion_8bit, adam_beta1: 0.8, adam_epsilon: 0.001", ["adam_epsilon"]),
        ("adam_beta2: 0.95, optim_args: a=1", ["optim_args"]),
        ("optim: adagrad, optim_args: lr_decay=0.1, adam_beta2: 0.9", ["adam_beta2"]),
        ("optim: ademamix, adam_beta2: 0.95, optim_args: beta3=0.99", []),
        ("optim_args: null", []),
    ],
)
def test_what_an_optimizer_does_not_take_is_said_to_do_nothing(
    training: str, idle: list[str]
) -> None:
    found = analysis(whole(f"training: {{{training}}}"))
    assert [f.path for f in found.findings] == [f"training.{name}" for name in idle]
    assert of_context(found.context).training.optim in OPTIMIZERS


# Bytes a weight that full training keeps, of a model whose every weight is a large one: measured
# on a CPU, where runs of this runner took what is predicted (bitsandbytes 0.50, torchao 0.18).
BYTES = {
    "sgd": 0.0,
    "lion_8bit": 1.0,
    "adamw_torch_4bit": 1.0,
    "adamw_bnb_8bit": 2.0,
    "adamw_torch_8bit": 2.0,
    "ademamix_8bit": 3.0,
    "lion_32bit": 4.0,
    "rmsprop": 4.0,
    "adagrad": 4.0,
    "adamw_torch": 8.0,
    "paged_adamw_32bit": 8.0,
    "ademamix": 12.0,
}


@pytest.mark.parametrize("optim", BYTES)
def test_an_estimate_knows_what_each_keeps(optim: str) -> None:
    count, size = 3, 4096 * 4096
    totals = Totals(trained=[(size, "f4", count)])
    found = optimizer_bytes(Step(optimizer=optim, device="cpu"), totals)
    assert found.states / (count * size) == pytest.approx(BYTES[optim], rel=0.04)
    assert found.paged == 0


def test_only_cuda_pages_and_embeddings_keep_32_bits() -> None:
    totals = Totals(trained=[(1 << 20, "f4", 1)], tables=[1 << 20])
    found = optimizer_bytes(Step(optimizer="paged_adamw_8bit", device="cuda"), totals)
    assert found.states == 0
    assert found.paged == pytest.approx(8 << 20, rel=0.01)
