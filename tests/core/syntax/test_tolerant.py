"""Half-typed and broken YAML: what is understood all the same, and what is said about it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from pitchpipe.document import parse
from pitchpipe.syntax import tolerant
from pitchpipe.syntax.nodes import Broken, Mapping, Scalar
from pitchpipe.syntax.reading import Kind
from support.fixture import all_rendered, fixed, marked, unindented
from support.outline import outline
from support.yaml_texts import anything


def check(fixture: str, shape: object) -> None:
    """The tree of a text, and its findings by caret lines."""
    text = unindented(fixture)
    document = parse(text)
    assert outline(document.root) == shape
    assert all_rendered(document.problems) == marked(text)


def check_fix(text: str, expected: str) -> None:
    (problem,) = parse(text).problems
    assert fixed(text, problem) == expected
    assert not parse(expected).problems


# Keys


def test_a_half_typed_key_leaves_its_neighbours_alone() -> None:
    check(
        """
        a: 1
        key
        #^^ error[yaml-syntax]: `key` is no `key: value`: a `:` is missing
        b: 2
        """,
        {"a": 1, "key?": None, "b": 2},
    )


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("a:\n  key\n  b: 1\nc: 2\n", {"a": {"key?": None, "b": 1}, "c": 2}),
        ("a:\n  b: 1\n  key\nc: 2\n", {"a": {"b": 1, "key?": None}, "c": 2}),
        ("a:\n  b: 1\n  key", {"a": {"b": 1, "key?": None}}),
        ("a:\n  b: 1\n\n  key\n\n\nc: 1\n", {"a": {"b": 1, "key?": None}, "c": 1}),
        ("key\nb: 1\n", {"key?": None, "b": 1}),
        ("a: 1\nkey", {"a": 1, "key?": None}),
        ("- ke\n  path: y\n", [{"ke?": None, "path": "y"}]),
        ("- a: x\n  ke\n  b: y\n- c: z\n", [{"a": "x", "ke?": None, "b": "y"}, {"c": "z"}]),
        ("a: 1\nkey # typing\nb: 2\n", {"a": 1, "key?": None, "b": 2}),
        ("a: 1\nkey\n  b: 2\nc: 3\n", {"a": 1, "key?": {"b": 2}, "c": 3}),
        ("a: &x\n  k: 1\n  kk\nb: *x\n", {"a": {"k": 1, "kk?": None}, "b": "*x"}),
        ("a:\n- x\nke\nb: 1\n", {"a": ["x"], "ke?": None, "b": 1}),
        ("a: {x: 1, y\nb: 2\n", {"a": {"x": 1, "y?": None}, "b": 2}),
    ],
)
def test_a_half_typed_key_belongs_where_it_is_indented(text: str, shape: object) -> None:
    document = parse(text)
    assert outline(document.root) == shape
    assert len(document.problems) == 1


def test_a_lone_word_may_be_a_text_or_a_key_to_be() -> None:
    assert outline(parse("key").root) == "key"
    assert not parse("key").problems


def test_a_space_missing_behind_a_colon_can_be_inserted() -> None:
    check(
        """
        lr:1e-4
        #^^ error[yaml-syntax]: a space is missing behind `lr:`
        b: http://x
        """,
        {"lr": 1e-4, "b": "http://x"},
    )
    check_fix("lr:1e-4\nb: 1\n", "lr: 1e-4\nb: 1\n")


# Values


def test_missing_values_are_empty() -> None:
    check(
        "a:\nb:\n  c:\n  d: 1\ne:\n  -\n  - f\n",
        {"a": None, "b": {"c": None, "d": 1}, "e": [None, "f"]},
    )


def test_a_colon_in_a_plain_value_asks_for_quotes() -> None:
    check(
        """
        text: User: {x}
        #         ^^^^^ error[yaml-syntax]: a `: ` can't stand in a value without quotes
        b: 1
        """,
        {"text": "<User: {x}>", "b": 1},
    )
    check_fix("text: User: {x}  # why\nb: 1\n", 'text: "User: {x}"  # why\nb: 1\n')
    check_fix('text: say: "hi"\n', "text: 'say: \"hi\"'\n")


@pytest.mark.parametrize("character", "@`%")
def test_a_value_with_an_indicator_first_asks_for_quotes(character: str) -> None:
    check_fix(f"a: {character}x # c\nb: 1\n", f'a: "{character}x" # c\nb: 1\n')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: ]\n", "nothing is open that this `]` could close"),
        ("a: * \n", "`*` begins an alias, whose name is missing"),
        ("a: &\n", "`&` begins an anchor, whose name is missing"),
        ('a: "x" y\n', "`y` can't stand behind the value"),
        ("a: 'it's'\n", "a `'` inside single quotes is written `''`"),
        ("a: - b\n", "a list begins on its own line below the key, not behind its `:`"),
        ("a: |x\n  text\n", "`x` can't stand behind `|`: the text begins below"),
        ("a: |\n    text\n  less\n", "`less` can't stand here"),
        ("a: b\n  c: 1\n", "`b` and the lines indented below can't both be the value"),
        ("a: b\n- c\n", "`b` and the list below can't both be the value"),
        ("- a\nb: 1\n", "`b: 1` is no item of the list: a `- ` is missing"),
        ("a: [x: 1 y: 2]\n", "a `,` is missing before this"),
        ("a: [1, , 2]\n", "a value is missing before this `,`"),
        ("a: {x: 1]\n", "`]` can't close this `{`"),
        ("a: 1\n--\n[x]: 2\n---x: 1\n: : :\n", "`--` is no `key: value`: a `:` is missing"),
        ("a: 1\n]\n", "`]` is no `key: value`"),
    ],
)
def test_the_message_names_what_is_wrong(text: str, message: str) -> None:
    first = next(p for p in parse(text).problems if p.code == "yaml-syntax")
    assert first.message == message


def test_lines_below_a_finished_value_are_understood_as_the_value() -> None:
    check(
        """
        model: name
        #      ^^^^ error[yaml-syntax]: `name` and the lines indented below can't both be the value
          dtype: bfloat16
          revision: main
        task: x
        """,
        {"model": {"dtype": "bfloat16", "revision": "main"}, "task": "x"},
    )


# Quotes and brackets


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ('a: "x\nb: 1\n', {"a": "x", "b": 1}),
        ("a:\n  b: 'x\n  c: 1\nd: 2\n", {"a": {"b": "x", "c": 1}, "d": 2}),
        ("a: [1, 2\nb: 3\n", {"a": [1, 2], "b": 3}),
        ('a:\n  b: [x, "y\n  c: 1\n', {"a": {"b": ["x", "y"], "c": 1}}),
        ('a: ["x, y]\nb: 1\n', {"a": ["x", "y"], "b": 1}),
        ("a: {x: 1, y: [2, 3}\nb: 2\n", {"a": {"x": 1, "y": [2, 3]}, "b": 2}),
        ("a: [\nb: 1\n", {"a": [], "b": 1}),
        ("a: [x,\n  y\nb: 1\n", {"a": ["x", "y"], "b": 1}),
        ("- [x\n- y\n", [["x"], "y"]),
    ],
)
def test_what_is_not_closed_ends_with_its_indentation(text: str, shape: object) -> None:
    document = parse(text)
    assert outline(document.root) == shape
    assert [p.code for p in document.problems] == ["yaml-syntax"]


def test_a_bracket_closed_in_column_0_is_fine() -> None:
    check("a: [\n  x,\n  y\n]\nb: 1\n", {"a": ["x", "y"], "b": 1})


def test_brackets_and_quotes_may_go_on_in_column_0_as_libyaml_has_it() -> None:
    check('a: {\n"x": 1,\n"y": [\n2\n]\n}\nb: 1\n', {"a": {"x": 1, "y": [2]}, "b": 1})
    check('a: "one\ntwo: three"\nb: 1\n', {"a": "one two: three", "b": 1})


# Indentation


def test_tabs_are_replaced_all_at_once() -> None:
    text = "a:\n\tb: 1\n\tc:\n\t\td: 2\ne: 3\n"
    assert outline(parse(text).root) == {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
    (problem,) = parse(text).problems
    assert problem.code == "tab-indentation"
    assert problem.span == (3, 4)
    check_fix(text, "a:\n  b: 1\n  c:\n    d: 2\ne: 3\n")


def test_tabs_may_separate_what_is_not_indentation() -> None:
    check("a:\t1 \t# c\nb:\t[x,\ty]\n", {"a": 1, "b": ["x", "y"]})


def test_a_line_out_of_line_joins_the_nearest_mapping() -> None:
    check(
        """
        a:
            b: 1
          c: 2
        # ^^^^ error[yaml-syntax]: `c: 2` is indented like none of the lines around it
        d: 3
        """,
        {"a": {"b": 1, "c": 2}, "d": 3},
    )


def test_a_word_between_items_is_a_broken_item() -> None:
    check(
        """
        a:
          - path: x
          pa
        # ^^ error[yaml-syntax]: `pa` is no item of the list: a `- ` is missing
          - path: z
        """,
        {"a": [{"path": "x"}, "<pa>", {"path": "z"}]},
    )


# The reader by itself


def test_a_kind_is_kept_whatever_the_text_looks_like() -> None:
    mapping = tolerant.read("- a\n- b\n", kind=Kind.MAPPING).reading.node
    assert isinstance(mapping, Mapping)
    sequence = tolerant.read("a: 1\n", kind=Kind.SEQUENCE).reading.node
    assert outline(sequence) == ["<a: 1>"]


def test_places_count_from_the_base() -> None:
    loose = tolerant.read("key\n  @x\nb: 1\n", base=100, kind=Kind.MAPPING)
    assert isinstance(loose.reading.node, Mapping)
    first = loose.reading.node.entries[0]
    assert first.key == Scalar(first.key.span, "key", "key")
    assert first.key.span == (100, 103)
    assert isinstance(first.value, Broken)
    assert first.value.span == (106, 108)
    assert [problem.span for problem in loose.broken] == [(100, 103), (106, 108)]


def test_what_is_nested_too_deep_is_one_broken_piece() -> None:
    text = "a: " + "[" * 70 + "]" * 70 + "\nb: 1\n"
    document = parse(text)
    assert [(p.code, p.message) for p in document.problems] == [
        ("nesting-too-deep", "nested more than 64 levels deep")
    ]
    assert document.problems[0].span.start == 3 + 63
    data = document.data()
    assert isinstance(data, dict)
    assert data["b"] == 1


def test_64_levels_are_not_too_deep() -> None:
    assert not parse("a: " + "[" * 63 + "]" * 63).problems
    assert not parse("".join(" " * i + "a:\n" for i in range(64))).problems
    assert parse("".join(" " * i + "a:\n" for i in range(65))).problems


@settings(max_examples=300, deadline=None)
@given(anything)
def test_nothing_makes_it_fail(text: str) -> None:
    for kind in Kind:
        loose = tolerant.read(text.encode("utf-8", "replace").decode(), kind=kind)
        if loose.reading.node is not None:
            assert 0 <= loose.reading.node.span.start <= loose.reading.node.span.end <= len(text)
