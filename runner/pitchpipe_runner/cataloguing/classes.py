"""Which model types transformers has, which classes, and how each is configured by default."""

from __future__ import annotations

from typing import Any

import transformers
from transformers.models.auto import modeling_auto
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from pitchpipe.modules import Head

_MAPPINGS: dict[Head, Any] = {
    "causal-lm": modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    "seq2seq-lm": modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    "sequence-classification": modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    "token-classification": modeling_auto.MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES,
    "masked-lm": modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
}


_IMAGE_TEXT: Any = modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES


def text_types() -> tuple[str, ...]:
    """The model types that have a class for a task on text, sorted."""
    return tuple(sorted(set().union(*_MAPPINGS.values())))


def image_text_types() -> tuple[str, ...]:
    """Those that have a class for text about images alone, sorted."""
    return tuple(sorted(set(_IMAGE_TEXT) - set(text_types())))


def class_names(model_type: str) -> dict[Head, str]:
    """The class for each head that `model_type` has one for.

    What writes about images counts as a causal language model, with towers beside it.
    """
    found: dict[Head, str] = {
        head: names[model_type] for head, names in _MAPPINGS.items() if model_type in names
    }
    if not found and model_type in _IMAGE_TEXT:
        found["causal-lm"] = _IMAGE_TEXT[model_type]
    return found


def model_class(name: str) -> Any:
    return getattr(transformers, name)


def config_class(model_type: str) -> Any:
    return CONFIG_MAPPING[model_type]
