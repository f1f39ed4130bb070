"""The lines of a text that was edited are those of the text that came of it."""

import random

import pytest

from pitchpipe.document import parse
from pitchpipe.span import Lines

PIECES = ("a", "b: c", "\n", "\r\n", "\r", "\u2028", "é🎼", "- x\n", "\r\r\n\n")


@pytest.mark.parametrize("seed", range(30))
def test_lines_after_an_edit_are_those_of_the_new_text(seed: int) -> None:
    dice = random.Random(seed)
    text = "".join(dice.choice(PIECES) for _ in range(dice.randrange(30)))
    lines, document = Lines(text), parse(text)
    assert document.lines.starts == lines.starts
    for _ in range(60):
        start = dice.randrange(len(text) + 1)
        end = min(len(text), start + dice.choice((0, 0, 1, 2, 7)))
        typed = "".join(dice.choice(PIECES) for _ in range(dice.choice((0, 1, 1, 3))))
        after = text[:start] + typed + text[end:]
        by = len(after) - len(text)
        lines, document = lines.edited(after, start, end + by, by), parse(after, document)
        text = after
        expected = Lines(text).starts
        assert lines.starts == expected
        if dice.random() < 0.7:
            assert document.lines.starts == expected
