"""Which fields of a configuration a model's constructor reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from transformers import AutoConfig, PreTrainedConfig

# Read by every model and of no weight for its modules.
_OF_NO_WEIGHT = frozenset({
    "architectures", "attribute_map", "base_model_pp_plan", "base_model_tp_plan",
    "base_model_ep_plan", "dtype", "torch_dtype", "id2label", "label2id", "is_composition",
    "keys_to_ignore_at_inference", "model_type", "name_or_path", "output_attentions",
    "output_hidden_states", "per_layer_config", "problem_type", "return_dict", "sub_configs",
    "sub_configs_defaults", "transformers_version", "use_cache", "base_config_key",
    "base_model_fsdp_plan", "is_heterogeneous", "auto_map", "decoder", "dict_dtype_to_str",
    "default_rope_type", "generator", "get_text_config", "nested_rope_parameter_keys",
    "partial_rotary_factor", "quantization_config", "rope_parameters", "rope_scaling",
    "standardize_rope_params", "text_encoder", "to_dict", "original_max_position_embeddings",
    "token_classification_bias", "convert_rope_params_to_dict", "ignore_keys_at_rope_validation",
    "get_head_config", "to_diff_dict", "save_pretrained", "validate",
})  # fmt: skip


def parts(config: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every configuration inside `config`, itself first, by its dotted name ("" for itself)."""
    yield prefix, config
    for name, value in vars(config).items():
        if isinstance(value, PreTrainedConfig) and not name.startswith("_"):
            yield from parts(value, f"{prefix}.{name}" if prefix else name)


def text_part(config: Any) -> str:
    """The dotted name of the part that configures the language model, the decoder's of two."""
    try:
        own = config.get_text_config()
    except ValueError:  # "Multiple valid text configs"
        own = config.get_text_config(decoder=True)
    return next((prefix for prefix, part in parts(config) if part is own), "")


def part_types(config: Any) -> dict[str, str]:
    """The model types of the parts that may be of any, as what is around them takes them."""
    found: dict[str, str] = {}
    for prefix, part in parts(config):
        for name, own in type(part).sub_configs.items():
            inner = getattr(part, name, None)
            if own is AutoConfig and isinstance(inner, PreTrainedConfig):
                found[f"{prefix}.{name}" if prefix else name] = inner.model_type
    return found


@contextmanager
def recorded_reads(config: Any) -> Iterator[set[str]]:
    """Collects the dotted names of fields that are read, also those that don't exist.

    Copies are told by their class: a model may copy the configuration for its decoder.
    """
    places = {id(part): prefix for prefix, part in parts(config)}
    classes = {type(part): prefix for prefix, part in reversed(list(parts(config)))}
    reads: set[str] = set()
    original = PreTrainedConfig.__getattribute__

    def reading(self: Any, name: str) -> Any:
        if not name.startswith("_") and name not in _OF_NO_WEIGHT:
            prefix = places.get(id(self), classes.get(type(self)))
            if prefix is not None:
                own = type(self).attribute_map.get(name, name)
                reads.add(f"{prefix}.{own}" if prefix else own)
        return original(self, name)

    PreTrainedConfig.__getattribute__ = reading  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield reads
    finally:
        PreTrainedConfig.__getattribute__ = original
