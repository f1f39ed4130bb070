"""What a module is for, told from its path, class and kind.

Names are those that transformers 5.23 uses; the first rule that fits a path decides. A last name
alone is not enough: `dense` is an attention output, a part of an MLP or of a head, and `q_proj`
also stands in vision and audio towers.
"""

from __future__ import annotations

import re

from pitchpipe.modules import Kind, Role

_MATRICES: frozenset[Kind] = frozenset({"linear", "conv1d", "convolution", "experts", "other"})


def _rule(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_TOWER = _rule(
    r"(?:^|\.)(?:vision\w*|visual\w*|image\w*|audio\w*|speech\w*|acoustic\w*|semantic_tokenizer\w*"
    r"|\w*_vision_\w*|vqmodel|embed_vision|embed_audio|patch_embed\w*|vit\w*|sam\w*"
    r"|multi_modal_projector|mm_projector|modality_projection|multimodal_projector|connector"
    r"|qformer|resampler|perceiver_resampler|aligner|projector|merger|tower|\w+_tower)(?:\.|$)"
)
_HEAD = _rule(
    r"(?:^|\.)(?:\w*lm_head\w*|score|classifier|classification_head|predictions|cls|pred_layer"
    r"|generator_predictions|generator_lm_head|embed_out|output_projection|logits_proj|qa_outputs"
    r"|proj_out|prediction_head|mlm_head|vocab_projector|vocab_transform|sequence_summary|pooler"
    r"|text_projection|logits|decoder_head|cls_head|pre_classifier|entity_predictions|lm_loss"
    r"|unembedding_projection|projection_head)(?:\.|$)|^(?:head|dense)(?:\.|$)"
)
_EMBEDDING = _rule(r"(?:^|\.)\w*embed\w*(?:\.|$)|(?:^|\.)project_(?:in|out)$")
_LEARNED = _rule(r"(?:^|\.)(?:\w*router\w*|gate|shared_expert_gate|wg|expert_gate)(?:\.\w+)?$")
_SHARED_EXPERT = _rule(r"(?:^|\.)shared_(?:experts?|mlp)(?:\.|$)")
_EXPERT = _rule(r"(?:^|\.)(?:experts?(?:_\w+|\.\{\})?|block_sparse_moe|moe)(?:\.|$)")
_MIXER = _rule(
    r"(?:^|\.)(?:mamba\w*|mixer|ssm|linear_attn|recurrent\w*|temporal_block|rg_lru|conv|short_conv"
    r"|mlstm\w*|slstm\w*|time_mix\w*|gated_delta\w*|delta_net|lightning\w*|linear_attention|xlstm)(?:\.|$)"
)
_ATTENTION = _rule(
    r"(?:^|\.)(?:\w*attn\w*|\w*attention\w*|attentions|attend|\w*SelfAttention|EncDecAttention"
    r"|crossattention|self|indexer|mixer)(?:\.|$)"
)
_MLP = _rule(
    r"(?:^|\.)(?:\w*mlp\w*|\w*ffn?\w*|feed_?forward\w*|DenseReluDense|\w*intermediate|\w*output|fc\d?"
    r"|ffns?|lin[12]|linear[12]|channel_mix\w*|wi|wo|wi_\d|altup|laurel)(?:\.|$)"
)
_BLOCK = _rule(r"(?:^|\.)(?:layers?|blocks?|h|block|encoder|decoder|layer_module|groups?)\.\{\}")

# Within attention, by the last name.
_INNER: tuple[tuple[re.Pattern[str], Role], ...] = (
    (_rule(r"^(?:c_attn|qkv\w*|query_key_value|Wqkv|in_proj(?:_qkvz?)?|W_pack|qkvz)$"), "qkv"),
    (_rule(r"^(?:key_value|kv_\w+|k_v_proj|kv)$"), "attention"),
    (_rule(r"^(?:q|wq|q_\w*|query\w*|Wq|c_q|to_q|q\w*_proj)$"), "q"),
    (_rule(r"^(?:k|wk|k_\w*|key\w*|Wk|c_k|to_k)$"), "k"),
    (_rule(r"^(?:v|wv|v_\w*|value\w*|Wv|c_v|to_v)$"), "v"),
    (
        _rule(
            r"^(?:o|wo|Wo|o_\w*|out\w*|c_proj|dense|proj|post_proj|output\w*|to_out|attn_out"
            r"|resid_proj|wo_b)$"
        ),
        "o",
    ),
)


def role_of(path: str, class_name: str, kind: Kind) -> Role:
    """The role of the module at `path`, which may have a `{}` for an index."""
    lowered = class_name.lower()
    if _TOWER.search(path):
        return "tower"
    if kind == "norm" or "norm" in lowered:
        return "norm"
    if kind == "embedding" or "embedding" in lowered:
        return "embedding"
    if kind not in _MATRICES:
        return "other"
    if kind == "experts":
        return "expert"
    if "router" in lowered or "topk" in lowered:
        return "router"
    return _of_matrix(path)


def _of_matrix(path: str) -> Role:
    inside = _BLOCK.search(path) is not None
    if not inside and _HEAD.search(path):
        return "head"
    if _SHARED_EXPERT.search(path):
        return "shared-expert"
    if _LEARNED.search(path) and not _is_gated_mlp(path):
        return "router"
    if _EXPERT.search(path):
        return "expert"
    if not inside and _EMBEDDING.search(path):
        return "embedding"
    owner, _, leaf = path.rpartition(".")
    if _is_attention_output(path):
        return "o"
    if _MIXER.search(owner) and not _has_attention_name(leaf, owner):
        return "mixer"
    if _ATTENTION.search(owner) or re.search(r"\.(?:q|k|v|out)_lin$", path):
        return _in_attention(leaf)
    if _MLP.search(path):
        return "mlp"
    if _HEAD.search(path):
        return "head"
    return "other"


def _is_attention_output(path: str) -> bool:
    """As BERT and its like call it: `attention.output.dense`."""
    return re.search(r"attention\.output\.dense$", path) is not None


def _is_gated_mlp(path: str) -> bool:
    """`gate` is a router in a mixture of experts and half of an MLP elsewhere."""
    return re.search(r"(?:feed_forward|ffn|fc)\.gate$", path) is not None


def _has_attention_name(leaf: str, owner: str) -> bool:
    """A block called `mixer` may hold attention, as Nemotron-H's does."""
    return owner.endswith("mixer") and leaf in {"q_proj", "k_proj", "v_proj", "o_proj"}


def _in_attention(leaf: str) -> Role:
    for pattern, role in _INNER:
        if pattern.match(leaf):
            return role
    return "attention"
