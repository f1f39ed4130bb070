"""A formatted document says what it said; only blanks and line breaks are others."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pitchpipe.document import parse
from pitchpipe.findings import Edit
from pitchpipe.ide.changes import applied, changed_lines
from pitchpipe.ide.formatting import format
from pitchpipe.ide.formatting.lines import formatted as relaid
from pitchpipe.span import Span
from support.editing import snapshot
from support.yaml_texts import BY_HAND, anything, splices, yaml_texts

SAMPLES = sorted((Path(__file__).parents[3] / "samples").rglob("*.tune.yaml"))


def formatted(text: str, tab_size: int = 2) -> str:
    edits = format(snapshot(text), tab_size=tab_size)
    assert_clean(text, edits)
    return applied(text, edits)


def assert_clean(text: str, edits: list[Edit]) -> None:
    """In order, inside the text, none over another, none that changes nothing."""
    at = 0
    for edit in edits:
        assert at <= edit.span.start <= edit.span.end <= len(text)
        assert text[edit.span.start : edit.span.end] != edit.new_text
        at = edit.span.end


CASES = {
    "nothing": ("", ""),
    "blank lines alone": ("\n\n", ""),
    "a comment alone": ("  # c  \n", "# c\n"),
    "the last line gets its break": ("a: 1", "a: 1\n"),
    "further line breaks at the end go": ("a: 1\n\n\n", "a: 1\n"),
    "blank lines at the beginning go": ("\n\na: 1\n", "a: 1\n"),
    "at most one blank line": ("a: 1\n\n\n\nb: 2\n", "a: 1\n\nb: 2\n"),
    "blanks at the ends of lines go": ("a: 1  \nb:\t\n", "a: 1\nb:\n"),
    "blanks on blank lines go": ("a: 1\n   \nb: 2\n", "a: 1\n\nb: 2\n"),
    "one blank behind a colon": ("a:   1\nb:\t2\n", "a: 1\nb: 2\n"),
    "none before it": ("a : 1\n'b'  : 2\n", "a: 1\n'b': 2\n"),
    "but an alias as a key needs one": ("x: &n k\n*n : 1\n", "x: &n k\n*n : 1\n"),
    "one blank behind a dash": ("-   a\n-  b\n", "- a\n- b\n"),
    "commas": ("a: [1,2 ,  3]\n", "a: [1, 2, 3]\n"),
    "a comma at the end stays": ("a: [1,]\nb: [1 , ]\n", "a: [1,]\nb: [1, ]\n"),
    "colons in brackets": ('a: {"b":1, c :  2}\n', 'a: {"b": 1, c: 2}\n'),
    "blanks inside brackets stay, one": ("a: {  b: 1  }\n", "a: { b: 1 }\n"),
    "empty brackets": ("a: [  ]\nb: { }\n", "a: []\nb: {}\n"),
    "sections are indented by two": ("a:\n    b:\n        c: 1\n", "a:\n  b:\n    c: 1\n"),
    "a single blank becomes two": ("a:\n b:\n  c: 1\n", "a:\n  b:\n    c: 1\n"),
    "a shifted document": ("   a: 1\n   b: 2\n", "a: 1\nb: 2\n"),
    "lists below their key, as they mostly are": (
        "a:\n    - 1\nb:\n    - 2\nc:\n- 3\n",
        "a:\n  - 1\nb:\n  - 2\nc:\n  - 3\n",
    ),
    "lists in the key's column, as they mostly are": (
        "a:\n- 1\nb:\n- 2\nc:\n    - 3\n",
        "a:\n- 1\nb:\n- 2\nc:\n- 3\n",
    ),
    "as many of both": ("a:\n- 1\nb:\n  - 2\n", "a:\n  - 1\nb:\n  - 2\n"),
    "sections in items": ("a:\n  -   b: 1\n      c: 2\n", "a:\n  - b: 1\n    c: 2\n"),
    "sections below a dash": ("a:\n  -\n      b: 1\n", "a:\n  -\n    b: 1\n"),
    "lists in lists": ("-   - a\n    - b\n", "- - a\n  - b\n"),
    "comments keep away from values": ("a: 1 # c\nb: 2\t# d\n", "a: 1  # c\nb: 2  # d\n"),
    "comments below each other stay so": (
        "a: 1      # one\nlonger: 2 # two\n",
        "a: 1       # one\nlonger: 2  # two\n",
    ),
    "comments that go on below stay so": (
        "a: 1   # one\n       # more\n\n       # not\nb: 2\n",
        "a: 1  # one\n      # more\n\n       # not\nb: 2\n",
    ),
    "comments move with what they stand above": (
        "a:\n    # one\n    b: 1\n",
        "a:\n  # one\n  b: 1\n",
    ),
    "comments stay in the section that they end": (
        "a:\n    b: 1\n    # end\nc: 2\n",
        "a:\n  b: 1\n  # end\nc: 2\n",
    ),
    "comments in the first column stay there": ("a:\n    b: 1\n# c\n    d: 2\n", None),
    "keys that are commented out stay below theirs": (
        "a:\n    # b: 1\nc:\n    d:\n        # e: 1\n        # f:\n        #    g: 1\n",
        "a:\n  # b: 1\nc:\n  d:\n    # e: 1\n    # f:\n    #    g: 1\n",
    ),
    "a comment behind a key and one below": (
        "a: # c\n    # d\n    b: 1\n",
        "a:  # c\n  # d\n  b: 1\n",
    ),
    "a hash in a value is no comment": ("a: b#c\nd: 'e # f'\n", "a: b#c\nd: 'e # f'\n"),
    "block scalars are shifted whole": (
        "a:\n    b: |\n        x\n          y\n\n        z\n",
        "a:\n  b: |\n    x\n      y\n\n    z\n",
    ),
    "blanks at the ends of their lines stay": ("a: |\n    x  \n", "a: |\n  x  \n"),
    "blanks on their blank lines stay": ("a: |\n  x\n    \n  y\n", "a: |\n  x\n    \n  y\n"),
    "their blank lines all stay": ("a: |\n  x\n\n\n  y\n", "a: |\n  x\n\n\n  y\n"),
    "their last line breaks where they count": (
        "a: |+\n    x\n\n\nb: 1\n",
        "a: |+\n  x\n\n\nb: 1\n",
    ),
    "at the end of the file too": ("a: |+\n    x\n\n\n", "a: |+\n  x\n\n\n"),
    "no line break that would be a part of a text": ("a: |\n  x", "a: |\n  x"),
    "one that would not": ("a: |-\n  x", "a: |-\n  x\n"),
    "an indentation that is told": (
        "a:\n    b: |2\n       x\n      y\n",
        "a:\n  b: |2\n     x\n    y\n",
    ),
    "a comment behind a text stays outside": (
        "a: |\n    x\n  # c\nb: 1\n",
        "a: |\n  x\n# c\nb: 1\n",
    ),
    "texts of several lines": ("a: one\n       two\n", "a: one\n  two\n"),
    "quoted ones": ("a: 'one  \n\n     two'\n", "a: 'one\n\n  two'\n"),
    "an escaped blank at a line's end": ('a: "one\\ \n  two"\n', 'a: "one\\ \n  two"\n'),
    "brackets over several lines": (
        "a:\n    b: [\n          one,\n       two\n    ]\n",
        "a:\n  b: [\n    one,\n    two\n  ]\n",
    ),
    "brackets that close in what they hold": (
        "a: [\n    one,\n    ]\n",
        "a: [\n  one,\n  ]\n",
    ),
    "brackets in brackets": (
        "a: {\nb: [\n1,\n2\n],\nc: 3\n}\n",
        "a: {\n  b: [\n    1,\n    2\n  ],\n  c: 3\n}\n",
    ),
    "comments in brackets": (
        "a: [\n      # one\n  1, # two\n]\n",
        "a: [\n  # one\n  1,  # two\n]\n",
    ),
    "anchors and tags": (
        "a:   &x   1\nb: !!str   2\nc:  *x\n",
        "a: &x 1\nb: !!str 2\nc: *x\n",
    ),
    "an anchor above a section": ("a: &x\n    b: 1\n", "a: &x\n  b: 1\n"),
    "merge keys": ("a: &x {b: 1}\nc:\n    <<:   *x\n", "a: &x {b: 1}\nc:\n  <<: *x\n"),
    "keys with a question mark": ("?   a\n:   b\n", "? a\n: b\n"),
    "the start of a document": ("# c\n---   \na:  1\n", "# c\n---\na: 1\n"),
    "its end": ("a:  1\n...\n", "a: 1\n...\n"),
    "a directive": ("%YAML 1.2\n---\na:  1\n", "%YAML 1.2\n---\na: 1\n"),
    "line breaks stay what they are": ("a:  1\r\nb: 2  \r\n", "a: 1\r\nb: 2\r\n"),
    "in texts too": ("a: |\r\n    x\r\n", "a: |\r\n  x\r\n"),
    "where they differ, all are like most": (
        "a: 1\nb: |\r\n  x\n  y\n",
        "a: 1\nb: |\n  x\n  y\n",
    ),
    "be it those of Windows": ("a: 1\r\nb: 2\nc: 3\r\n", "a: 1\r\nb: 2\r\nc: 3\r\n"),
    "a byte order mark": ("\ufeffa:  1\n", "\ufeffa: 1\n"),
    "a byte order mark before a comment": ("\ufeff# c\na:  1\n", "\ufeff# c\na: 1\n"),
    "characters of two units": ("é:  '😀'  # 🎼\n", "é: '😀'  # 🎼\n"),
    "numbers and quotes as they were": ("a:  1.0e-4\nb:  \"x\"\nc:  'y'\n", None),
    "a key twice": ("a:  1\na:  2\n", "a: 1\na: 2\n"),
}


@pytest.mark.parametrize("name", CASES)
def test_formatted(name: str) -> None:
    text, expected = CASES[name]
    found = formatted(text)
    assert parse(found).data() == parse(text).data()
    assert formatted(found) == found
    if expected is not None:
        assert found == expected


def test_every_case_of_a_comment_in_the_first_column() -> None:
    assert formatted("a:\n    b: 1\n# c\n    d: 2\n") == "a:\n  b: 1\n# c\n  d: 2\n"
    assert formatted("a:  1.0e-4\nb:  \"x\"\nc:  'y'\n") == "a: 1.0e-4\nb: \"x\"\nc: 'y'\n"


BROKEN = (
    "a: [1\nb:  2\n",
    "a:  'x\nb: 2\n",
    "a:\n\tb:  1\n",
    "a:  1\n...\nb:  2\n",
    "a:  *nothing\n",
    "key\nb:  1\n",
    "a:  1\n  b:  2\n",
    "a:  x\u2028y\n",
    "a:  1\rb:  2\n",
    "\n\ufeff\n0",
)


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_broken_is_left_alone(text: str) -> None:
    assert format(snapshot(text)) == []


SEVERAL = {
    "a:  1\n---\nb:\n    c:  2\n": "a: 1\n---\nb:\n  c: 2\n",
    "---\na:  1\n---\n--- # é🎼\n-   b\n": "---\na: 1\n---\n---  # é🎼\n- b\n",
    "a:  1\n---\nb:  [1\n---\nc:  3\n": "a: 1\n---\nb:  [1\n---\nc: 3\n",
    "a:  &x 1\n---\nb:  *x\n": "a: &x 1\n---\nb:  *x\n",
    "a:  1\n...\n%YAML 1.2\n---\nb:  2\n": "a:  1\n...\n%YAML 1.2\n---\nb: 2\n",
}


@pytest.mark.parametrize("text", SEVERAL)
def test_each_document_of_a_text_is_formatted_for_itself(text: str) -> None:
    assert formatted(text) == SEVERAL[text]


def test_a_range_is_formatted_in_the_document_that_it_is_in() -> None:
    text = "a:  1\n---\nb:  2\nc:  3\n---\nd:  4\n"
    at = text.index("b:")
    edits = format(snapshot(text), Span(at, at + 1))
    assert applied(text, edits) == text.replace("b:  2", "b: 2")


WIDTHS = {
    (4, "a:\n  b:\n  - c: 1\n    d: |\n      x\n"): (
        "a:\n    b:\n    - c: 1\n      d: |\n          x\n"
    ),
    (4, "a:\n  b:\n    - c\n"): "a:\n    b:\n      - c\n",
    (4, "a:\n  - c: [\n    1\n     ]\n"): "a:\n  - c: [\n        1\n        ]\n",
    (1, "a:\n    b: 1\n"): "a:\n  b: 1\n",
    (99, "a:\n  b: 1\n"): "a:\n        b: 1\n",
}


@pytest.mark.parametrize(("size", "text"), WIDTHS)
def test_levels_are_as_wide_as_wanted(size: int, text: str) -> None:
    found = formatted(text, size)
    assert found == WIDTHS[size, text]
    assert formatted(found, size) == found


THREE = "a:  1\nb:\n    c:  1\n    d:  2\ne:  3\n"
RANGES = {
    "c:": "a:  1\nb:\n  c: 1\n  d: 2\ne:  3\n",
    "a:": "a: 1\nb:\n    c:  1\n    d:  2\ne:  3\n",
    "e:": "a:  1\nb:\n    c:  1\n    d:  2\ne: 3\n",
}


@pytest.mark.parametrize("at", RANGES)
def test_a_range_is_formatted_with_its_whole_section(at: str) -> None:
    start = THREE.index(at)
    edits = format(snapshot(THREE), Span(start, start + 2))
    assert applied(THREE, edits) == RANGES[at]


def test_edits_are_small() -> None:
    text = "a: 1\nb:  2\nc: 3\n"
    assert format(snapshot(text)) == [Edit(Span(8, 9), "")]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_the_samples_are_formatted(sample: Path) -> None:
    assert format(snapshot(sample.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize("text", BY_HAND)
def test_texts_by_hand_keep_their_meaning(text: str) -> None:
    for size in (2, 4):
        found = formatted(text, size)
        assert repr(parse(found).data()) == repr(parse(text).data())
        assert formatted(found, size) == found


SEARCH = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SEARCH
@given(yaml_texts(), st.sampled_from([2, 4]))
def test_valid_texts_keep_their_meaning_and_are_formatted_once(text: str, size: int) -> None:
    found = formatted(text, size)
    assert repr(parse(found).data()) == repr(parse(text).data())
    assert formatted(found, size) == found
    if not snapshot(text).context.half_typed:
        assert found == relaid(parse(text), size), "it was given up"


@SEARCH
@given(splices() | anything.map(lambda text: [text]), st.integers(0, 600), st.integers(0, 600))
def test_no_text_makes_it_stumble(steps: list[str], start: int, length: int) -> None:
    text = steps[-1]
    whole, some = format(snapshot(text)), format(snapshot(text), Span(start, start + length))
    for edits in (whole, some):
        assert_clean(text, edits)
        assert repr(parse(applied(text, edits)).data()) == repr(parse(text).data())


@given(
    st.lists(st.sampled_from(["a\n", "b\n", "\n", " a\n", "c"])), st.lists(st.sampled_from("ab\n "))
)
def test_changed_lines_make_the_other_text(old: list[str], new: list[str]) -> None:
    one, other = "".join(old), "".join(new)
    edits = list(changed_lines(one, other))
    assert_clean(one, edits)
    assert applied(one, edits) == other
