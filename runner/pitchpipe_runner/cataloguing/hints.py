"""Formulas that the search does not find by itself, read off transformers' source.

A hint is a candidate like any other, tried before them: it is used only where it agrees with all
models that were built, and a shard made with it must hold on configurations not seen before.
"""

from __future__ import annotations

from collections.abc import Iterable

from pitchpipe.catalog.formulas import Formula

_LAYER: Formula = ["index", 0]
_NONE: Formula = ["text", None]


def _layer_is(field: str, kind: str) -> Formula:
    return ["==", ["item", field, _LAYER], ["text", kind]]


def _kinds(condition: Formula, then: str, otherwise: str) -> Formula:
    """A list with one of two words for each layer."""
    return ["each", "num_hidden_layers", ["if", condition, ["text", then], ["text", otherwise]]]


def _else(field: str, otherwise: Formula) -> Formula:
    """What `field` holds, or `otherwise` where that is None."""
    return ["if", ["==", field, _NONE], otherwise, field]


def _of_kind(prefix: str, condition: Formula, own: str, general: str) -> Formula:
    return ["if", condition, prefix + own, prefix + general]


def _gemma4(prefix: str, gated: bool) -> list[Formula]:
    """Full attention has heads of its own size, and may have a number of its own."""
    full = _layer_is(f"{prefix}layer_types", "full_attention")
    size = _of_kind(prefix, full, "global_head_dim", "head_dim")
    own = f"{prefix}num_global_key_value_heads"
    same = f"{prefix}attention_k_eq_v"
    allowed: Formula = same if gated else ["not", ["==", same, ["text", False]]]
    chosen: Formula = ["and", full, ["not", ["==", own, _NONE]], allowed]
    heads: Formula = ["if", chosen, own, f"{prefix}num_key_value_heads"]
    shared: Formula = [
        "<", _LAYER, ["-", f"{prefix}num_hidden_layers", f"{prefix}num_kv_shared_layers"],
    ]  # fmt: skip
    wide: Formula = ["and", ["not", shared], f"{prefix}use_double_wide_mlp"]
    return [
        size,
        ["*", f"{prefix}num_attention_heads", size],
        ["*", heads, size],
        ["*", f"{prefix}intermediate_size", ["if", wide, 2, 1]],
        shared,
        ["and", shared, ["not", ["and", full, same]]],
    ]


def _qwen4(prefix: str) -> Formula:
    """Every fourth layer attends through an index; files may call that full attention."""
    kinds = f"{prefix}layer_types"
    by_turns: Formula = ["%", ["+", _LAYER, 1], f"{prefix}full_attention_interval"]
    linear, indexed = ["text", "linear_attention"], ["text", "indexed_attention"]
    return [
        "if",
        ["==", kinds, _NONE],
        ["each", f"{prefix}num_hidden_layers", ["if", by_turns, linear, indexed]],
        ["each", ["len", kinds], ["if", ["==", ["item", kinds, _LAYER], linear], linear, indexed]],
    ]


def _dots3(prefix: str) -> list[Formula]:
    """Sliding attention has sizes of its own, and fewer key sizes where one is not given."""
    kind: Formula = ["item", f"{prefix}layer_types", _LAYER]
    sliding: Formula = ["==", kind, ["text", "sliding_attention"]]
    rope = f"{prefix}swa_qk_rope_head_dim"
    plain: Formula = ["-", f"{prefix}swa_head_dim", f"{prefix}swa_qk_nope_head_dim"]
    own = {
        name: ["if", sliding, f"{prefix}swa_{name}", f"{prefix}{name}"]
        for name in ("num_attention_heads", "q_lora_rank", "kv_lora_rank", "qk_nope_head_dim",
                     "v_head_dim")
    }  # fmt: skip
    turned: Formula = ["if", sliding, _else(rope, plain), f"{prefix}qk_rope_head_dim"]
    heads = own["num_attention_heads"]
    wide: Formula = ["or", ["not", f"{prefix}use_sliding_window"], ["<", _LAYER, 2],
                     ["==", ["%", _LAYER, 4], 1]]  # fmt: skip
    general: Formula = ["if", ["==", f"{prefix}use_dsa", ["text", False]],
                        ["text", "full_attention"], ["text", "indexed_attention"]]  # fmt: skip
    return [
        *own.values(),
        ["+", own["kv_lora_rank"], turned],
        ["*", heads, ["+", own["qk_nope_head_dim"], turned]],
        ["*", heads, ["+", own["qk_nope_head_dim"], own["v_head_dim"]]],
        ["*", heads, own["v_head_dim"]],
        ["==", kind, ["text", "indexed_attention"]],
        _layer_is(f"{prefix}mlp_layer_types", "sparse"),
        ["each", f"{prefix}num_hidden_layers",
         ["if", ["if", ["==", f"{prefix}layer_types", _NONE], wide, ["not", sliding]],
          general, ["text", "sliding_attention"]]],
    ]  # fmt: skip


