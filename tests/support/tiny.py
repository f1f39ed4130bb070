"""Model folders and rows so small that a whole run takes seconds, made from nothing but code."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerFast

Architecture = Literal["llama", "qwen3", "gpt2"]

END = "<|endoftext|>"
TURN, TURN_END = "<|im_start|>", "<|im_end|>"
VOCABULARY = 512  # entries
CONTEXT = 512  # tokens
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

# What decides the label of a row, and what does not.
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
WHERE = ["at home", "by the river", "in the hall", "near the old mill", "on the market", "outside"]
WHEN = ["after lunch", "at dawn", "before noon", "every day", "in spring", "tonight"]


def tiny_model(
    folder: Path,
    *,
    chat_template: bool = True,
    architecture: Architecture = "llama",
    seed: int = 0,
) -> Path:
    """A causal language model of two layers with random weights, and a tokenizer for the rows.

    The same arguments give the same bytes. The tokenizer is byte-level, so it can write any text.
    Its end of sequence is `<|im_end|>` with a chat template and `<|endoftext|>` without.
    """
    import torch
    from transformers import AutoModelForCausalLM

    tokenizer = _tokenizer(chat_template)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(_config(architecture, tokenizer))
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_rows(folder: Path, n: int = 60, *, name: str = "rows.jsonl", seed: int = 0) -> Path:
    """`n` distinct rows `{"text": …, "label": …}`, as even between the labels as `n` allows.

    One verb decides the label, so a model of two layers learns it in a few dozen steps.
    """
    chance = random.Random(seed)
    columns: list[list[dict[str, str]]] = []
    for label, verbs in SIGNS.items():
        texts = [
            f"the {who} {verb} {where} {when}"
            for who, verb, where, when in itertools.product(WHO, verbs, WHERE, WHEN)
        ]
        chance.shuffle(texts)
        columns.append([{"text": text, "label": label} for text in texts])
    rows = list(itertools.chain.from_iterable(zip(*columns, strict=True)))[:n]
    if len(rows) < n:
        raise ValueError(f"there are no more than {len(rows)} distinct rows")
    file = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def _tokenizer(chat_template: bool) -> PreTrainedTokenizerFast:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END, TURN, TURN_END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(_corpus(), trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token=TURN if chat_template else END,
        eos_token=TURN_END if chat_template else END,
        pad_token=END,
        unk_token=END,
        model_max_length=CONTEXT,
    )
    if chat_template:
        tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def _corpus() -> list[str]:
    verbs = [verb for verbs in SIGNS.values() for verb in verbs]
    phrases = [*WHO, *verbs, *WHERE, *WHEN, *SIGNS, "user", "assistant", "system"]
    sentence = "Which tone has this phrase? What does the text say? Answer with one word."
    return [f"the {phrase}\n{phrase} {phrase}" for phrase in phrases] * 2 + [sentence] * 4


def _config(architecture: Architecture, tokenizer: PreTrainedTokenizerFast) -> PretrainedConfig:
    from transformers import GPT2Config, LlamaConfig, Qwen3Config

    ends: dict[str, Any] = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    if architecture == "gpt2":
        return GPT2Config(
            vocab_size=VOCABULARY, n_positions=CONTEXT, n_embd=64, n_layer=2, n_head=2, **ends
        )
    family = {"llama": LlamaConfig, "qwen3": Qwen3Config}[architecture]
    return family(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=32,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        **ends,
    )
