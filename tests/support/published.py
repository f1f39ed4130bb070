"""Why the files of a published model hold more numbers than the model has parameters."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from pitchpipe.published import PublishedModel

# Types whose older checkpoints hold the causal mask of each layer, as large as the context squared.
_WITH_MASKS = ("gpt2", "gpt_neo", "gpt_neox")


def stored_extra(model: PublishedModel) -> str | None:
    """What is stored besides the parameters, "" for nothing, None where nothing explains it."""
    config = model.config.get("text_config", model.config)
    width = _first(config, "hidden_size", "n_embd", "d_model")
    layers = _first(config, "num_hidden_layers", "n_layer", "num_layers")
    positions = _first(config, "n_positions", "max_position_embeddings")
    masks = layers if model.config["model_type"] in _WITH_MASKS else 0
    extra = (model.stored_parameters or 0) - model.parameters
    for head, mask, rotary in product((0, 1), range(masks + 1), (0, 1)):
        parts = {
            "the tied head": head * config["vocab_size"] * width,
            "causal masks": mask * positions**2,
            "rotary frequencies": rotary * layers * _frequencies(model.config),
        }
        if sum(parts.values()) == extra:
            return ", ".join(name for name, numbers in parts.items() if numbers)
    return None


def _frequencies(config: Mapping[str, Any]) -> int:
    """A layer's: one for two dimensions that turn; GPT-NeoX turns a quarter of a head's."""
    if config["model_type"] not in ("llama", "gpt_neox"):
        return 0
    turning = config["hidden_size"] // config["num_attention_heads"]
    return turning // (8 if config["model_type"] == "gpt_neox" else 2)


def _first(config: Mapping[str, Any], *names: str) -> int:
    return next((config[name] for name in names if name in config), 0)
