"""Settings without which the default configuration of a model type does not build."""

from __future__ import annotations

from typing import Any

OVERRIDES: dict[str, dict[str, Any]] = {
    # The default leaves a size open that the model computes with.
    "dots1": {"n_routed_experts": 8, "n_shared_experts": 2},
    "esm": {"vocab_size": 33, "pad_token_id": 1, "mask_token_id": 32},
    "hunyuan_v1_dense": {"head_dim": 128},
    "hunyuan_v1_moe": {"head_dim": 128},
    "lfm2_moe": {"layer_types": ["conv", "full_attention", "conv", "full_attention", "conv"],
                 "num_hidden_layers": 5},
    "ministral": {"head_dim": 128},
    "nemotron": {"head_dim": 128, "num_key_value_heads": 48},
    # The default names layers of one kind only, or no layer of a kind within the first few.
    "bamba": {"attn_layer_indices": [1, 3]},
    "jamba": {"attn_layer_period": 3, "attn_layer_offset": 1},
    # The default is inconsistent.
    "gemma4_assistant": {"text_config.hidden_size_per_layer_input": 0,
                         "text_config.vocab_size_per_layer_input": 0},
    # Hundreds of experts with modules of their own, for speed.
    "nllb-moe": {"num_experts": 4},
    "switch_transformers": {"num_experts": 4},
}  # fmt: skip
