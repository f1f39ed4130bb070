from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pitchpipe.document import Document, parse
from pitchpipe.findings import Finding
from pitchpipe.keypath import KeyPath
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Alias, Mapping, Node, Scalar, Sequence
from support.fixture import all_rendered, cursor, marked, unindented
from support.yaml_texts import WORKFLOW, anything, splices, yaml_texts

if TYPE_CHECKING:
    from collections.abc import Iterable


def check_findings(fixture: str) -> None:
    text = unindented(fixture)
    assert all_rendered(parse(text).problems) == marked(text)


def written(document: Document, span: Span) -> str:
    return document.text[span.start : span.end]


# Finding one's way


def test_nodes_are_found_by_path() -> None:
    document = parse(WORKFLOW)
    node = document.node_at(("data", "train", 0, "columns", "prompt"))
    assert isinstance(node, Scalar)
    assert node.value == "phrase"
    assert document.node_at(()) is document.root


@pytest.mark.parametrize(
    "path",
    [
        ("nothing",),
        ("data", "train", 9),
        ("data", "train", -1),
        ("data", 0),
        ("data", "train", "path"),
        ("version", "x"),
        (0,),
    ],
)
def test_what_is_not_there_is_none(path: KeyPath) -> None:
    assert parse(WORKFLOW).node_at(path) is None
    assert parse(WORKFLOW).entry_at(path) is None


def test_entries_are_found_by_the_path_of_their_value() -> None:
    document = parse(WORKFLOW)
    entry = document.entry_at(("method", "type"))
    assert entry is not None
    assert written(document, entry.span) == "type: lora"
    assert written(document, entry.key.span) == "type"
    assert document.entry_at(()) is None
    assert document.entry_at(("data", "train", 0)) is None


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("method", "type"), "lora"),
        (("data", "train", 0, "path"), "data/phrases.jsonl"),
        (("method", "r"), "method"),
        (("method", "deep", "deeper"), "method"),
        (("data", "train", 1, "columns"), "path"),
        (("data", "train", 7), "train"),
        (("version", "x"), "version"),
        (("nothing",), "version"),
        (("empty", "x"), "empty"),
    ],
)
def test_the_place_of_a_missing_value_is_its_nearest_parents_key(path: KeyPath, text: str) -> None:
    document = parse(WORKFLOW)
    assert written(document, document.span_of(path)) == text


def test_the_place_of_anything_in_an_empty_document_is_its_start() -> None:
    assert parse("# nothing\n").span_of(("a",)) == (0, 0)


@pytest.mark.parametrize(
    ("fixture", "path"),
    [
        ("a: 1\nb$0c: 2\n", ("bc",)),
        ("$0a: 1\n", ("a",)),
        ("a: 1$0\n", ("a",)),
        ("a: 1\n$0\n", ()),
        ("a:\n  b: x$0y\n", ("a", "b")),
        ("a:\n  b:$0 x\n", ("a", "b")),
        ("a:$0\n  b: x\n", ("a",)),
        ("a:\n  - b\n  - c: $0d\n", ("a", 1, "c")),
        ("a:\n  - b$0\n  - c: d\n", ("a", 0)),
        ("a: [x, $0y]\n", ("a", 1)),
        ("a: {x: 1, y: $02}\n", ("a", "y")),
        ("a: 1\n\n\nb: 2$0", ("b",)),
        ("a: 1\nke$0\nb: 1\n", ("ke",)),
        ("a: b: $0c\n", ("a",)),
        ("$0", ()),
    ],
)
def test_the_path_at_a_cursor_is_that_of_the_innermost_entry_or_item(
    fixture: str, path: KeyPath
) -> None:
    text, offset = cursor(fixture)
    assert parse(text).path_at(offset) == path


def test_of_duplicate_keys_the_last_one_counts() -> None:
    document = parse("a: 1\nb: 2\na: 3\n")
    assert document.data() == {"a": 3, "b": 2}
    assert document.span_of(("a",)) == (13, 14)


def test_a_key_that_is_being_typed_takes_nothing_away() -> None:
    document = parse("model: {name: x}\ntask: y\nmodel\n")
    assert document.data() == {"model": {"name": "x"}, "task": "y"}
    assert written(document, document.span_of(("model", "name"))) == "x"
    assert [p.code for p in document.problems] == ["yaml-syntax"]


# Aliases and merge keys

