from __future__ import annotations

import pytest

from pitchpipe.findings import Finding
from pitchpipe.span import Span
from pitchpipe.syntax import strict
from pitchpipe.syntax.nodes import Alias, Entry, Mapping, Node, Scalar, Sequence, Style
from pitchpipe.syntax.reading import Reading


def reading(text: str, base: int = 0) -> Reading:
    found = strict.read(text, base)
    assert isinstance(found, Reading), found
    return found


def value_of(text: str) -> Node:
    """The value of the one entry of a text."""
    node = reading(text).node
    assert isinstance(node, Mapping)
    (entry,) = node.entries
    return entry.value


def test_every_node_knows_its_place() -> None:
    assert reading("ab: [1, x]\n").node == Mapping(
        Span(0, 10),
        (
            Entry(
                Span(0, 10),
                Scalar(Span(0, 2), "ab", "ab"),
                Sequence(
                    Span(4, 10),
                    (Scalar(Span(5, 6), 1, "1"), Scalar(Span(8, 9), "x", "x")),
                    flow=True,
                ),
            ),
        ),
    )


def test_places_are_code_points_from_the_base() -> None:
    node = reading("😀: 'é😀'\n", base=10).node
    assert isinstance(node, Mapping)
    assert node.entries[0].key.span == (10, 11)
    assert node.entries[0].value.span == (13, 17)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a: plain text # c\n", "plain text"),
        ("a: 'x'\n", "'x'"),
        ("a: x\n  y\n\nb: 1\n", "x\n  y"),
        ("a: |\n  x\n\n\nb: 1\n", "|\n  x"),
        ("a: >- # c\n  x\n  y\n# d\nb: 1\n", ">- # c\n  x\n  y"),
        ("a: &x !!str 5\n", "5"),
        ("a: &x\n  b: 1\n", "b: 1"),
        ("a: &x # c\n  - 1\n", "- 1"),
        ("a: !t {b: 1}\n", "{b: 1}"),
        ("a:\n  b: 1\n  c: 2\n\n\n# d\nd: 1\n", "b: 1\n  c: 2"),
        ("a:\n- 1\n- 2\nb: 1\n", "- 1\n- 2"),
        ("a:\n  - b: 1\n    c:\n  -\n", "- b: 1\n    c:\n  -"),
        ("a: [\n  b: c\n]\n", "[\n  b: c\n]"),
    ],
)
def test_a_span_holds_what_is_written_and_nothing_around_it(text: str, written: str) -> None:
    node = reading(text).node
    assert isinstance(node, Mapping)
    span = node.entries[0].value.span
    assert text[span.start : span.end] == written


@pytest.mark.parametrize(
    ("text", "place"),
    [("a:\n", 2), ("a:   # c\n", 2), ("- \n", 1), ("a: &x\n", 5), ("a: !!null\n", 9)],
)
def test_an_empty_value_stands_behind_its_colon_or_dash(text: str, place: int) -> None:
    node = reading(text).node
    assert isinstance(node, (Mapping, Sequence))
    value = node.entries[0].value if isinstance(node, Mapping) else node.items[0]
    assert value.span == (place, place)


@pytest.mark.parametrize(
    ("text", "style", "raw"),
    [
        ("a: x", Style.PLAIN, "x"),
        ("a: 'x''y'", Style.SINGLE, "x'y"),
        ('a: "x\\ty"', Style.DOUBLE, "x\ty"),
        ("a: |\n  x\n", Style.LITERAL, "x\n"),
        ("a: >\n  x\n  y\n", Style.FOLDED, "x y\n"),
    ],
)
def test_a_scalar_keeps_its_style_and_content(text: str, style: Style, raw: str) -> None:
    value = value_of(text)
    assert isinstance(value, Scalar)
    assert (value.style, value.raw) == (style, raw)


def test_quoted_scalars_are_text_whatever_they_look_like() -> None:
    values = [value_of(text) for text in ("a: 5", "a: '5'", 'a: "true"', "a: |-\n  null")]
    assert [v.value for v in values if isinstance(v, Scalar)] == [5, "5", "true", "null"]


