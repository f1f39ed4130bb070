"""A catalogue of one small architecture, as shards are written, and models of it on disk."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pitchpipe.published import PublishedModel
from pitchpipe_facts.model_shapes import Shelf

TOY: dict[str, Any] = {
    "model_type": "toy",
    "transformers": "5.23.0",
    "exact": True,
    "heads": {"causal-lm": "ToyForCausalLM", "sequence-classification": "ToyForClasses"},
    "text": "",
    "parts": [],
    "aliases": {},
    "defaults": {
        "hidden_size": 8,
        "vocab_size": 32,
        "layers": 2,
        "num_labels": 2,
        "tie_word_embeddings": True,
    },
    "derived": [],
    "places": [{"axes": []}, {"axes": [{"count": "layers"}]}],
    "groups": [
        {
            "path": "model.embed_tokens",
            "kind": "embedding",
            "role": "embedding",
            "class": "Embedding",
            "place": 0,
            "parameters": [["weight", ["vocab_size", "hidden_size"], {}]],
        },
        {
            "path": "model.layers.{}.self_attn.q_proj",
            "kind": "linear",
            "role": "q",
            "class": "Linear",
            "place": 1,
            "parameters": [["weight", ["hidden_size", "hidden_size"], {}]],
        },
        {
            "path": "model.layers.{}.mlp.experts",
            "kind": "experts",
            "role": "expert",
            "class": "ToyExperts",
            "place": 1,
            "parameters": [
                ["gate_up_proj", [4, ["*", 2, "hidden_size"], "hidden_size"], {}],
                ["down_proj", [4, "hidden_size", "hidden_size"], {}],
            ],
        },
        {
            "path": "model.norm",
            "kind": "norm",
            "role": "norm",
            "class": "ToyNorm",
            "place": 0,
            "parameters": [["weight", ["hidden_size"], {}]],
        },
        {
            "path": "lm_head",
            "kind": "linear",
            "role": "head",
            "class": "Linear",
            "place": 0,
            "heads": ["causal-lm"],
            "parameters": [
                [
                    "weight",
                    ["vocab_size", "hidden_size"],
                    {"tied": [["tie_word_embeddings", "model.embed_tokens.weight"]]},
                ]
            ],
        },
        {
            "path": "score",
            "kind": "linear",
            "role": "head",
            "class": "Linear",
            "place": 0,
            "heads": ["sequence-classification"],
            "parameters": [["weight", ["num_labels", "hidden_size"], {}]],
        },
    ],
}

CONFIG: dict[str, Any] = {
    "model_type": "toy",
    "architectures": ["ToyForCausalLM"],
    "dtype": "bfloat16",
    "max_position_embeddings": 128,
}


def published(name: str, parameters: int) -> PublishedModel:
    """A row of the table: a model of three layers."""
    return PublishedModel(
        name=name,
        head="causal-lm",
        config={**CONFIG, "layers": 3},
        parameters=parameters,
        stored_parameters=None,
        license=None,
        context_length=None,
        chat_template=None,
        gated=None,
        sources={},
    )


TABLE = {"org/table": published("org/table", 2760), "org/odd": published("org/odd", 2761)}
SHELF = Shelf(architecture={"toy": TOY}.get, published=TABLE.get)

BYTES = {"BF16": 2, "F32": 4, "U8": 1, "F8_E4M3": 1}


def tensors(layers: int = 2) -> dict[str, tuple[str, list[int]]]:
    """What a file holds of such a model, its experts one by one as older versions stored them."""
    found = {"model.embed_tokens.weight": ("BF16", [32, 8]), "model.norm.weight": ("F32", [8])}
    for layer in range(layers):
        path = f"model.layers.{layer}"
        found[f"{path}.self_attn.q_proj.weight"] = ("BF16", [8, 8])
        for expert in range(4):
            for name in ("w1", "w2", "w3"):
                found[f"{path}.moe.experts.{expert}.{name}.weight"] = ("BF16", [8, 8])
    return found


def model(
    folder: Path,
    config: Mapping[str, Any] | None = None,
    stored: Mapping[str, tuple[str, list[int]]] | None = None,
) -> Path:
    """A model folder; `stored` maps names of tensors to dtypes and shapes (None: no weights)."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(CONFIG if config is None else config)
    (folder / "config.json").write_text(text, encoding="utf-8")
    if stored is not None:
        write_weights(folder / "model.safetensors", stored)
    return folder


def write_weights(file: Path, stored: Mapping[str, tuple[str, list[int]]]) -> None:
    """A safetensors file of zeros."""
    header, at = {}, 0
    for name, (dtype, shape) in stored.items():
        end = at + BYTES[dtype] * math.prod(shape)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + b"\0" * at)
