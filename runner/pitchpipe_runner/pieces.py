"""The text of each token, so that the texts joined are the text of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_CUT = "\ufffd"  # what a decoder makes of a part of a character


def pieces(ids: Sequence[int], together: Sequence[object], tokenizer: Any) -> list[str]:
    """One text a token.

    A character of several tokens stands at the first of them, and the others are empty. Where the
    last character lacks some of its tokens it is U+FFFD. `together` is as long as `ids`: tokens
    beside each other that differ in it never share a character.
    """

    def text(first: int, last: int) -> str:
        return tokenizer.decode(
            ids[first:last], skip_special_tokens=False, clean_up_tokenization_spaces=False
        )

    found: list[str] = []
    # Decoders treat the first token in its own way, so each is decoded behind those before it.
    before = start = 0
    for end in range(1, len(ids) + 1):
        known = text(before, start)
        grown = text(before, end)
        last = end == len(ids) or together[end - 1] != together[end]
        if grown.endswith(_CUT) and not last:
            continue
        found += [grown[len(known) :], *[""] * (end - start - 1)]
        before, start = start, end
    return found
