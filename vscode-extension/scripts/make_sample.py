"""Makes the sample's model and data, `samples/tones`; the same bytes each time.

    python scripts/make_sample.py

It needs `pitchpipe[runner]`. The model is a Llama of two layers with random weights and a tokenizer
of 512 entries made for the rows: small enough to come with the extension, and able to learn the one
task.
"""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedTokenizerFast

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "tones"
END = "<|endoftext|>"
CONTEXT = 128  # tokens
ROWS = 180

# One verb decides the label.
SIGNS = {
    "joy": ["sings", "dances", "laughs", "smiles"],
    "fear": ["trembles", "hides", "screams", "freezes"],
    "anger": ["shouts", "stamps", "growls", "fumes"],
}
WHO = [
    "baker",
    "clerk",
    "dog",
    "gardener",
    "judge",
    "miller",
    "neighbour",
    "owl",
    "painter",
    "smith",
]
WHERE = ["at home", "by the river", "in the hall", "near the mill", "on the market", "outside"]
WHEN = ["after lunch", "at dawn", "before noon", "every day", "in spring", "tonight"]


def main() -> None:
    (SAMPLE / "data").mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row) + "\n" for row in rows())
    (SAMPLE / "data" / "phrases.jsonl").write_bytes(lines.encode())
    tokenizer = tokenizer_of_rows()
    ends: dict[str, Any] = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(
        LlamaConfig(
            vocab_size=512,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=32,
            max_position_embeddings=CONTEXT,
            tie_word_embeddings=True,
            **ends,
        ),
        dtype=torch.bfloat16,
    )
    model.save_pretrained(SAMPLE / "model")
    tokenizer.save_pretrained(SAMPLE / "model")


def rows() -> list[dict[str, str]]:
    """As even between the labels as can be."""
    chance = random.Random(0)
    columns: list[list[dict[str, str]]] = []
    for label, verbs in SIGNS.items():
        phrases = [
            f"the {who} {verb} {where} {when}"
            for who, verb, where, when in itertools.product(WHO, verbs, WHERE, WHEN)
        ]
        chance.shuffle(phrases)
        columns.append([{"phrase": phrase, "tone": label} for phrase in phrases])
    return list(itertools.chain.from_iterable(zip(*columns, strict=True)))[:ROWS]


def tokenizer_of_rows() -> PreTrainedTokenizerFast:
    """Byte-level, so that it can write any text."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    verbs = [verb for verbs in SIGNS.values() for verb in verbs]
    phrases = [*WHO, *verbs, *WHERE, *WHEN, *SIGNS]
    corpus = [f"the {phrase}\n{phrase} {phrase}" for phrase in phrases] * 2
    bpe.train_from_iterator([*corpus, *["Which tone has this phrase?"] * 4], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token=END,
        eos_token=END,
        pad_token=END,
        unk_token=END,
        model_max_length=CONTEXT,
    )


if __name__ == "__main__":
    main()
