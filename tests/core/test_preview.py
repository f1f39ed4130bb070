"""Rows as the model sees them, in words."""

from __future__ import annotations

import pytest

from pitchpipe.preview import Preview, Row, Token, closing, from_json, heading, markdown, marked

GIVEN, LEARNT = Token("What? ", False), Token("Yes", True)
HALF = Token("", True)  # of a character that stands at the token before


def row(*tokens: Token, cut: int = 0, length: int | None = None) -> Row:
    found = len(tokens) + cut if length is None else length
    return Row("data/a.jsonl", 1233, tokens, found, cut)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (row(GIVEN, LEARNT, HALF), "3 tokens, 2 learnt"),
        (row(LEARNT), "1 token, 1 learnt"),
        (row(GIVEN, LEARNT, cut=1200), "1,202 tokens, 1,200 cut, 1 learnt"),
        (row(GIVEN, cut=3), "4 tokens, 3 cut, left out: nothing is learnt"),
        (row(cut=9), "9 tokens, left out, because it is too long"),
    ],
)
def test_a_row_is_headed_by_what_is_learnt_of_it(shown: Row, said: str) -> None:
    assert heading(shown) == f"data/a.jsonl, row 1,234: {said}"


def test_marks_stand_around_what_is_learnt() -> None:
    assert marked(row(GIVEN, LEARNT, HALF, GIVEN, LEARNT)) == "What? ⟦Yes⟧What? ⟦Yes⟧"


def test_the_end_says_of_how_many_rows() -> None:
    assert closing(Preview((row(GIVEN),), 2000, 512)) == (
        "1 of 2,000 rows, at most 512 tokens each"
    )
    assert closing(Preview((), None, 512)) == "0 rows, at most 512 tokens each"


def test_markdown_fences_even_fences() -> None:
    shown = Preview((row(Token("a\n```\nb", False), LEARNT), row(cut=2)), None, 8)
    assert markdown(shown) == (
        "data/a.jsonl, row 1,234: 2 tokens, 1 learnt\n\n"
        "````text\na\n```\nb⟦Yes⟧\n````\n\n"
        "data/a.jsonl, row 1,234: 2 tokens, left out, because it is too long\n\n"
        "2 rows, at most 8 tokens each. What is learnt stands in ⟦⟧."
    )


def test_what_the_runner_prints_is_read() -> None:
    found = from_json({
        "rows": [
            {
                "source": "data/a.jsonl",
                "row": 1233,
                "tokens": [{"text": "Yes", "learnt": True}],
                "length": 4,
                "cut": 3,
            }
        ],
        "total": None,
        "max_length": 1,
    })
    assert found == Preview((row(LEARNT, cut=3),), None, 1)
