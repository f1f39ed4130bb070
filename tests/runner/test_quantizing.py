"""A quantized base: what it computes, what is trained beside it, and what is made of both."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch
from bitsandbytes.functional import dequantize_4bit
from bitsandbytes.nn.modules import Linear4bit, Linear8bitLt
from transformers import AutoModelForCausalLM

from pitchpipe.estimate import estimate
from pitchpipe_facts.shipped import records
from pitchpipe_runner import quantizing
from pitchpipe_runner.device import Device
from pitchpipe_runner.events import Events
from pitchpipe_runner.expecting import shape_of, taken
from pitchpipe_runner.metering import batch_of
from pitchpipe_runner.tracing.training import collated
from pitchpipe_runner.train import _model
from support.runner_steps import BatchSize, RunnerCase, measured, plan_for

DEVICE = Device("cpu", torch.bfloat16)
SIZE = BatchSize(2, 24)


def loaded(folder: Path, **method: Any) -> torch.nn.Module:
    """The tiny model as a run has it, with an adapter whose second factor is not nought."""
    changes = {"method": {"type": "qlora", "r": 4, **method}, "model": {"dtype": "bfloat16"}}
    plan = plan_for(RunnerCase("llama", SIZE, changes), folder)
    with closing(Events(folder / "events.jsonl", {})) as events:
        model = _model(plan, DEVICE, Path(plan.root, plan.model.name_or_path), events)
    torch.manual_seed(0)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.02)
    return model


def dequantize(model: torch.nn.Module) -> None:
    """Puts into each quantized layer's place a plain one with the very weights it stands for."""
    for name, module in list(model.named_modules()):
        if isinstance(module, Linear4bit):
            weight: Any = module.weight
            plain = torch.nn.Linear(module.in_features, module.out_features, bias=False)
            full = dequantize_4bit(weight.data, weight.quant_state)
            plain.weight = torch.nn.Parameter(full.to(torch.bfloat16), requires_grad=False)
            parent, _, own = name.rpartition(".")
            setattr(model.get_submodule(parent), own, plain)


def gradients(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    model.train()
    model.zero_grad()
    ids = torch.arange(3, 3 + 24).view(1, -1)
    model(input_ids=ids, labels=ids).loss.backward()
    return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("kind", ["nf4", "fp4"])
@pytest.mark.parametrize("double", [True, False])
def test_gradients_after_an_evaluation_are_those_of_the_plain_layers(
    tmp_path: Path, kind: str, double: bool
) -> None:
    model = loaded(
        tmp_path, bnb_4bit_quant_type=kind, bnb_4bit_use_double_quant=double, lora_dropout=0.0
    )
    model.eval()
    with torch.no_grad():
        model(input_ids=torch.arange(3, 27).view(1, -1))
    found = gradients(model)
    dequantize(model)
    right = gradients(model)
    assert found.keys() == right.keys()
    for name, gradient in right.items():
        off = (found[name] - gradient).norm() / gradient.norm()
        assert off < 0.02, name  # bfloat16 keeps 8 bits


def test_the_base_is_kept_in_4_bits_and_counted_in_full(tmp_path: Path) -> None:
    model = loaded(tmp_path)
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "llama")
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert quantizing.parameters_of(model) == plain.num_parameters() + trained
    layers = sum(isinstance(m, Linear4bit) for m in model.modules())
    assert layers == 7 * plain.config.num_hidden_layers


def test_the_shape_is_that_of_the_weights_which_the_packed_ones_stand_for(tmp_path: Path) -> None:
    quantized = loaded(tmp_path)
    plain = AutoModelForCausalLM.from_pretrained(tmp_path / "llama", dtype=torch.bfloat16)
    found = {g.path: [p.shape for p in g.parameters] for g in shape_of(quantized).groups}
    assert found == {g.path: [p.shape for p in g.parameters] for g in shape_of(plain).groups}


def test_steps_beside_8_bits_are_not_said_to_be_known_exactly(tmp_path: Path) -> None:
    changes = {"method": {"type": "qlora", "bits": 8}, "model": {"dtype": "bfloat16"}}
    case = RunnerCase("llama", SIZE, changes)
    plan = plan_for(case, tmp_path)
    real = measured(plan, SIZE)
    model = loaded(tmp_path, bits=8)
    shape = shape_of(model)
    step = taken(plan, DEVICE, model, shape, batch_of(collated(SIZE)))
    found = estimate(shape, step, records("llama"))
    assert not found.exact
    assert found.allocated.low <= real.peak <= found.allocated.high


def test_8_bits_learn_too(tmp_path: Path) -> None:
    model = loaded(tmp_path, bits=8)
    assert any(isinstance(m, Linear8bitLt) for m in model.modules())
    before = gradients(model)
    assert before
    assert all(torch.isfinite(g).all() and g.abs().sum() > 0 for g in before.values())
