from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position

from pitchpipe.span import Lines, Span
from pitchpipe_server.positions import UNITS, Positions

TEXT = "a: é\nb: 🎼 x\r\nc: \u2028d\ne"


def positions(text: str, encoding: str) -> Positions:
    return Positions(text, Lines(text), UNITS[encoding])


@pytest.mark.parametrize(
    ("encoding", "line", "character", "at"),
    [
        ("utf-8", 0, 5, "\nb"),
        ("utf-16", 0, 4, "\nb"),
        ("utf-32", 0, 4, "\nb"),
        ("utf-8", 1, 7, " x"),
        ("utf-16", 1, 5, " x"),
        ("utf-32", 1, 4, " x"),
        ("utf-16", 1, 4, "🎼"),  # in the middle of a pair
        ("utf-16", 2, 3, "\u2028d"),
        ("utf-16", 0, 99, "\nb"),
        ("utf-16", 1, 99, "\r\nc"),
        ("utf-16", 99, 0, ""),
        ("utf-16", 3, 1, ""),
    ],
)
def test_a_position_is_an_offset(encoding: str, line: int, character: int, at: str) -> None:
    offset = positions(TEXT, encoding).offset(Position(line, character))
    assert TEXT[offset:].startswith(at)
    assert at or offset == len(TEXT)


@given(st.text(alphabet="aé🎼\n\r\u2028 ", max_size=12), st.sampled_from(sorted(UNITS)), st.data())
def test_an_offset_comes_back(text: str, encoding: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)))
    if text[offset - 1 : offset + 1] == "\r\n" and offset:
        return  # no position is between the two
    converter = positions(text, encoding)
    found = converter.offset(converter.position(offset))
    assert found == offset or text[found:offset] in {"\r", "\n"}
    assert converter.span(converter.range(Span(found, found))) == (found, found)
