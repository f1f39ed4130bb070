from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.template import TemplateError, parse


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("", ""),
        ("no column", "no column"),
        ("{a}", "x"),
        ("{ a }", "x"),
        ("<{a}{b}>", "<x1>"),
        ("{{a}}", "{a}"),
        ("{{{a}}}", "{x}"),
        ("{{}}", "{}"),
        ("{two words}", "y"),
        ("{a.b}", "dotted"),
        ("{list} {yes} {half}", '["é", null] true 0.5'),
        ("{a}\n{b}", "x\n1"),
    ],
)
def test_a_template_renders_a_row(text: str, rendered: str) -> None:
    row = {
        "a": "x",
        "b": 1,
        "two words": "y",
        "a.b": "dotted",
        "list": ["é", None],
        "yes": True,
        "half": 0.5,
    }
    assert parse(text).render(row) == rendered


@pytest.mark.parametrize(
    ("text", "start", "end", "message"),
    [
        ("a { b", 2, 3, "`{` is not closed; write `{{` for a literal brace"),
        ("a } b", 2, 3, "`}` closes nothing; write `}}` for a literal brace"),
        ("{a{b}", 0, 1, "`{` is not closed; write `{{` for a literal brace"),
        ("{a}}", 3, 4, "`}` closes nothing; write `}}` for a literal brace"),
        ("{a\n}", 0, 1, "`{` is not closed; write `{{` for a literal brace"),
        (
            "x{ }",
            1,
            4,
            "`{ }` is empty; name a column between them, or write `{{}}` for literal braces",
        ),
    ],
)
def test_a_broken_template_says_where(text: str, start: int, end: int, message: str) -> None:
    with pytest.raises(TemplateError) as raised:
        parse(text)
    assert (str(raised.value), raised.value.start, raised.value.end) == (message, start, end)


def test_fields_know_their_place() -> None:
    text = "{{x}} {a} and { b }"
    fields = parse(text).fields
    assert [(f.name, text[f.start : f.end]) for f in fields] == [("a", "{a}"), ("b", "{ b }")]


@pytest.mark.parametrize(
    ("row", "message"), [({}, "no column `a`"), ({"a": None}, "no value in column `a`")]
)
def test_a_row_without_the_value_is_refused(row: dict[str, object], message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        parse("{a}").render(row)


@given(st.text())
def test_any_text_can_be_written_literally(text: str) -> None:
    assert parse(text.replace("{", "{{").replace("}", "}}")).render({}) == text