ALIASES = """\
base: &base {a: 1, b: 2}
more: &more
  b: 3
  c: 4
one: *base
two:
  <<: *base
  a: 9
three:
  <<: [*more, *base]
  d: 5
four: [*base, x]
five: {<<: {<<: *base, z: 0}}
"""


def test_aliases_and_merges_give_what_a_yaml_1_1_reader_gives() -> None:
    document = parse(ALIASES)
    assert not document.problems
    assert document.data() == yaml.safe_load(ALIASES)


def test_paths_go_through_aliases_and_merges() -> None:
    document = parse(ALIASES)
    assert written(document, document.span_of(("one", "b"))) == "2"
    assert written(document, document.span_of(("two", "b"))) == "2"
    assert written(document, document.span_of(("two", "a"))) == "9"
    assert written(document, document.span_of(("three", "b"))) == "3"
    assert written(document, document.span_of(("four", 0, "a"))) == "1"
    assert written(document, document.span_of(("five", "a"))) == "1"


def test_own_entries_come_before_merged_ones() -> None:
    document = parse(ALIASES)
    mapping = document.node_at(("two",))
    assert isinstance(mapping, Mapping)
    assert [entry.key.raw for entry in document.entries(mapping)] == ["a", "b"]


def test_an_alias_means_the_last_anchor_of_that_name_before_it() -> None:
    document = parse("a: &x 1\nb: *x\nc: &x 2\nd: *x\n")
    assert document.data() == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_an_alias_resolves_to_its_node_and_everything_else_to_itself() -> None:
    document = parse("a: &x 1\nb: *x\nc: *y\n")
    alias, lost = document.node_at(("b",)), document.node_at(("c",))
    assert isinstance(alias, Alias)
    assert document.resolved(alias) == document.node_at(("a",))
    assert lost is not None
    assert document.resolved(lost) is lost
    assert document.root is not None
    assert document.resolved(document.root) is document.root


def test_an_alias_before_its_anchor_is_undefined() -> None:
    check_findings("""
        a: *x
        #  ^^ error[undefined-alias]: no anchor `&x` stands before this alias
        b: &x 1
        """)


def test_an_alias_inside_its_own_anchor_is_cut_off() -> None:
    check_findings("""
        a: &x
          b: *x
          #  ^^ error[recursive-alias]: `*x` stands inside what `&x` names
        """)
    document = parse("a: &x\n  <<: *x\n  b: [*x, 1]\n")
    assert document.data() == {"a": {"b": [None, 1]}}
    mapping = document.node_at(("a",))
    assert isinstance(mapping, Mapping)
    assert [entry.key.raw for entry in document.entries(mapping)] == ["b"]


def test_only_mappings_can_be_merged() -> None:
    check_findings("""
        a: &x [1]
        b: {<<: *x}
        #       ^^ error[merge-of-no-mapping]: `<<` merges mappings alone, or a list of them
        """)
    assert not parse('"<<": 1\n').problems


def test_aliases_that_multiply_are_stopped() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    document = parse("\n".join(lines))
    assert {p.code for p in document.problems} == {"alias-expansion"}
    assert _size(document.data()) < 200_000


