"""Workflows as files of Axolotl and LLaMA-Factory."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from pitchpipe.converting import convert
from support.analysis import analysis, whole

PHRASES = "data:\n  train: [{path: data/phrases.jsonl, columns: {completion: tone}}]\n"


def there(tool: str, fragment: str) -> tuple[dict[str, Any], set[str]]:
    found = convert(analysis(whole(fragment)), tool)
    return yaml.safe_load(found.text), {loss.key for loss in found.losses}


AXOLOTL = [
    ("method: {type: full}\n", {"adapter": None, "lora_r": None}),
    ("method: {target_modules: [q_proj]}\n", {"lora_target_modules": ["q_proj"]}),
    ("model: {name_or_path: models/tiny, dtype: float32}\n", {"bf16": False, "fp16": False}),
    (
        "training: {eval_strategy: steps, eval_steps: 5}\n",
        {"eval_steps": 5, "eval_strategy": None},
    ),
    ("training: {save_strategy: epoch}\n", {"save_strategy": "epoch", "save_steps": None}),
    ("training: {report_to: [wandb]}\n", {"use_wandb": True}),
    (
        PHRASES + "  prompt_template: 'Tone of {phrase}?'\n",
        {
            "datasets": [
                {
                    "path": "data/phrases.jsonl",
                    "type": {
                        "field_instruction": "phrase",
                        "field_output": "tone",
                        "format": "Tone of {instruction}?",
                        "no_input_format": "Tone of {instruction}?",
                    },
                }
            ]
        },
    ),
    (
        "data: {train: [{path: data/texts.txt, format: text}]}\n",
        {"datasets": [{"path": "data/texts.txt", "type": "completion"}]},
    ),
]


@pytest.mark.parametrize(("fragment", "expected"), AXOLOTL)
def test_axolotls_keys_say_the_same(fragment: str, expected: dict[str, Any]) -> None:
    data, _ = there("axolotl", fragment)
    assert {key: data.get(key) for key in expected} == expected


def test_axolotl_writes_prompts_of_ones_own_without_a_chat_template() -> None:
    fragment = PHRASES + "  prompt_template: '{phrase}'\n"
    assert "data.chat_template" in there("axolotl", fragment)[1]


LLAMA_FACTORY = [
    ("method: {type: full}\n", {"finetuning_type": "full", "lora_target": None}),
    (
        "method: {target_modules: [q_proj, v_proj], modules_to_save: [lm_head]}\n",
        {"lora_target": "q_proj,v_proj", "additional_target": "lm_head"},
    ),
    ("training: {gradient_checkpointing: true}\n", {"disable_gradient_checkpointing": None}),
    ("training: {logging_steps: 3}\n", {"logging_steps": 3}),
    (
        "data: {train: [{dataset_name: org/rows}]}\n",
        {"dataset": "org/rows", "dataset_dir": "ONLINE"},
    ),
    ("data: {train: [{path: data/pairs.jsonl}]}\n", {"dataset": "pairs", "dataset_dir": None}),
]


@pytest.mark.parametrize(("fragment", "expected"), LLAMA_FACTORY)
def test_llama_factorys_keys_say_the_same(fragment: str, expected: dict[str, Any]) -> None:
    data, _ = there("llama-factory", fragment)
    assert {key: data.get(key) for key in expected} == expected


def test_llama_factory_wants_files_described_elsewhere() -> None:
    _, lost = there("llama-factory", "data: {train: [{path: data/pairs.jsonl}]}\n")
    assert "data.train[0]" in lost