def _delta_beside_latent(derived: list[Formula]) -> list[Formula]:
    """Kimi's delta attention, with multi-head latent attention in the layers of full attention."""
    full = _layer_is("layer_types", "full_attention")
    delta: Formula = ["*", "linear_head_dim", "linear_num_heads"]
    queries: Formula = ["*", "num_attention_heads", ["+", "qk_nope_head_dim", "qk_rope_head_dim"]]
    return [
        full,
        ["not", full],
        delta,
        ["*", 3, delta],
        ["if", full, queries, delta],
        ["if", full, ["*", "num_attention_heads", "v_head_dim"], delta],
        ["if", full, "num_attention_heads", delta],
        ["*", "num_attention_heads", ["+", "qk_nope_head_dim", "v_head_dim"]],
        _kinds(["<", _LAYER, "first_k_dense_replace"], "dense", "sparse"),
        *derived,
    ]


def _shared_blocks(blocks: Formula) -> list[Formula]:
    """Which layer owns the weights of another one; the layers take as many blocks by turns."""
    hybrid: Formula = ["where", "layers_block_type", ["text", "hybrid"]]
    turn: Formula = ["find", hybrid, _LAYER]
    own: Formula = ["%", turn, blocks]
    return [
        ["item", hybrid, own],
        ["and", "tie_word_embeddings", ["not", ["<", turn, blocks]]],
        ["==", ["%", ["index", 1], blocks], own],
        ["len", hybrid],
    ]


_ZAMBA2_INNER: Formula = ["int", ["*", "hidden_size", "mamba_expand"]]
_ZAMBA2_STATES: Formula = ["*", 2, "mamba_ngroups", "mamba_d_state"]


def _switch(layers: str, side: str) -> list[Formula]:
    """Every how many layers there is one with experts, and which those are."""
    sparse, step = f"num_sparse_{side}_layers", f"{side}_sparse_step"
    return [
        ["if", ["<", 0, sparse], ["//", layers, sparse], layers],
        ["and", ["<", 0, step], ["or", ["==", step, 1], ["==", ["%", _LAYER, step], 1]]],
    ]


_TIME_STEP_RANK: Formula = [
    "if", ["==", "time_step_rank", ["text", "auto"]], ["//", ["+", "hidden_size", 15], 16],
    "time_step_rank",
]  # fmt: skip
_UNSHUFFLED: Formula = ["int", ["//", 1, "downsample_ratio"]]
_FALCON_NORMS: Formula = _else("num_ln_in_parallel_attn", ["if", "new_decoder_architecture", 2, 1])
_FALCON_TWO: Formula = ["and", "parallel_attn", ["==", _FALCON_NORMS, 2]]
_FALCON_HEAD: Formula = ["//", "hidden_size", "num_attention_heads"]
_INKLING: list[Formula] = [
    _kinds(["if", ["==", "local_layer_ids", _NONE], ["%", ["+", _LAYER, 1], 6],
            ["in", _LAYER, "local_layer_ids"]], "hybrid_sliding", "hybrid"),
    _kinds(["<", _LAYER, "dense_mlp_idx"], "dense", "sparse"),
    ["if", ["==", "dense_intermediate_size", _NONE], "moe_intermediate_size",
     "intermediate_size"],
    _else("dense_intermediate_size", "intermediate_size"),
]  # fmt: skip
_LFM2_TWO_THIRDS: Formula = ["//", ["*", 2, "intermediate_size"], 3]
_NEMOTRON_LETTER: Formula = ["item", "hybrid_override_pattern", _LAYER]
_NEMOTRON_KIND: Formula = [
    "if", ["==", _NEMOTRON_LETTER, ["text", "M"]], ["text", "linear_attention"],
    ["if", ["==", _NEMOTRON_LETTER, ["text", "E"]], ["text", "moe"],
     ["if", ["==", _NEMOTRON_LETTER, ["text", "*"]], ["text", "full_attention"],
      ["text", "mlp"]]],
]  # fmt: skip
_PERCEIVER_CROSS: Formula = _else(
    "qk_channels",
    ["if", ["==", "cross_attention_shape_for_attention", ["text", "kv"]], "d_model", "d_latents"],
)
_PERCEIVER_SELF: Formula = _else("qk_channels", "d_latents")
_SQUARE: Formula = ["//", "input_size", "patch_size"]
_GIT_SQUARE: Formula = ["//", "vision_config.image_size", "vision_config.patch_size"]
_BUCKETS: Formula = ["and", "position_buckets", ["<", 0, "position_buckets"]]
_RELATIVE: Formula = [
    "if", ["<", "max_relative_positions", 1], "max_position_embeddings", "max_relative_positions",
]  # fmt: skip