@pytest.mark.parametrize(
    ("text", "tag", "value"),
    [
        ("a: !!str 5", "!!str", "5"),
        ("a: !!int '5'", "!!int", 5),
        ("a: !<tag:yaml.org,2002:str> 5", "!!str", "5"),
        ("a: !include x.yaml", "!include", "x.yaml"),
        ("a: ! 5", "!", "5"),
    ],
)
def test_tags_are_kept_as_written_and_obeyed_where_known(
    text: str, tag: str, value: object
) -> None:
    scalar = value_of(text)
    assert isinstance(scalar, Scalar)
    assert (scalar.tag, scalar.value) == (tag, value)


def test_anchors_and_aliases_are_listed_in_order() -> None:
    found = reading("a: &x {b: &y 1}\nc: *y\nd: *x\n")
    assert [(start, name) for start, name, _ in found.anchors] == [(6, "x"), (13, "y")]
    assert found.aliases == (Alias(Span(19, 21), "y"), Alias(Span(25, 27), "x"))


def test_a_missing_colon_is_told_apart_from_a_missing_value() -> None:
    node = value_of("a: {b, c: , d: 1}")
    assert isinstance(node, Mapping)
    assert [(e.key.raw, e.colon) for e in node.entries] == [("b", False), ("c", True), ("d", True)]


def test_numbers_as_keys_stay_text_and_are_told() -> None:
    found = reading("1: a\n'2': b\nyes: c\n~: d\n")
    assert isinstance(found.node, Mapping)
    assert [entry.key.raw for entry in found.node.entries] == ["1", "2", "yes", "~"]
    assert [p.message for p in found.problems] == [
        "YAML takes the key `1` for a number; put it in quotes to make it text",
        "YAML takes the key `~` for null; put it in quotes to make it text",
    ]


def test_a_list_as_a_key_becomes_its_source_text() -> None:
    found = reading("[a, b]: 1\n")
    assert isinstance(found.node, Mapping)
    assert found.node.entries[0].key.raw == "[a, b]"
    assert [p.code for p in found.problems] == ["non-string-key"]


def test_a_second_key_points_at_the_first() -> None:
    (problem,) = reading("a: 1\nb: 2\na: 3\n").problems
    assert (problem.code, problem.span) == ("duplicate-key", (10, 11))
    assert [related.span for related in problem.related] == [(0, 1)]


@pytest.mark.parametrize("text", ["", "# c\n", "---\n", "\n\n  \n"])
def test_nothing_is_no_node(text: str) -> None:
    assert reading(text).node is None


def test_depth_counts_what_is_around_the_text() -> None:
    deep = "[" * 60 + "]" * 60
    assert isinstance(strict.read(deep, above=4), Reading)
    found = strict.read(deep, above=5)
    assert isinstance(found, Finding)
    assert found.code == "nesting-too-deep"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: b: c\n", (4, 5), "a `: ` can't stand here; put the value in quotes if it is text"),
        ("a: [1, 2\nb: 3\n", (3, 4), "this `[` is not closed by a `]`"),
        ("a: 'x\n", (3, 5), "this quote is not closed"),
        ("a: 1\nfoo\nb: 1\n", (5, 8), "`foo` is no `key: value`; a `:` is missing"),
        (
            "a:\n    b: 1\n  c: 2\n",
            (14, 16),
            "`c: 2` can't stand here; is it indented like the keys around it?",
        ),
        ("a: @x\n", (3, 5), "a value can't begin with `@`; put it in quotes"),
        (
            'a: "\\q"\n',
            (4, 7),
            "`\\q` is no escape of YAML; write `\\\\` for a backslash or use single quotes",
        ),
        (
            "%FOO\n---\na: 1\n",
            (0, 4),
            "`%FOO` is no directive of YAML; put a value that begins with `%` in quotes",
        ),
    ],
)
def test_what_is_no_yaml_is_said_in_plain_words(
    text: str, place: tuple[int, int], message: str
) -> None:
    found = strict.read(text)
    assert isinstance(found, Finding)
    assert (found.code, found.span, found.message) == ("yaml-syntax", place, message)


def test_a_tab_is_told_with_its_fix() -> None:
    found = strict.read("a:\n \tb: 1\n", base=10)
    assert isinstance(found, Finding)
    assert (found.code, found.span) == ("tab-indentation", (13, 15))
    assert found.fix is not None
    assert [(edit.span, edit.new_text) for edit in found.fix.edits] == [((13, 15), "   ")]
