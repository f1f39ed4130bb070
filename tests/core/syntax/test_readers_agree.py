"""On valid YAML the strict and the tolerant reader give the same tree; both parsers do, too."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pitchpipe.findings import Finding
from pitchpipe.syntax import strict, tolerant
from pitchpipe.syntax.reading import LooseReading, Reading
from support.yaml_texts import BY_HAND, yaml_texts

pytestmark = pytest.mark.skipif(strict.fastest_events is strict.pure_events, reason="no libyaml")


def check_same(text: str) -> None:
    expected = strict.read(text)
    assert isinstance(expected, Reading)
    assert tolerant.read(text) == LooseReading(expected)


@pytest.mark.parametrize("text", BY_HAND)
def test_on_texts_written_by_hand(text: str) -> None:
    check_same(text)


@settings(max_examples=300, deadline=None)
@given(yaml_texts())
def test_on_generated_texts(text: str) -> None:
    assume(isinstance(strict.read(text), Reading))
    check_same(text)


@settings(max_examples=100, deadline=None)
@given(yaml_texts(), st.integers(1, 1000))
def test_wherever_the_text_stands_in_its_document(text: str, base: int) -> None:
    assume(isinstance(strict.read(text), Reading))
    assert tolerant.read(text, base) == LooseReading(_reading(strict.read(text, base)))


@pytest.mark.parametrize("text", BY_HAND)
def test_libyaml_and_pyyaml_agree_on_texts_written_by_hand(text: str) -> None:
    if '"e":1' in text or "? h : i" in text:
        pytest.skip("PyYAML's own parser reads this flow style by other rules")
    assert strict.read(text, events=strict.pure_events) == strict.read(text)


@settings(max_examples=100, deadline=None)
@given(yaml_texts())
def test_libyaml_and_pyyaml_agree_on_generated_texts(text: str) -> None:
    expected = strict.read(text)
    assume(isinstance(expected, Reading))
    assert strict.read(text, events=strict.pure_events) == expected


@pytest.mark.parametrize(
    "text",
    [
        "text: User: hi\n", "a: 1\n\tb: 2\n", "a: [1, 2\nb: 3\n", 'a: "x\nb: 3\n', "a: x\nfoo\n",
        "a:\n    b: 1\n  c: 2\n", "a: @x\n", "a: - b\n", "a:\n  - b\n  c: 1\n", "a: *\n",
        'a: "\\q"\n', "a: |x\n", "a: {x: 1, y\n", "a: ]\n", "a: [,]", 'a: "\\xZZ"', "{a: 1} b",
        'a: "\\UFFFFFFFF"', "a: !e!x y\n", "a: |0\n x", "%YAML 3.0\n---\na",
    ],
)  # fmt: skip
def test_libyaml_and_pyyaml_complain_alike(text: str) -> None:
    found = strict.read(text)
    assert isinstance(found, Finding)
    assert strict.read(text, events=strict.pure_events) == found


def _reading(result: Reading | Finding) -> Reading:
    assert isinstance(result, Reading)
    return result
