from __future__ import annotations

from typing import Any

import pytest

from pitchpipe.model_config import (
    Quantization,
    context_length,
    head_of,
    interpret,
    quantization,
)
from pitchpipe.modules import ShapeSource

SOURCE = ShapeSource("config", "config.json")


def test_a_configuration_says_what_it_is() -> None:
    found = interpret(
        {
            "model_type": "llama",
            "architectures": ["LlamaForCausalLM"],
            "torch_dtype": "bfloat16",
            "max_position_embeddings": 2048,
            "tie_word_embeddings": False,
        },
        SOURCE,
    )
    assert (found.model_type, found.head, found.dtype) == ("llama", "causal-lm", "bfloat16")
    assert (found.context_length, found.tie_word_embeddings) == (2048, False)
    assert (found.quantization, found.remote_code, found.source) == (None, False, SOURCE)


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"model_type": 3, "architectures": "LlamaForCausalLM", "dtype": 16, "rope_scaling": []},
        {"architectures": [None, 1], "max_position_embeddings": "2048", "dtype": "auto"},
        {"max_position_embeddings": True, "text_config": [1], "quantization_config": "gptq"},
        {"max_position_embeddings": -1, "tie_word_embeddings": "yes", "quantization_config": {}},
    ],
)
def test_what_makes_no_sense_is_unknown(config: dict[str, Any]) -> None:
    found = interpret(config, SOURCE)
    assert (found.model_type, found.head, found.dtype, found.context_length) == (None,) * 4
    assert (found.quantization, found.tie_word_embeddings) == (None, None)


def test_the_language_model_of_a_composite_is_meant() -> None:
    config = {
        "model_type": "gemma3",
        "architectures": ["Gemma3ForConditionalGeneration"],
        "text_config": {"max_position_embeddings": 8192, "dtype": "float16"},
        "vision_config": {"max_position_embeddings": 77},
    }
    found = interpret(config, SOURCE)
    assert (found.context_length, found.dtype, found.model_type) == (8192, "float16", "gemma3")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"max_position_embeddings": 4096}, 4096),
        ({"model_type": "gpt2", "n_positions": 1024}, 1024),
        ({"model_type": "t5", "n_positions": 512}, None),
        ({"model_type": "dbrx", "max_seq_len": 32768}, 32768),
        # Qwen2.5's card: YaRN by 4 from 32,768
        (
            {
                "max_position_embeddings": 32768,
                "rope_scaling": {
                    "type": "yarn",
                    "factor": 4.0,
                    "original_max_position_embeddings": 32768,
                },
            },
            131072,
        ),
        # DeepSeek-V3: the stretched length is the one that is said
        (
            {
                "max_position_embeddings": 163840,
                "rope_scaling": {
                    "type": "yarn",
                    "factor": 40,
                    "original_max_position_embeddings": 4096,
                },
            },
            163840,
        ),
        ({"max_position_embeddings": 4096, "rope_scaling": {"type": "yarn", "factor": 2}}, 8192),
        (
            {
                "max_position_embeddings": 131072,
                "rope_parameters": {
                    "rope_type": "llama3",
                    "factor": 32.0,
                    "original_max_position_embeddings": 8192,
                },
            },
            131072,
        ),
        (
            {"max_position_embeddings": 16384, "rope_scaling": {"type": "linear", "factor": 4}},
            16384,
        ),
        ({"max_position_embeddings": 4096, "rope_scaling": {"type": "yarn", "factor": "x"}}, 4096),
        (
            {"max_position_embeddings": 4096, "rope_scaling": {"type": "yarn", "factor": 1e400}},
            4096,
        ),
    ],
)
def test_the_context_counts_stretched_positions(
    config: dict[str, Any], expected: int | None
) -> None:
    assert context_length(config) == expected


@pytest.mark.parametrize(
    ("said", "expected", "shown"),
    [
        (
            {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"},
            Quantization("bitsandbytes", 4, "nf4"),
            "4-bit bitsandbytes (nf4)",
        ),
        ({"load_in_8bit": True}, Quantization("bitsandbytes", 8), "8-bit bitsandbytes"),
        ({"quant_method": "gptq", "bits": 4}, Quantization("gptq", 4), "4-bit gptq"),
        ({"quant_method": "fp8"}, Quantization("fp8", 8), "8-bit fp8"),
        ({"quant_method": "mxfp4"}, Quantization("mxfp4", 4), "4-bit mxfp4"),
        ({"quant_method": "bitnet"}, Quantization("bitnet"), "bitnet"),
        (
            {
                "quant_method": "compressed-tensors",
                "format": "pack-quantized",
                "config_groups": {
                    "a": {"weights": {"num_bits": 8}},
                    "b": {"weights": {"num_bits": 4}},
                    "c": None,
                },
            },
            Quantization("compressed-tensors", 4, "pack-quantized"),
            "4-bit compressed-tensors (pack-quantized)",
        ),
        ({"load_in_8bit": False}, None, "None"),
        ({"quant_method": 7, "bits": 4}, None, "None"),
    ],
)
def test_quantization_is_recognised(
    said: dict[str, Any], expected: Quantization | None, shown: str
) -> None:
    assert quantization({"quantization_config": said}) == expected
    assert quantization({"text_config": {"quantization_config": said}}) == expected
    assert str(expected) == shown


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("LlamaForCausalLM", "causal-lm"),
        ("GPT2LMHeadModel", "causal-lm"),
        ("T5ForConditionalGeneration", "seq2seq-lm"),
        ("MarianMTModel", "seq2seq-lm"),
        ("BertForMaskedLM", "masked-lm"),
        ("Qwen3ForSequenceClassification", "sequence-classification"),
        ("BertForTokenClassification", "token-classification"),
        ("LlamaModel", None),
        ("BertForPreTraining", None),
    ],
)
def test_a_class_tells_its_task(name: str, expected: str | None) -> None:
    assert head_of(name) == expected
