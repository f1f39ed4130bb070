"""Models of several architectures with two layers and random weights, built in milliseconds."""

from __future__ import annotations

from typing import Any

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    FalconH1Config,
    GPT2Config,
    JambaConfig,
    LlamaConfig,
    MambaConfig,
    MixtralConfig,
    PretrainedConfig,
    Qwen3MoeConfig,
    T5Config,
)

_VOCABULARY = 512
_SIZES: dict[str, Any] = {
    "vocab_size": _VOCABULARY,
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
}
_ENDS: dict[str, Any] = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
_HEAD_DIM: dict[str, Any] = {"head_dim": 32}
_START: dict[str, Any] = {"decoder_start_token_id": 0}


def _configurations() -> dict[str, PretrainedConfig]:
    return {
        "llama": LlamaConfig(**_SIZES, **_ENDS, intermediate_size=128),
        "gpt2": GPT2Config(vocab_size=_VOCABULARY, n_embd=64, n_layer=2, n_head=2, **_ENDS),
        "mixtral": MixtralConfig(**_SIZES, **_ENDS, intermediate_size=96, num_local_experts=4),
        # The first layer is dense, the second has experts.
        "qwen3_moe": Qwen3MoeConfig(
            **_SIZES,
            **_ENDS,
            **_HEAD_DIM,
            intermediate_size=128,
            moe_intermediate_size=32,
            num_experts=4,
            num_experts_per_tok=2,
            mlp_only_layers=[0],
        ),
        "mamba": MambaConfig(
            vocab_size=_VOCABULARY, hidden_size=64, state_size=8, num_hidden_layers=2, **_ENDS
        ),
        # A layer of Mamba and one of attention; the second has experts.
        "jamba": JambaConfig(
            **_SIZES,
            **_ENDS,
            intermediate_size=128,
            attn_layer_period=2,
            attn_layer_offset=1,
            expert_layer_period=2,
            expert_layer_offset=1,
            num_experts=4,
            mamba_d_state=8,
            use_mamba_kernels=False,
        ),
        "falcon_h1": FalconH1Config(
            **_SIZES,
            **_ENDS,
            **_HEAD_DIM,
            intermediate_size=128,
            mamba_d_ssm=64,
            mamba_n_heads=4,
            mamba_d_head=16,
            mamba_d_state=8,
            mamba_n_groups=1,
            mamba_chunk_size=16,
        ),
        "t5": T5Config(
            vocab_size=_VOCABULARY,
            d_model=64,
            d_kv=32,
            d_ff=128,
            num_layers=2,
            num_heads=2,
            **_START,
        ),
    }


def small_model(name: str) -> Any:
    """The same weights each time."""
    auto: Any = AutoModelForSeq2SeqLM if name == "t5" else AutoModelForCausalLM
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return auto.from_config(_configurations()[name])
