"""Configurations whose sizes tell themselves apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from transformers import PreTrainedConfig

from pitchpipe_runner.cataloguing.tracing import parts, text_part

_HEADS = (
    *("num_attention_heads", "n_head", "num_heads", "n_heads", "attention_heads"),
    *("encoder_attention_heads", "decoder_attention_heads", "num_encoder_attention_heads"),
    *("num_decoder_attention_heads", "swa_num_attention_heads"),
)
_WIDE = (
    *("intermediate_size", "n_inner", "d_ff", "ffn_dim", "ffn_hidden_size", "dim_ff", "d_inner"),
    *("encoder_ffn_dim", "decoder_ffn_dim", "feed_forward_size"),
)
_EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
_CHOSEN = (
    *("num_experts_per_tok", "moe_k", "moe_top_k", "top_k_experts", "moe_topk"),
    "num_experts_per_token",
)
_SIZES: tuple[tuple[tuple[str, ...], tuple[int, int, int]], ...] = (
    (_HEADS, (20, 24, 28)),
    (("num_key_value_heads", "num_kv_heads", "swa_num_key_value_heads"), (5, 6, 7)),
    (_WIDE, (456, 600, 392)),
    (("moe_intermediate_size", "expert_ffn_hidden_size"), (264, 328, 216)),
    (("shared_expert_intermediate_size", "shared_intermediate_size"), (296, 344, 232)),
    (("moe_shared_expert_intermediate_size", "share_expert_dim"), (296, 344, 232)),
    (("dense_intermediate_size", "intermediate_size_mlp"), (312, 376, 248)),
    (_EXPERTS, (11, 13, 9)),
    (_CHOSEN, (3, 3, 2)),
    (("q_lora_rank",), (72, 88, 60)),
    (("o_lora_rank",), (76, 92, 68)),
    (("kv_lora_rank",), (56, 104, 84)),
    (("qk_nope_head_dim",), (40, 48, 28)),
    (("qk_rope_head_dim",), (24, 32, 16)),  # as `head_dim`, which some make of it
    (("qk_head_dim",), (64, 80, 44)),  # both together
    (("v_head_dim", "swa_v_head_dim"), (36, 52, 20)),
    (("vocab_size", "src_vocab_size", "tgt_vocab_size"), (1009, 1013, 1019)),
    (("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len"), (509, 521, 523)),
    (("sliding_window", "attention_window_size", "sliding_window_size"), (499, 503, 505)),
    # linear attention and state spaces
    (("linear_num_key_heads",), (9, 14, 10)),
    (("linear_num_value_heads",), (18, 42, 30)),
    (("linear_num_heads",), (18, 42, 30)),
    (("linear_key_head_dim",), (34, 46, 22)),
    (("linear_value_head_dim", "linear_head_dim"), (38, 58, 26)),
    (("mamba_d_state", "state_size", "ssm_state_size"), (29, 45, 19)),
    (("mamba_dt_rank", "time_step_rank"), (15, 21, 27)),
    (("mamba_chunk_size",), (8, 64, 16)),
    (("lru_width",), (440, 624, 360)),
    # others
    (("hidden_size_per_layer_input",), (62, 94, 50)),
    (("vocab_size_per_layer_input",), (1009, 1013, 1019)),
    (("laurel_rank",), (33, 47, 25)),
    (("router_hidden_size",), (51, 71, 39)),
    (("d_rel", "gated_norm_rank"), (23, 27, 14)),
    (("rel_extent",), (97, 107, 89)),
    (("index_head_dim",), (66, 106, 58)),
    (("index_n_heads",), (19, 25, 23)),
    (("index_topk",), (401, 403, 405)),
    (("prediction_head_size",), (472, 616, 408)),
)
_HIDDEN = (
    *("hidden_size", "d_model", "n_embd", "dim", "embed_dim", "emb_dim", "embedding_dim"),
    *("word_embed_proj_dim", "embedding_size", "pooler_hidden_size", "cross_attention_hidden_size"),
)
_HEAD_DIM = ("head_dim", "d_kv", "swa_head_dim", "dim_head", "d_head", "attention_head_size")
ROTATED = ("rotary_dim", "rotary_ndims")
_LAYERS = (
    *("num_hidden_layers", "n_layer", "num_layers", "n_layers", "layers", "num_blocks"),
    *("encoder_layers", "decoder_layers", "num_decoder_layers", "num_encoder_layers", "depth"),
)
CHUNKS = ("mamba_chunk_size", "chunk_size")
"""Tokens of each part of a row that a model goes through part by part."""

_EXPANDED = ("mamba_expand", "expand")
_SCANNED = (
    *("mamba_n_heads", "mamba_num_heads", "n_mamba_heads"),
    *("mamba_d_head", "mamba_head_dim", "mamba_headdim"),
)

_GIVEN = frozenset(("head_dim", "num_key_value_heads", "num_experts_per_tok"))
"""Absent from many configurations, where models divide or repeat, or need a number."""

LAYERS = 3
"""The first may be special, and the last; the one between shows what repeats."""


def shrink(config: PreTrainedConfig, variant: int, *, joined: bool = False) -> dict[str, int]:
    """Changes `config` in place; the fields of the language model that got sizes of their own.

    Two variants (0 and 1) have different sizes everywhere, so one can be checked against the
    other. A third (2) is there to try what was learnt from the two. What reads images or sound
    gets few layers and keeps its sizes. `joined`: the heads together are as wide as the hidden size
    also where their width is a field, since some models need it so.
    """
    text = text_part(config)
    named: dict[str, int] = {}
    for prefix, part in parts(config):
        if prefix == text:
            named = _sized(part, variant, joined=joined)
            _rotate(part, inside=bool(prefix))
        elif _writes(prefix):
            _sized(part, variant, joined=joined)
        else:
            _flattened(part)
    _end_tokens(config)
    return named


def _writes(prefix: str) -> bool:
    """The other half of what consists of an encoder and a decoder of text."""
    return prefix in ("encoder", "encoder.text_config", "decoder")


def _sized(config: Any, variant: int, *, joined: bool) -> dict[str, int]:
    named: dict[str, int] = {}
    fields = set(config.to_dict())

    def put(name: str, value: int) -> None:
        absent = not _has(config, name) and name not in _GIVEN
        if name in fields and not absent:
            setattr(config, name, value)
            named[name] = value

    for names, values in _SIZES:
        for name in names:
            if not isinstance(config.to_dict().get(name), list):
                put(name, values[variant])
    if "kv_lora_rank" in named:  # keys and values are made for every head
        put("num_key_value_heads", (20, 24, 28)[variant])
    expanded = any(name in fields for name in _EXPANDED)
    separate = any(name in fields for name in _HEAD_DIM) and not expanded and not joined
    heads = (20, 24, 28)[variant]
    head_dim = (24, 32, 16)[variant]
    hidden = (488, 808, 520)[variant] if separate else heads * head_dim
    if expanded:
        _scanned(config, hidden, put, variant)
    for name in _HIDDEN:
        put(name, hidden)
    for name in _HEAD_DIM:
        if expanded and (name not in fields or "num_attention_heads" not in fields):
            continue
        put(name, head_dim)
    if not separate and "head_dim" not in named:  # estimates work it out as well
        named["head_dim"] = hidden // heads
    for name in ROTATED:
        put(name, (8, 20, 12)[variant])
    _few_layers(config, fields)
    return named


def _scanned(config: Any, hidden: int, put: Callable[[str, int], None], variant: int) -> None:
    """Sizes of state spaces whose heads make up what the hidden size is expanded to."""
    heads, head_dim, groups = ((30, 32, 15), (24, 64, 12), (32, 28, 8))[variant]
    wide = 2 * hidden
    for name in _EXPANDED:
        put(name, 2)
    own = next(
        (n for n in ("mamba_d_head", "mamba_head_dim", "mamba_headdim") if _has(config, n)), None
    )
    if own is not None:
        put(own, head_dim)
        for name in ("mamba_n_heads", "mamba_num_heads", "n_mamba_heads"):
            put(name, heads)
    elif "num_attention_heads" not in config.to_dict() and _has(config, "num_heads"):
        put("num_heads", heads)
        put("head_dim", head_dim)
    for name in ("mamba_n_groups", "mamba_ngroups", "n_groups"):
        put(name, groups)
    put("chunk_size", (8, 64, 16)[variant])
    put("mamba_d_ssm", wide)
    put("attention_hidden_size", wide)
    put("attention_head_dim", wide // (20, 24, 28)[variant])
    put("kv_channels", hidden // (20, 24, 28)[variant])
    put("num_query_groups", (20, 24, 28)[variant])


def _has(config: Any, name: str) -> bool:
    """False also for what differs from layer to layer, which has no value of its own."""
    try:
        return getattr(config, name, None) is not None
    except Exception:  # noqa: BLE001  # properties raise anything
        return False


def _rotate(config: Any, *, inside: bool) -> None:
    """Parts of a head that are rotated by time, height and width make up the head.

    `inside` a model of images, code has defaults for them where the configuration has none.
    """
    rope, wide = getattr(config, "rope_parameters", None), getattr(config, "head_dim", None)
    if not isinstance(rope, dict) or not (inside or "mrope_section" in rope):
        return
    wide = wide or config.hidden_size // config.num_attention_heads
    half = int(wide * (rope.get("partial_rotary_factor") or 1.0)) // 2
    side = 3 * half // 8
    rope["mrope_section"] = [half - 2 * side, side, side]


def _few_layers(config: Any, fields: set[str]) -> None:
    for name in _LAYERS:
        if name in fields and isinstance(getattr(config, name, None), int):
            setattr(config, name, LAYERS)
    if getattr(config, "first_k_dense_replace", None):
        config.first_k_dense_replace = 1  # the layers behind have experts
    for name in ("n_group", "topk_group", "num_expert_group"):  # they must divide the experts
        if _has(config, name):
            setattr(config, name, 1)
    _shorten_patterns(config, fields)
    if getattr(config, "num_kv_shared_layers", None):
        config.num_kv_shared_layers = 2  # one of each kind


def _flattened(config: Any) -> None:
    """A tower that text does not go through."""
    for name in _LAYERS:
        value = getattr(config, name, None)
        if isinstance(value, int) and value > 1 and name != "depth":
            try:
                setattr(config, name, 1)
            except Exception:  # noqa: BLE001  # some have no setter, some validate
                continue


def _end_tokens(config: PreTrainedConfig) -> None:
    for _, part in parts(config):
        if not hasattr(part, "vocab_size"):
            continue
        part.pad_token_id = 1
        for name in ("bos_token_id", "eos_token_id"):
            if _has(part, name) and isinstance(getattr(part, name), int):
                setattr(part, name, 1)
    if config.is_encoder_decoder:
        config.decoder_start_token_id = 1


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
    for _, part in parts(config):
        for name, value in part.to_dict().items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                if "layerdrop" in name:
                    setattr(part, name, 0.0)
                elif "drop" in name:
                    found.setdefault(name, round(0.011 + 0.001 * len(found), 3))
                    setattr(part, name, found[name])
    return found
