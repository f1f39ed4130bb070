"""Settings without which the default configuration of a model type does not build."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_ROTATED = {"rope_type": "default", "rope_theta": 10_000.0}
_INDEXER = {
    "indexer_n_heads": 4,
    "indexer_kv_heads": 1,
    "indexer_head_dim": 256,
    "indexer_budget": 1024,
    "indexer_compress_ratio": 4,
}
_SHARING = ["linear_attention", "hybrid", "linear_attention", "hybrid", "linear_attention"]

OVERRIDES: dict[str, dict[str, Any]] = {
    # The default leaves a size open that the model computes with.
    "cohere_compass_text": {"rope_parameters": {"full_attention": _ROTATED,
                                                "sliding_attention": _ROTATED}},
    "chameleon": {"vocabulary_map": {"<image>": 8711}},
    "dbrx": {"attn_config.rope_theta": 5e5},
    "dots1": {"n_routed_experts": 8, "n_shared_experts": 2},
    "esm": {"vocab_size": 33, "pad_token_id": 1, "mask_token_id": 32},
    "granite4_vision": {"deepstack_layer_map": [[-1, 0], [-2, 1]], "downsample_rate": "4/8"},
    "hunyuan_v1_dense": {"head_dim": 128},
    "hunyuan_v1_moe": {"head_dim": 128},
    "lfm2_moe": {"layer_types": ["conv", "full_attention", "conv", "full_attention", "conv"],
                 "num_hidden_layers": 5},
    "ministral": {"head_dim": 128},
    "nemotron": {"head_dim": 128, "num_key_value_heads": 48},
    "qwen4_exp": {f"text_config.{name}": value for name, value in _INDEXER.items()},
    "qwen4_exp_text": _INDEXER,
    # The default names layers of one kind only, or no layer of a kind within the first few.
    "bamba": {"attn_layer_indices": [1, 3]},
    # What it is when nothing is given; each of the two alone does not build.
    "encoder-decoder": {"decoder.is_decoder": True, "decoder.add_cross_attention": True},
    "zamba": {"num_hidden_layers": 5, "layers_block_type": _SHARING},
    "zamba2": {"num_hidden_layers": 5, "layers_block_type": _SHARING},
    "jamba": {"attn_layer_period": 3, "attn_layer_offset": 1},
    # The default is inconsistent: all layers use what others computed, of which there are none.
    "gemma4_unified_assistant": {"text_config.num_hidden_layers": 8,
                                 "text_config.num_kv_shared_layers": 2,
                                 "text_config.hidden_size_per_layer_input": 0,
                                 "text_config.vocab_size_per_layer_input": 0},
    # Hundreds of experts with modules of their own, for speed.
    "nllb-moe": {"num_experts": 4},
    "switch_transformers": {"num_experts": 4},
}  # fmt: skip

_DOTS3_SLIDING: dict[str, Any] = {
    "swa_num_attention_heads": 64,
    "swa_num_key_value_heads": 64,
    "swa_q_lora_rank": 1024,
    "swa_kv_lora_rank": 1024,
    "swa_head_dim": 256,
    "swa_qk_nope_head_dim": 192,
    "swa_v_head_dim": 128,
    "swa_qk_rope_head_dim": None,
}

KEYWORDS: dict[str, dict[str, Any]] = {
    "deberta-v2": {"position_buckets": -1, "norm_rel_ebd": "none"},
    "dots3_note_text": _DOTS3_SLIDING,
}
"""By model type: keywords, with defaults, that neither its class's fields nor its source name."""


def _attended_globally(given: Mapping[str, Any]) -> dict[str, Any]:
    """`attention_types` for as many layers as are asked for."""
    layers = given.get("num_layers")
    return {} if layers is None else {"attention_types": [[["global"], layers]]}


COMPANIONS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "gpt_neo": _attended_globally,
}
"""By model type: what must be given with other settings, or they do not build."""
