"""The shape of a small llama, from the catalogue."""

from __future__ import annotations

from typing import Any

import pitchpipe_schemas
from pitchpipe.catalog import model_shape
from pitchpipe.modules import ModelShape, ShapeSource

CONFIG = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 256,
    "tie_word_embeddings": True,
}


def llama(**changes: Any) -> ModelShape:
    shard = pitchpipe_schemas.architecture("llama")
    assert shard is not None
    found = model_shape(shard, CONFIG | changes, "causal-lm", ShapeSource("config", "a test"))
    assert isinstance(found, ModelShape)
    return found
