"""Each token's text, of tokenizers that write texts in different ways."""

from __future__ import annotations

from typing import Any

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from pitchpipe_runner.pieces import pieces

TEXTS = [
    "the owl sings",
    "  two spaces\n\nand lines ",
    "é🎼 日本 naïve 👩‍👩‍👧",
    "<end> after a special token<end>",
    "a \ufffd in the text",
    "",
]


def byte_level() -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        ["the owl sings"] * 3,
        trainers.BpeTrainer(
            vocab_size=270,
            special_tokens=["<end>"],
            initial_alphabet=alphabet,
            show_progress=False,
        ),
    )
    return made


def byte_fallback() -> Tokenizer:
    """As Llama 2 has it: words behind `▁`, what is not known in bytes, one space in front."""
    words = ["<unk>", "<end>", "▁", "▁the", "▁owl", "s", "i", "n", "g", "▁s"]
    known = {word: i for i, word in enumerate([*words, *(f"<0x{b:02X}>" for b in range(256))])}
    made = Tokenizer(models.BPE(known, [("▁", "s")], byte_fallback=True, unk_token="<unk>"))
    made.normalizer = normalizers.Sequence([
        normalizers.Prepend("▁"),
        normalizers.Replace(" ", "▁"),
    ])
    made.decoder = decoders.Sequence([
        decoders.Replace("▁", " "),
        decoders.ByteFallback(),
        decoders.Fuse(),
        decoders.Strip(" ", 1, 0),
    ])
    made.add_special_tokens(["<end>"])
    return made


def word_pieces() -> Tokenizer:
    words = ["[UNK]", "<end>", "the", "ow", "##l", "sing", "##s", "a", "in", "text", "after"]
    known = {word: i for i, word in enumerate(words)}
    made = Tokenizer(models.WordPiece(known, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    made.add_special_tokens(["<end>"])
    return made


@pytest.fixture(params=[byte_level, byte_fallback, word_pieces])
def tokenizer(request: pytest.FixtureRequest) -> Any:
    return PreTrainedTokenizerFast(tokenizer_object=request.param())


def ids_of(tokenizer: Any, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False)["input_ids"]


@pytest.mark.parametrize("text", TEXTS)
def test_the_pieces_make_the_text(tokenizer: Any, text: str) -> None:
    ids = ids_of(tokenizer, text)
    found = pieces(ids, [False] * len(ids), tokenizer)
    assert len(found) == len(ids)
    assert "".join(found) == tokenizer.decode(ids, clean_up_tokenization_spaces=False)


def test_a_character_of_several_tokens_stands_at_the_first() -> None:
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=byte_level())
    ids = ids_of(tokenizer, "a🎼b")
    assert pieces(ids, [False] * len(ids), tokenizer) == ["a", "🎼", "", "", "", "b"]


def test_a_character_that_is_cut_is_said_to_be() -> None:
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=byte_level())
    ids = ids_of(tokenizer, "a🎼")[:-1]
    assert pieces(ids, [False] * len(ids), tokenizer) == ["a", "\ufffd", "", ""]


def test_what_is_learnt_shares_no_piece_with_what_is_not() -> None:
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=byte_level())
    ids = [*ids_of(tokenizer, "\ufffd"), *ids_of(tokenizer, "a")]
    assert pieces(ids, [False, False, False, True], tokenizer) == ["\ufffd", "", "", "a"]
