from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    GPT2Config,
    LlamaConfig,
    MambaConfig,
    PreTrainedConfig,
    Qwen3Config,
)

from pitchpipe_runner.batches import Collator, stay_apart
from pitchpipe_runner.render import IGNORED
from support.small_models import small_model

ROWS = [[5, 6, 7, 8, 9], [10, 11, 12], [13, 14, 15, 16]]
PACKS: list[dict[str, list[int]]] = [
    {"input_ids": [5, 6, 7, 8], "labels": [-100, 6, -100, 8], "lengths": [2, 2]},
    {"input_ids": [9, 5, 6], "labels": [-100, -100, 6], "lengths": [3]},
]
SMALL: dict[str, Any] = {"vocab_size": 64, "hidden_size": 32, "num_hidden_layers": 2}
ATTENTION: dict[str, Any] = {
    **SMALL,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "intermediate_size": 48,
}
CONFIGS: dict[str, PreTrainedConfig] = {
    "llama": LlamaConfig(**ATTENTION),
    "qwen3": Qwen3Config(**ATTENTION, head_dim=16),
    "gpt2": GPT2Config(vocab_size=64, n_embd=32, n_layer=2, n_head=2, n_positions=128),
    "bloom": BloomConfig(vocab_size=64, hidden_size=32, n_layer=2, n_head=2),
    "mamba": MambaConfig(**SMALL, state_size=4),
}


def built(architecture: str, attention: str | None = None) -> Any:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(CONFIGS[architecture], attn_implementation=attention)
    with torch.no_grad():
        for parameter in model.parameters():  # as large as trained weights are: a leak shows
            if parameter.ndim > 1:
                parameter.mul_(8)
    return model.train()


def test_packs_stay_whole_with_positions_that_begin_anew() -> None:
    batch = Collator(pad=0, isolated=True)(PACKS)
    assert {k: v.tolist() for k, v in batch.items() if k != "tokens"} == {
        "input_ids": [[5, 6, 7, 8], [9, 5, 6, 0]],
        "labels": [[-100, 6, -100, 8], [-100, -100, 6, -100]],
        "position_ids": [[0, 1, 0, 1], [0, 1, 2, 0]],
    }
    assert batch["tokens"] == 7


def test_rows_that_can_not_share_a_sequence_get_lines_of_their_own() -> None:
    batch = Collator(pad=0, isolated=False)(PACKS)
    assert {k: v.tolist() for k, v in batch.items() if k != "tokens"} == {
        "input_ids": [[5, 6, 0], [7, 8, 0], [9, 5, 6]],
        "labels": [[-100, 6, -100], [-100, 8, -100], [-100, -100, 6]],
        "attention_mask": [[1, 1, 0], [1, 1, 0], [1, 1, 1]],
    }
    assert batch["tokens"] == 7


@pytest.mark.parametrize("architecture", ["llama", "qwen3", "gpt2"])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_packed_rows_have_the_logits_that_they_have_alone(
    architecture: str, attention: str
) -> None:
    model = built(architecture, attention)
    assert stay_apart(model)
    assert model.training
    packs = [
        {"input_ids": joined, "labels": [IGNORED] * len(joined), "lengths": [*map(len, rows)]}
        for rows in (ROWS, ROWS[2:])
        for joined in [[token for row in rows for token in row]]
    ]
    batch = Collator(pad=0, isolated=True)(packs)
    given = {name: batch[name] for name in ("input_ids", "position_ids")} | {"use_cache": False}
    model.eval()
    with torch.no_grad():
        alone = torch.cat([model(input_ids=torch.tensor([ids])).logits[0] for ids in ROWS])
        packed = model(**given).logits
        seen = model(**given, attention_mask=torch.ones_like(batch["input_ids"])).logits[0]
    error = (packed[0] - alone).abs().max().item()
    second = (packed[1, : len(ROWS[2])] - alone[-len(ROWS[2]) :]).abs().max().item()
    leak = (seen - alone).abs().max().item()
    print(f"{architecture}, {attention}: error {error:.2g}, {second:.2g}; under a mask {leak:.2g}")
    assert max(error, second) < 1e-4
    assert leak > 0.1


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    ("architecture", "apart"),
    [
        ("llama", True),
        ("gpt2", True),
        ("mixtral", True),
        ("qwen3_moe", True),
        ("jamba", False),
        ("falcon_h1", False),
        ("mamba", False),
    ],
)
def test_a_little_that_a_state_hands_on_is_seen(
    architecture: str, apart: bool, dtype: torch.dtype
) -> None:
    """Attention reaches most of what these hybrids compute, and their state but a thousandth."""
    assert stay_apart(small_model(architecture).to(dtype)) is apart


@pytest.mark.parametrize("architecture", ["bloom", "mamba"])
def test_a_model_without_positions_or_with_a_state_does_not_keep_rows_apart(
    architecture: str,
) -> None:
    model = built(architecture)
    assert not stay_apart(model)
    assert model.training