def test_aliases_that_nest_are_stopped() -> None:
    lines = ["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 200))]
    document = parse("\n".join(lines))
    assert {p.code for p in document.problems} == {"nesting-too-deep"}


def test_a_long_chain_of_merges_is_no_nesting() -> None:
    lines = ["a0: &a0 {k0: 0}"]
    lines += [f"a{i}: &a{i} {{<<: *a{i - 1}, k{i}: {i}}}" for i in range(1, 100)]
    document = parse("\n".join(lines))
    assert not document.problems
    assert document.data() == yaml.safe_load(document.text)


def _size(data: object) -> int:
    if isinstance(data, dict):
        return 1 + sum(map(_size, data.values()))
    return 1 + sum(map(_size, data)) if isinstance(data, list) else 1


# Findings


def test_a_second_document_is_told() -> None:
    check_findings("""
        ---
        a: 1
        ---
        #^^ error[multiple-documents]: a workflow is one document; what follows here is not read
        b: [
        """)


def test_findings_of_every_kind_stand_in_the_order_of_the_text() -> None:
    document = parse("1: *x\na: [1\nb: 2\na: 3\n---\n")
    assert [(p.code, p.span.start) for p in document.problems] == [
        ("non-string-key", 0),
        ("undefined-alias", 3),
        ("yaml-syntax", 9),
        ("duplicate-key", 17),
        ("multiple-documents", 22),
    ]


def test_one_finding_for_each_broken_block() -> None:
    check_findings("""
        a: [1
        #  ^ error[yaml-syntax]: this `[` is not closed by a `]`
        b: 'x
        #  ^^ error[yaml-syntax]: this quote is not closed
        c:
          d: @x
          #  ^^ error[yaml-syntax]: a value can't begin with `@` unless it is in quotes
          e: @y
        f: 1
        """)


def test_a_byte_order_mark_is_nothing() -> None:
    document = parse("\ufeffa: 1\n")
    assert not document.problems
    assert document.data() == {"a": 1}
    assert document.span_of(("a",)) == (4, 5)


def test_the_lines_of_the_text_are_at_hand() -> None:
    document = parse("a: 1\r\nb: 2\rc: 😀\n")
    place = document.lines.place(document.span_of(("c",)))
    assert (place.line, place.column, place.end_column) == (3, 4, 5)


# Whatever is typed


def check_places(document: Document) -> None:
    end = len(document.text)

    def inside(outer: Span, spans: Iterable[Span]) -> None:
        for span in spans:
            assert outer.start <= span.start <= span.end <= outer.end

    def visit(node: Node) -> None:
        if isinstance(node, Mapping):
            for entry in node.entries:
                inside(node.span, [entry.span])
                inside(entry.span, [entry.key.span, entry.value.span])
                visit(entry.value)
        elif isinstance(node, Sequence):
            inside(node.span, [item.span for item in node.items])
            for item in node.items:
                visit(item)

    if document.root is not None:
        inside(Span(0, end), [document.root.span])
        visit(document.root)
    for problem in document.problems:
        inside(Span(0, end), _places(problem))


def _places(problem: Finding) -> list[Span]:
    edits = problem.fix.edits if problem.fix else ()
    return [problem.span, *(r.span for r in problem.related), *(e.span for e in edits)]


@settings(max_examples=300, deadline=None)
@given(anything)
def test_no_text_makes_it_fail(text: str) -> None:
    document = parse(text)
    check_places(document)
    assert parse(text) == document
    document.data()


@settings(max_examples=200, deadline=None)
@given(splices(), st.data())
def test_every_keystroke_gives_what_reading_afresh_gives(
    steps: list[str], data: st.DataObject
) -> None:
    document: Document | None = None
    for text in steps:
        document = parse(text, reuse=document)
        assert document == parse(text)
        assert document.data() == parse(text).data()
        check_places(document)
        offset = data.draw(st.integers(0, len(text)))
        document.span_of((*document.path_at(offset), "missing"))


@settings(max_examples=50, deadline=None)
@given(yaml_texts(), yaml_texts())
def test_another_text_altogether_may_be_reused(old: str, new: str) -> None:
    assert parse(new, reuse=parse(old)) == parse(new)


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="libyaml is the judge here")
@settings(max_examples=100, deadline=None)
@given(splices(most=2))
def test_what_libyaml_refuses_never_passes_in_silence(steps: list[str]) -> None:
    text = steps[-1]
    # Fine with YAML 1.2, though not with libyaml: tabs on lines without content, and comments that
    # hold what ended lines in YAML 1.1.
    assume(not re.search(r"^ *\t[ \t]*(#.*)?$|[\x85\u2028\u2029]", text, re.MULTILINE))
    try:
        yaml.compose(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeEncodeError):
        assert parse(text).problems


@pytest.mark.parametrize(
    "text",
    [
        "[" * 10_000,
        "{a: " * 10_000,
        "- " * 10_000,
        "? " * 10_000,
        "".join(" " * i + "a:\n" for i in range(1_000)),
        "a: " + "x" * 1_000_000,
        'a: "' + " " * 1_000_000 + '"',
        "a: x" + " " * 1_000_000 + "y",
        "\n" * 500_000,
        "#" * 1_000_000,
        ":" * 500_000,
        "&a " * 100_000,
        "abc\n" * 100_000,
        "\0" * 10_000,
        "a: &x\n" * 20_000,
        "---\n" * 100_000,
        "a" + " \n" * 100_000 + "b",
        'a: "' + "\\q" * 100_000,
        "".join(" " * (i % 50) + "k: v\n" for i in range(5_000)),
    ],
    ids=lambda text: repr(text[:8]),
)
def test_hostile_texts_take_bounded_time(text: str) -> None:
    start = time.process_time()
    document = parse(text)
    _ = document.problems, document.data()
    # Generous: all take well under a second; what isn't linear would take minutes.
    assert time.process_time() - start < 20