HINTS: dict[str, list[Formula]] = {
    "bailing_hybrid": _delta_beside_latent([
        _kinds(["==", ["%", ["+", _LAYER, 1], "layer_group_size"], 0],
               "full_attention", "linear_attention"),
    ]),
    "beam": [
        _kinds(["<", _LAYER, 3], "dense", "sparse"),
    ],
    "blt": [
        *(["if", f"{part}.cross_attn_all_layers", f"{part}.num_hidden_layers", 1]
          for part in ("encoder_config", "decoder_config")),
        *(["//", ["*", 8, f"{part}.hidden_size"], 3]
          for part in ("encoder_config", "decoder_config", "global_config", "patcher_config")),
    ],
    "canine": [["<", at, "num_hash_functions"] for at in range(24)],
    "dbrx": [
        ["+", "d_model", ["*", 2, "attn_config.kv_n_heads", ["//", "d_model", "n_heads"]]],
    ],
    "deberta": [["*", 2, _RELATIVE]],
    "deberta-v2": [
        ["*", 2, ["if", _BUCKETS, "position_buckets", _RELATIVE]],
        ["in", ["text", "layer_norm"], "norm_rel_ebd"],
    ],
    "deepseek_v4": [
        ["not", _layer_is("layer_types", "sliding_attention")],
        _kinds(["<", _LAYER, 3], "hash_moe", "moe"),
        _kinds(["and", ["<", 2, _LAYER], ["%", _LAYER, 2]],
               "compressed_sparse_attention", "heavily_compressed_attention"),
        ["//", "head_dim", 8],
    ],
    "doge": [["*", 2, ["root", "num_experts"]]],
    "dots3_note": _dots3("text_config."),
    "dots3_note_text": _dots3(""),
    "falcon": [
        _FALCON_TWO,
        ["not", _FALCON_TWO],
        ["if", "new_decoder_architecture",
         ["*", ["+", ["*", 2, "num_kv_heads"], "num_attention_heads"], _FALCON_HEAD],
         ["if", "multi_query", ["+", "hidden_size", ["*", 2, _FALCON_HEAD]],
          ["*", 3, "hidden_size"]]],
    ],
    **{name: [_TIME_STEP_RANK] for name in ("falcon_mamba", "mamba")},
    "gemma3n_text": [
        ["if", ["list", "intermediate_size"], "intermediate_size",
         ["each", "num_hidden_layers", "intermediate_size"]],
    ],
    "gemma4": _gemma4("text_config.", gated=True),
    "gemma4_text": _gemma4("", gated=True),
    "gemma4_unified": _gemma4("text_config.", gated=False),
    "gemma4_unified_assistant": _gemma4("text_config.", gated=False),
    "gemma4_unified_text": _gemma4("", gated=False),
    "git": [
        ["+", ["*", _GIT_SQUARE, _GIT_SQUARE], 1],
        *(["and", "num_image_with_embedding", ["<", at, "num_image_with_embedding"]]
          for at in range(64)),
    ],
    "granitemoehybrid": [
        ["//", "hidden_size", "num_attention_heads"],
        ["*", "num_attention_heads", ["//", "hidden_size", "num_attention_heads"]],
    ],
    "gte": [["<", 0, "type_vocab_size"]],
    "hy_v4": [
        _kinds(["or", ["==", _LAYER, 0], ["==", ["%", _LAYER, 4], 1]], "full", "shared"),
    ],
    "internvl": [["*", "vision_config.hidden_size", _UNSHUFFLED, _UNSHUFFLED]],
    "kimi_linear": _delta_beside_latent([
        _kinds(["and", _LAYER, ["==", ["%", _LAYER, 4], 0]], "full_attention", "linear_attention"),
    ]),
    "layoutlmv3": [["+", ["*", _SQUARE, _SQUARE], 1]],
    "inkling_text": _INKLING,
    "inkling2_text": _INKLING,
    "lfm2": [
        _else("block_ff_dim", "intermediate_size"),
        ["if", "block_auto_adjust_ff_dim",
         ["if", ["==", "block_ffn_dim_multiplier", _NONE], _LFM2_TWO_THIRDS,
          ["up", ["int", ["*", "block_ffn_dim_multiplier", _LFM2_TWO_THIRDS]],
           "block_multiple_of"]],
         "intermediate_size"],
        _kinds(["or", ["==", "full_attn_idxs", _NONE], ["in", _LAYER, "full_attn_idxs"]],
               "full_attention", "conv"),
    ],
    "marian": [
        ["if", "decoder_vocab_size", "decoder_vocab_size", "vocab_size"],
        ["if", ["and", "share_encoder_decoder_embeddings", "tie_word_embeddings"],
         "vocab_size", "decoder_vocab_size"],
    ],
    "mimo_v2_flash": [
        _kinds(["or", ["==", _LAYER, 0], ["==", ["%", ["+", _LAYER, 1], 6], 0]],
               "full_attention", "sliding_attention"),
    ],
    "nemotron_h": [
        ["if", ["==", "hybrid_override_pattern", _NONE],
         ["text", ["linear_attention", "moe", "full_attention", "mlp"]],
         ["each", ["len", "hybrid_override_pattern"], _NEMOTRON_KIND]],
    ],
    "olmo_hybrid": [
        _kinds(["or", ["==", ["%", _LAYER, 4], 3],
                ["and", ["<", "num_hidden_layers", 4],
                 ["==", _LAYER, ["-", "num_hidden_layers", 1]]]],
               "full_attention", "linear_attention"),
        _else("linear_key_head_dim",
              ["//", ["*", 3, "hidden_size"], ["*", 4, "linear_num_key_heads"]]),
        ["//", ["*", 3, "hidden_size"], ["*", 4, "linear_num_key_heads"]],
    ],
    "qwen4_exp": [_qwen4("text_config.")],
    "qwen4_exp_text": [_qwen4("")],
    "perceiver": [
        _PERCEIVER_CROSS,
        _else("v_channels", _PERCEIVER_CROSS),
        _PERCEIVER_SELF,
        _else("v_channels", _PERCEIVER_SELF),
    ],
    "phi4_multimodal": [
        ["<", factor, "audio_config.time_reduction"] for factor in (1, 2, 3, 4, 7, 8, 15, 16, 31)
    ],
    "recurrent_gemma": [
        _kinds(["==", ["item", "block_types", ["%", _LAYER, ["len", "block_types"]]],
                ["text", "recurrent"]], "linear_attention", "sliding_attention"),
    ],
    "roc_bert": [
        ["+", "hidden_size", ["if", "enable_pronunciation", "pronunciation_embed_dim", 0],
         ["if", "enable_shape", "shape_embed_dim", 0]],
    ],
    "squeezebert": [
        *(["//", "hidden_size", f"{part}_groups"]
          for part in ("q", "k", "v", "post_attention", "intermediate")),
        ["//", "intermediate_size", "output_groups"],
    ],
    "switch_transformers": [
        *_switch("num_layers", "encoder"),
        *_switch("num_decoder_layers", "decoder"),
    ],
    "zamba": _shared_blocks(1),
    "zamba2": [
        *_shared_blocks("num_mem_blocks"),
        _ZAMBA2_INNER,
        ["+", _ZAMBA2_INNER, _ZAMBA2_STATES],
        ["+", _ZAMBA2_INNER, _ZAMBA2_INNER, _ZAMBA2_STATES, "n_mamba_heads"],
    ],
}  # fmt: skip


def hints_for(model_type: str, names: Iterable[str]) -> list[Formula]:
    """What is written down for the type, and how many patches its pictures have."""
    found = list(HINTS.get(model_type, ()))
    known = set(names)
    for name in sorted(known):
        prefix, dot, own = name.rpartition(".")
        if own == "image_size" and (patch := f"{prefix}{dot}patch_size") in known:
            side: Formula = ["//", name, patch]
            sides: list[Formula] = [
                ["//", ["item", name, axis], ["item", patch, axis]] for axis in (0, 1)
            ]
            for patches in (["*", side, side], ["*", *sides]):
                found += [patches, ["+", 1, patches]]
    return found
