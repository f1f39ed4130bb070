from __future__ import annotations

from pitchpipe.document import parse
from pitchpipe.findings import Edit, Finding, Fix, Related, presentable
from pitchpipe.span import Span
from support.analysis import analysis

HERE = Span(0, 0)


def test_what_would_steer_a_terminal_is_escaped() -> None:
    text = 'model: {name_or_path: models/tiny}\n"\\e[2J\\u202eevil\\0": 1\n'
    messages = [f.message for f in analysis(text).findings if f.code == "unknown-key"]
    assert messages == ["a workflow has no key `\\x1b[2J\\u202eevil\\x00`"]


def test_a_message_is_one_line() -> None:
    assert presentable("one\n\n  line\t\u2028of\xa0words 😀") == "one line of words 😀"
    assert [f.message for f in parse("? 0\n\n 1\n: x\n" * 2).problems] == [
        "`0 1` is written twice here; the last one counts"
    ]


def test_a_message_is_not_longer_than_one_can_read() -> None:
    found = Finding("a", "begin " + "\x1b" * 5000 + " end", HERE)
    assert len(found.message) == 1000
    assert found.message.startswith("begin \\x1b")
    assert found.message.endswith("\\x1b end")
    assert presentable(found.message) == found.message


def test_titles_and_related_places_are_presented_the_same_way() -> None:
    assert Related("a\nb", HERE).message == "a b"
    assert Fix("a\nb", (Edit(HERE, "a\nb"),)) == Fix("a b", (Edit(HERE, "a\nb"),))
