"""Configurations whose sizes tell themselves apart."""

from __future__ import annotations

from typing import Any

from transformers import PreTrainedConfig

_HEADS = (
    *("num_attention_heads", "n_head", "num_heads", "n_heads"),
    *("encoder_attention_heads", "decoder_attention_heads"),
)
_WIDE = (
    *("intermediate_size", "n_inner", "d_ff", "ffn_dim", "ffn_hidden_size"),
    *("encoder_ffn_dim", "decoder_ffn_dim"),
)
_SIZES: tuple[tuple[tuple[str, ...], tuple[int, int]], ...] = (
    (_HEADS, (20, 24)),
    (("num_key_value_heads", "num_kv_heads"), (5, 6)),
    (_WIDE, (456, 600)),
    (("moe_intermediate_size", "expert_ffn_hidden_size"), (264, 328)),
    (("shared_expert_intermediate_size",), (296, 344)),
    (("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"), (11, 13)),
    (("num_experts_per_tok", "moe_k", "moe_top_k", "top_k_experts"), (3, 3)),
    (("q_lora_rank",), (72, 88)),
    (("kv_lora_rank",), (56, 104)),
    (("qk_nope_head_dim",), (40, 48)),
    (("qk_rope_head_dim",), (24, 32)),  # as `head_dim`, which some make of it
    (("qk_head_dim",), (64, 80)),  # both together
    (("v_head_dim",), (36, 52)),
    (("vocab_size",), (1009, 1013)),
    (("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len"), (509, 521)),
    (("sliding_window", "attention_window_size"), (499, 503)),
)
_HIDDEN = (
    *("hidden_size", "d_model", "n_embd", "dim", "embed_dim"),
    *("word_embed_proj_dim", "embedding_size"),
)
_HEAD_DIM = ("head_dim", "d_kv")
ROTATED = ("rotary_dim", "rotary_ndims")
_LAYERS = (
    *("num_hidden_layers", "n_layer", "num_layers", "n_layers"),
    *("encoder_layers", "decoder_layers"),
)

_GIVEN = frozenset(("head_dim", "num_key_value_heads", "num_experts_per_tok"))
"""Absent from many configurations, where models divide or repeat, or need a number."""

LAYERS = 3
"""The first may be special, and the last; the one between shows what repeats."""


def shrink(config: PreTrainedConfig, variant: int) -> dict[str, int]:
    """Changes `config` in place; the fields that were given sizes of their own.

    Two variants have different sizes everywhere, so one can be checked against the other.
    """
    head_dim = (24, 32)[variant]
    named: dict[str, int] = {}
    fields = set(config.to_dict())

    def put(name: str, value: int) -> None:
        absent = getattr(config, name, None) is None and name not in _GIVEN
        if name in fields and not absent:
            setattr(config, name, value)
            named[name] = value

    for names, values in _SIZES:
        for name in names:
            put(name, values[variant])
    if "kv_lora_rank" in named:  # keys and values are made for every head
        put("num_key_value_heads", (20, 24)[variant])
    separate = any(name in fields for name in _HEAD_DIM)
    heads = (20, 24)[variant]
    hidden = (488, 808)[variant] if separate else heads * head_dim
    for name in _HIDDEN:
        put(name, hidden)
    for name in _HEAD_DIM:
        put(name, head_dim)
    if not separate:  # estimates work it out as well
        named["head_dim"] = head_dim
    for name in ROTATED:
        put(name, (8, 20)[variant])
    for name in _LAYERS:
        if name in fields:
            setattr(config, name, LAYERS)
    if getattr(config, "first_k_dense_replace", None):
        config.first_k_dense_replace = 1  # the layers behind have experts
    for name in ("n_group", "topk_group"):  # of experts, whose number they must divide
        if getattr(config, name, None):
            setattr(config, name, 1)
    _shorten_patterns(config, fields)
    config.pad_token_id = 1
    for name in ("bos_token_id", "eos_token_id"):
        if isinstance(getattr(config, name, None), int):
            setattr(config, name, 1)
    if config.is_encoder_decoder:
        config.decoder_start_token_id = 1
    return named


def _shorten_patterns(config: Any, fields: set[str]) -> None:
    """Lists with an entry a layer: every kind twice, in the order of their first appearance."""
    for name in ("layer_types", "mlp_layer_types", "layers_block_type"):
        listed = getattr(config, name, None)
        if name in fields and isinstance(listed, list) and listed:
            kinds = [*dict.fromkeys(listed), *dict.fromkeys(listed)]
            if len(kinds) < LAYERS:
                kinds += [kinds[0]] * (LAYERS - len(kinds))
            setattr(config, name, kinds)
            for layers in _LAYERS:
                if layers in fields:
                    setattr(config, layers, len(kinds))


def separate_dropouts(config: PreTrainedConfig) -> dict[str, float]:
    """Gives every dropout field a probability of its own, to be known by it."""
    found: dict[str, float] = {}
    for name, value in config.to_dict().items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            if "layerdrop" in name:
                setattr(config, name, 0.0)
            elif "drop" in name:
                found[name] = round(0.011 + 0.001 * len(found), 3)
                setattr(config, name, found[name])
    return found
