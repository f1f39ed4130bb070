"""The closed-form estimate against real steps of small models, by the allocator's own events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import peft
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForMaskedLM

from pitchpipe.estimate import Records, Step, decode, decode_fragments, estimate
from pitchpipe.modules import Head
from pitchpipe_runner.cataloguing.activations import program
from pitchpipe_runner.cataloguing.describe import describe
from pitchpipe_runner.cataloguing.encoding import Pools
from pitchpipe_runner.tracing.measure import measure
from pitchpipe_schemas import recorded
from support.adapted import adapters

_GATED = {
    "hidden_size": 96,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "intermediate_size": 256,
    "vocab_size": 2048,
    "num_hidden_layers": 3,
    "pad_token_id": 1,
    "bos_token_id": 1,
    "eos_token_id": 1,
}
_MODELS: dict[str, tuple[Head, Any, dict[str, Any]]] = {
    "llama": ("causal-lm", AutoModelForCausalLM, _GATED),
    "qwen3": ("causal-lm", AutoModelForCausalLM, _GATED),
    "mixtral": ("causal-lm", AutoModelForCausalLM, _GATED | {"num_local_experts": 4}),
    "qwen3_moe": (
        "causal-lm",
        AutoModelForCausalLM,
        _GATED | {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 64},
    ),
    "gpt2": (
        "causal-lm",
        AutoModelForCausalLM,
        {"n_embd": 96, "n_head": 6, "n_layer": 3, "vocab_size": 2048},
    ),
    "bert": (
        "masked-lm",
        AutoModelForMaskedLM,
        {
            "hidden_size": 96,
            "num_attention_heads": 6,
            "intermediate_size": 256,
            "num_hidden_layers": 3,
            "vocab_size": 2048,
        },
    ),
}
_ROWS, _LENGTH, _RANK = 3, 96, 8


# PEFT looks for the doubled rank of what is fused among modules, and it is a parameter's.
@pytest.mark.filterwarnings("ignore:The following (rank|alpha)_pattern keys:RuntimeWarning")
@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("method", ["full", "lora"])
@pytest.mark.parametrize("model_type", sorted(_MODELS))
def test_estimates_come_within_one_per_cent_of_real_steps(
    model_type: str, method: Any, checkpointing: bool
) -> None:
    head, auto, fields = _MODELS[model_type]
    config = AutoConfig.for_model(model_type, **fields)
    config.use_cache = False
    model: Any = auto.from_config(config, dtype=torch.float32)
    shape = describe(model, head)
    if checkpointing:
        model.activation_checkpointing_enable()
    step = Step(
        batch_size=_ROWS,
        length=_LENGTH,
        dtype="float32",
        method=method,
        rank=_RANK,
        optimizer="adamw_torch_fused",
        checkpointing=checkpointing,
        device="cpu",
    )
    if method == "lora":
        model.enable_input_require_grads()
        turned = model_type == "gpt2"  # its layers are Conv1D
        lora = peft.LoraConfig(r=_RANK, target_modules="all-linear", fan_in_fan_out=turned)
        model = peft.get_peft_model(model, lora)
        step = replace(step, adapted=_adapted(model), ranks=_ranks(model))
        if not checkpointing:
            model.base_model.model.disable_input_require_grads()
    measured = measure(model, _batch, lambda p: torch.optim.AdamW(p, fused=True))
    shard = recorded.activations(model_type)
    assert shard is not None
    records = Records(decode(shard), decode_fragments(recorded.adapters()))
    found = estimate(shape, step, records)
    assert found.exact
    assert found.peak.bytes == pytest.approx(measured.peak, rel=0.01)


@pytest.mark.parametrize("model_type", ["llama", "gpt2"])
def test_records_are_those_of_the_installed_transformers(model_type: str) -> None:
    shard = recorded.activations(model_type)
    assert shard is not None
    pools = Pools()
    order = program(model_type, "causal-lm", "sdpa", pools)
    made = decode({
        "transformers": "",
        "sizes": pools.sizes,
        "modules": pools.modules,
        "sections": pools.sections,
        "programs": {"now": order},
    }).programs["now"]
    shipped = decode(shard).programs["causal-lm/sdpa"]
    assert [_operations(part) for part in made.parts] == [
        _operations(part) for part in shipped.parts
    ]


def _operations(part: Any) -> Any:
    sections = getattr(part, "layers", (part,))
    return [[o.name for o in section.operations] for section in sections]


def _batch() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    ids = torch.randint(5, 2000, (_ROWS, _LENGTH))
    return {"input_ids": ids, "labels": ids.clone()}


def _adapted(model: Any) -> tuple[str, ...]:
    return tuple(name for name, _ in adapters(model))


def _ranks(model: Any) -> tuple[tuple[str, int], ...]:
    """PEFT doubles that of parameters which transformers has fused out of two."""
    return tuple((name, rank) for name, rank in adapters(model) if rank != _RANK)
