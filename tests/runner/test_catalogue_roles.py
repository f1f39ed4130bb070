from __future__ import annotations

import pytest

from pitchpipe.modules import Kind, Role
from pitchpipe_runner.cataloguing.roles import role_of

LINEAR: list[tuple[str, Role]] = [
    ("model.layers.{}.self_attn.q_proj", "q"),
    ("model.layers.{}.self_attn.k_proj", "k"),
    ("model.layers.{}.self_attn.v_proj", "v"),
    ("model.layers.{}.self_attn.o_proj", "o"),
    ("model.layers.{}.self_attn.q_a_proj", "q"),
    ("model.layers.{}.self_attn.kv_a_proj_with_mqa", "attention"),
    ("model.layers.{}.self_attn.qkv_proj", "qkv"),
    ("transformer.h.{}.attn.c_proj", "o"),
    ("transformer.h.{}.mlp.c_proj", "mlp"),
    ("transformer.h.{}.self_attention.query_key_value", "qkv"),
    ("transformer.h.{}.self_attention.dense", "o"),
    ("bert.encoder.layer.{}.attention.self.query", "q"),
    ("bert.encoder.layer.{}.attention.output.dense", "o"),
    ("bert.encoder.layer.{}.intermediate.dense", "mlp"),
    ("bert.encoder.layer.{}.output.dense", "mlp"),
    ("bert.pooler.dense", "head"),
    ("distilbert.transformer.layer.{}.attention.out_lin", "o"),
    ("decoder.block.{}.layer.1.EncDecAttention.k", "k"),
    ("decoder.block.{}.layer.2.DenseReluDense.wi_0", "mlp"),
    ("model.decoder.layers.{}.encoder_attn.out_proj", "o"),
    ("model.decoder.layers.{}.fc1", "mlp"),
    ("model.layers.{}.mlp.gate_proj", "mlp"),
    ("model.layers.{}.mlp.gate", "router"),
    ("model.layers.{}.mlp.experts.{}.up_proj", "expert"),
    ("model.layers.{}.mlp.shared_experts.up_proj", "shared-expert"),
    ("model.layers.{}.mlp.shared_expert_gate", "router"),
    ("model.layers.{}.mamba.in_proj", "mixer"),
    ("model.layers.{}.linear_attn.in_proj_qkvz", "mixer"),
    ("model.layers.{}.mixer.q_proj", "q"),
    ("lm_head", "head"),
    ("score", "head"),
    ("cls.predictions.transform.dense", "head"),
    ("model.vision_tower.encoder.layers.{}.self_attn.q_proj", "tower"),
    ("model.visual.blocks.{}.attn.qkv", "tower"),
    ("model.audio_tower.layers.{}.fc1", "tower"),
    ("model.multi_modal_projector.linear_1", "tower"),
    ("model.language_model.layers.{}.self_attn.q_proj", "q"),
]


@pytest.mark.parametrize(("path", "role"), LINEAR, ids=[path for path, _ in LINEAR])
def test_a_path_tells_what_a_linear_layer_is_for(path: str, role: Role) -> None:
    assert role_of(path, "Linear", "linear") == role


@pytest.mark.parametrize(
    ("path", "class_name", "kind", "role"),
    [
        ("model.embed_tokens", "Embedding", "embedding", "embedding"),
        ("model.norm", "LlamaRMSNorm", "norm", "norm"),
        ("model.layers.{}.self_attn.q_norm", "Qwen3RMSNorm", "norm", "norm"),
        ("model.layers.{}.mlp.experts", "Qwen3MoeExperts", "experts", "expert"),
        ("model.layers.{}.mlp.gate", "Qwen3MoeTopKRouter", "other", "router"),
        ("model.layers.{}.mamba.conv1d", "Conv1d", "convolution", "mixer"),
        ("transformer.h.{}.attn.c_attn", "Conv1D", "conv1d", "qkv"),
        ("model.vision_tower.embeddings.patch_embedding", "Conv2d", "convolution", "tower"),
        ("model.vision_tower.post_layernorm", "LayerNorm", "norm", "tower"),
    ],
)
def test_class_and_kind_tell_where_the_path_does_not(
    path: str, class_name: str, kind: Kind, role: Role
) -> None:
    assert role_of(path, class_name, kind) == role
