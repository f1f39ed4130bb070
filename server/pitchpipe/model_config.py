"""What a model's `config.json` says beyond sizes: its task, context, dtype and quantization."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from pitchpipe.modules import Head, ShapeSource

Config = Mapping[str, Any]

# Where composite configurations keep the language model's (transformers 5.23, `get_text_config`,
# and names of remote code).
_TEXT_CONFIGS = ("text_config", "language_config", "llm_config", "thinker_config", "decoder")

# The context's name where it is not `max_position_embeddings` (transformers 5.23, `attribute_map`).
# T5 has an `n_positions` too, which limits nothing: its positions are relative.
_N_POSITIONS = (
    *("codegen", "ctrl", "decision_transformer", "gpt2", "gpt_bigcode", "gptj", "imagegpt"),
    "openai-gpt",
)
_CONTEXT_NAMES: dict[str, str] = {
    **dict.fromkeys(_N_POSITIONS, "n_positions"),
    "dbrx": "max_seq_len",
    "rwkv": "context_length",
    "bailing_hybrid": "model_max_length",
    "kimi_linear": "model_max_length",
}

_BITS = {"fp8": 8, "fbgemm_fp8": 8, "mxfp8": 8, "mxfp4": 4, "nvfp4": 4, "fouroversix": 4}
_BITS_KEYS = ("bits", "nbits", "w_bit", "weight_bits", "num_bits")

_HEADS: tuple[tuple[str, Head], ...] = (
    ("ForSequenceClassification", "sequence-classification"),
    ("ForTokenClassification", "token-classification"),
    ("ForMaskedLM", "masked-lm"),
    ("ForConditionalGeneration", "seq2seq-lm"),
    ("MTModel", "seq2seq-lm"),  # MarianMTModel
    ("ForCausalLM", "causal-lm"),
    ("LMHeadModel", "causal-lm"),
)


@dataclass(frozen=True, slots=True)
class Quantization:
    """How stored weights are quantized. `method` is transformers' `quant_method`.

    `bits` is None where the configuration doesn't tell.
    """

    method: str
    bits: int | None = None
    detail: str | None = None

    def __str__(self) -> str:
        said = f"{self.bits}-bit {self.method}" if self.bits else self.method
        return f"{said} ({self.detail})" if self.detail else said


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """A model's configuration as it is stored; what it leaves to defaults is None.

    `config` is all of it. `context_length` is in tokens, stretched positions included.
    `tie_word_embeddings` and the context have defaults that the shape's `config` knows.
    `remote_code`: classes of its own are named for it. `dtype` is torch's name.
    """

    model_type: str | None
    architectures: tuple[str, ...]
    config: Config = field(repr=False)
    dtype: str | None
    context_length: int | None
    quantization: Quantization | None
    tie_word_embeddings: bool | None
    remote_code: bool
    source: ShapeSource

    @property
    def head(self) -> Head | None:
        """The task that the stored model was made for, as far as its class's name tells."""
        for name in self.architectures:
            if head := head_of(name):
                return head
        return None


def interpret(config: Config, source: ShapeSource) -> ModelConfig:
    """What `config`, the object of a `config.json`, says."""
    text = text_config(config)
    model_type = config.get("model_type")
    named = config.get("architectures")
    tied = text.get("tie_word_embeddings", config.get("tie_word_embeddings"))
    return ModelConfig(
        model_type=model_type if isinstance(model_type, str) and model_type else None,
        architectures=_texts(named),
        config=config,
        dtype=_dtype(config) or _dtype(text),
        context_length=context_length(config),
        quantization=quantization(config),
        tie_word_embeddings=tied if isinstance(tied, bool) else None,
        remote_code=bool(config.get("auto_map")),
        source=source,
    )


def text_config(config: Config) -> Config:
    """The part about the language model, which in most configurations is all of it."""
    for name in _TEXT_CONFIGS:
        inner = config.get(name)
        if isinstance(inner, dict) and inner:
            return text_config(cast("dict[str, Any]", inner))
    return config


def head_of(class_name: str) -> Head | None:
    """The task of a model class, None where its name doesn't tell, as of a bare `LlamaModel`."""
    return next((head for ending, head in _HEADS if class_name.endswith(ending)), None)


def context_length(config: Config) -> int | None:
    """How many tokens fit, None where nothing says so or positions have no end.

    YaRN with the length before stretching stretches it by its factor, unless
    `max_position_embeddings` already counts that (transformers 5.23, `modeling_rope_utils`). Linear
    and dynamic scaling leave the length as it is said: files differ in what theirs means.
    """
    text = text_config(config)
    name = _CONTEXT_NAMES.get(str(text.get("model_type")), "max_position_embeddings")
    said = _size(text.get(name)) or _size(text.get("max_position_embeddings"))
    rope = text.get("rope_parameters") or text.get("rope_scaling")
    if said is None or not isinstance(rope, dict):
        return said
    scaling = cast("dict[str, Any]", rope)
    factor: Any = scaling.get("factor")
    if scaling.get("rope_type", scaling.get("type")) != "yarn" or not _is_number(factor):
        return said
    before = text.get("original_max_position_embeddings")
    before = before or scaling.get("original_max_position_embeddings")
    return max(said, int((_size(before) or said) * factor))


def quantization(config: Config) -> Quantization | None:
    """How the stored weights are quantized; None where they are not."""
    found = config.get("quantization_config") or text_config(config).get("quantization_config")
    if not isinstance(found, dict) or not found:
        return None
    said = cast("dict[str, Any]", found)
    four, eight = (said.get(f"load_in_{n}bit") is True for n in (4, 8))
    method = said.get("quant_method")
    if not isinstance(method, str) or not method:
        # Before `quant_method` there was bitsandbytes alone.
        if not four and not eight:
            return None
        method = "bitsandbytes"
    if method.startswith("bitsandbytes"):
        kind = said.get("bnb_4bit_quant_type", "fp4") if four else None
        detail = kind if isinstance(kind, str) else None
        return Quantization("bitsandbytes", 4 if four else 8 if eight else None, detail)
    kind = said.get("quant_type") or said.get("format")
    return Quantization(method, _bits(method, said), kind if isinstance(kind, str) else None)


def _bits(method: str, said: Mapping[str, Any]) -> int | None:
    direct = next((b for key in _BITS_KEYS if (b := _size(said.get(key)))), None)
    return direct or _BITS.get(method) or _bits_of_groups(said.get("config_groups"))


def _bits_of_groups(groups: Any) -> int | None:
    """compressed-tensors says it of each group of layers; the smallest one counts."""
    if not isinstance(groups, dict):
        return None
    found: list[int] = []
    for group in cast("dict[str, Any]", groups).values():
        weights: Any = cast("dict[str, Any]", group).get("weights") if _is_object(group) else None
        if _is_object(weights) and (bits := _size(cast("dict[str, Any]", weights).get("num_bits"))):
            found.append(bits)
    return min(found, default=None)


def _dtype(config: Config) -> str | None:
    said = config.get("dtype") or config.get("torch_dtype")
    if not isinstance(said, str):
        return None
    name = said.removeprefix("torch.")
    return name if re.fullmatch(r"[a-z]+\w*", name) and name != "auto" else None


def _texts(value: Any) -> tuple[str, ...]:
    listed = cast("list[object]", value) if isinstance(value, list) else []
    return tuple(item for item in listed if isinstance(item, str))


def _size(value: Any) -> int | None:
    return value if type(value) is int and value > 0 else None


def _is_number(value: Any) -> bool:
    return type(value) in {int, float} and 0 < value < 1e6


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)
