from __future__ import annotations

from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import (
    Position,
    Range,
    TextDocumentContentChangePartial,
    TextDocumentContentChangeWholeDocument,
    TextDocumentItem,
)

from pitchpipe.span import Lines
from pitchpipe_server.positions import UNITS, Positions
from pitchpipe_server.texts import OpenText, Texts

URI = "file:///a.yaml"
Place: TypeAlias = "tuple[int, int]"
_EDITS = st.tuples(st.integers(0, 20), st.integers(0, 4), st.text("x🎼\n", max_size=3))


def opened(text: str, encoding: str = "utf-16") -> Texts:
    texts = Texts()
    texts.units = UNITS[encoding]
    texts.open(TextDocumentItem(URI, "yaml", 1, text))
    return texts


def known(texts: Texts) -> OpenText:
    found = texts.get(URI)
    assert found is not None
    return found


def partial(
    start: tuple[int, int], end: tuple[int, int], text: str
) -> TextDocumentContentChangePartial:
    return TextDocumentContentChangePartial(Range(Position(*start), Position(*end)), text)


def test_changes_apply_one_after_the_other() -> None:
    texts = opened("a: 1\nb: 2\n")
    changes = [partial((0, 3), (0, 4), "10\nc: 3"), partial((1, 0), (1, 1), "d")]
    texts.change(URI, 2, changes)
    assert known(texts).text == "a: 10\nd: 3\nb: 2\n"
    assert known(texts).version == 2


def test_a_whole_text_replaces_the_old_one() -> None:
    texts = opened("a: 1\n")
    texts.change(URI, 5, [TextDocumentContentChangeWholeDocument("b: 2")])
    assert (known(texts).text, known(texts).version) == ("b: 2", 5)


def test_what_yaml_takes_for_a_line_break_is_none_here() -> None:
    texts = opened("a: \u2028x\x0b\x0cy\nb: 2\n")
    texts.change(URI, 2, [partial((1, 3), (1, 4), "3")])
    assert known(texts).text == "a: \u2028x\x0b\x0cy\nb: 3\n"


def test_a_text_that_is_not_open_is_left_alone() -> None:
    texts = Texts()
    texts.change(URI, 2, [partial((0, 0), (0, 0), "x")])
    assert texts.get(URI) is None
    texts.close(URI)


@given(
    st.text(alphabet="ab🎼é\n\r", max_size=15),
    st.lists(
        st.tuples(st.integers(0, 20), st.integers(0, 4), st.text("x🎼\n", max_size=3)), max_size=5
    ),
    st.sampled_from(sorted(UNITS)),
)
def test_edits_give_what_the_editor_has(
    text: str, edits: list[tuple[int, int, str]], encoding: str
) -> None:
    texts = opened(text, encoding)
    for version, (at, length, new) in enumerate(edits, 2):
        start, end = min(at, len(text)), min(at + length, len(text))
        if any(0 < o < len(text) and text[o - 1 : o + 1] == "\r\n" for o in (start, end)):
            continue  # no editor can name that place
        found = Positions(text, Lines(text), UNITS[encoding])
        change = TextDocumentContentChangePartial(
            Range(found.position(start), found.position(end)), new
        )
        text = text[:start] + new + text[end:]
        texts.change(URI, version, [change])
    assert known(texts).text == text
