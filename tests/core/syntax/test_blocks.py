from __future__ import annotations

import pytest
from hypothesis import assume, given, settings

from pitchpipe.findings import Finding
from pitchpipe.syntax import blocks, strict
from pitchpipe.syntax.blocks import Before, Parts, assembled, read_parts
from pitchpipe.syntax.layout import layout
from pitchpipe.syntax.reading import Kind, Reading
from support.yaml_texts import BY_HAND, WORKFLOW, yaml_texts


def parts_of(text: str, old: Parts | None = None) -> Parts:
    return read_parts(text, layout(text).region, old=old and Before(old))


def pieces(text: str) -> list[str]:
    return [block.text for block in parts_of(text).blocks]


@pytest.fixture
def cut_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cuts every block as often as it can be cut."""
    monkeypatch.setattr(blocks, "_LARGE", 1)


def test_a_block_goes_from_its_key_through_the_line_before_the_next() -> None:
    assert pieces("# first\na: 1\n\n# of a\nb:\n  c: 2\nd: 3") == [
        "a: 1\n\n# of a\n",
        "b:\n  c: 2\n",
        "d: 3",
    ]


def test_items_of_a_list_are_blocks() -> None:
    assert pieces("- a\n- b: 1\n  c: 2\n-\n") == ["- a\n", "- b: 1\n  c: 2\n", "-\n"]


def test_a_list_in_the_column_of_its_key_belongs_to_it() -> None:
    assert pieces("a:\n- x\n- y\nb: 1\n") == ["a:\n- x\n- y\n", "b: 1\n"]


def test_brackets_and_explicit_values_belong_to_the_key_above() -> None:
    assert pieces("a: [\n  1\n]\n? b\n: c\n") == ["a: [\n  1\n]\n", "? b\n: c\n"]


@pytest.mark.parametrize(
    "text",
    [
        "{a: 1,\nb: 2}\n",
        "plain\ntext\n",
        "|\n a: 1\n b: 2\n",
        "a: 1\rb: 2\r",
        "%YAML 1.2\n---\na: 1\n",
        "&x\na: 1\nb: 2\n",
    ],
)
def test_what_cannot_be_cut_is_one_block(text: str) -> None:
    assert pieces(text) == [text]


def test_an_indented_document_is_cut_in_its_own_column() -> None:
    assert pieces("  a: 1\n  b: 2\n") == ["  a: 1\n", "  b: 2\n"]


def test_blanks_at_the_end_are_no_block() -> None:
    assert pieces("  - a\n  ") == ["  - a\n  "]
    assert pieces("a: 1\n   ") == ["a: 1\n   "]


def test_only_the_first_document_is_read() -> None:
    found = layout("---\na: 1\n--- # two\nb: 2\n")
    assert (found.region.start, found.region.end, found.second) == (4, 9, (9, 12))
    assert layout("a: 1\n...\n# nothing more\n").second is None
    assert layout("a: 1\n...\nb: 2\n").second == (9, 13)
    assert layout("a: '\n ---'\n").second is None


@pytest.mark.usefixtures("cut_small")
def test_a_large_block_is_cut_again() -> None:
    (block,) = parts_of("data:\n  # c\n  train:\n  - a\n  - b\n  eval: c\n").blocks
    assert block.parts is not None
    assert [part.text for part in block.parts.blocks] == ["  train:\n  - a\n  - b\n", "  eval: c\n"]
    inner = block.parts.blocks[0].parts
    assert inner is not None
    assert [part.text for part in inner.blocks] == ["  - a\n", "  - b\n"]


def check_cut_like_whole(text: str) -> None:
    whole = strict.read(text)
    assert isinstance(whole, Reading)
    cut = assembled(parts_of(text))
    assert cut.node == whole.node
    assert sorted(cut.problems, key=lambda p: p.span) == list(whole.problems)
    assert cut.aliases == whole.aliases
    assert sorted(cut.anchors, key=lambda a: a[0]) == list(whole.anchors)


@pytest.mark.parametrize("text", BY_HAND)
def test_blocks_give_the_tree_of_the_whole(text: str) -> None:
    check_cut_like_whole(text)


@pytest.mark.usefixtures("cut_small")
@pytest.mark.parametrize("text", BY_HAND)
def test_small_blocks_give_the_tree_of_the_whole(text: str) -> None:
    check_cut_like_whole(text)


@settings(max_examples=150, deadline=None)
@given(yaml_texts())
def test_blocks_of_generated_texts_give_the_tree_of_the_whole(text: str) -> None:
    assume(isinstance(strict.read(text), Reading))
    check_cut_like_whole(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "_LARGE", 1)
        check_cut_like_whole(text)


def test_a_keystroke_reads_one_block_again() -> None:
    before = parts_of(WORKFLOW)
    after = parts_of(WORKFLOW.replace("max_length: 512", "max_length: 5123"), before)
    fresh = [a.text for a, b in zip(after.blocks, before.blocks, strict=True) if a is not b]
    assert len(fresh) == 1
    assert fresh[0].startswith("data:")


@pytest.mark.usefixtures("cut_small")
def test_a_keystroke_in_a_large_block_reads_one_part_of_it_again() -> None:
    before = parts_of("a:\n  - x\n  - y\n  - z\nb: 1\n")
    after = parts_of("a:\n  - x\n  - yy\n  - z\nb: 1\n", before)
    old, new = before.blocks[0].parts, after.blocks[0].parts
    assert old is not None
    assert new is not None
    assert [block.text for block in new.blocks] == ["  - x\n", "  - yy\n", "  - z\n"]
    assert new.blocks[0] is old.blocks[0]
    assert new.blocks[2] is old.blocks[2]


def test_blocks_below_a_new_line_are_taken_over_and_moved() -> None:
    before = parts_of("a: 1\nb: 2\nc: 3\n")
    after = parts_of("a: 1\nnew: 0\nb: 2\nc: 3\n", before)
    assert after.blocks[0] is before.blocks[0]
    assert after.blocks[2:] == before.blocks[1:]
    assert all(a is b for a, b in zip(after.blocks[2:], before.blocks[1:], strict=True))
    assert assembled(after).node == assembled(parts_of("a: 1\nnew: 0\nb: 2\nc: 3\n")).node


def test_a_bracket_closed_further_down_is_seen_when_it_is_typed() -> None:
    before = parts_of('a: [\n"x": 1\nb: 2\n')
    assert [p.code for p in assembled(before).problems] == ["yaml-syntax"]
    after = parts_of('a: [\n"x": 1\n]\nb: 2\n', before)
    assert not assembled(after).problems
    assert [block.text for block in after.blocks] == ['a: [\n"x": 1\n]\n', "b: 2\n"]


def test_each_broken_block_is_told() -> None:
    found = assembled(parts_of("a: [1\nb: 2\nc: 'x\nd:\n\te: 1\nf: @\n"))
    assert [(p.code, p.span.start) for p in found.problems] == [
        ("yaml-syntax", 3),
        ("yaml-syntax", 14),
        ("tab-indentation", 20),
        ("yaml-syntax", 29),
    ]


def test_a_forbidden_character_is_told_and_the_rest_read() -> None:
    found = assembled(parts_of("a: 1\nb: x\0y\nc: \ud800\nd: 2\n"))
    assert [(p.code, p.span) for p in found.problems] == [
        ("yaml-syntax", (9, 10)),
        ("yaml-syntax", (15, 16)),
    ]
    assert all(isinstance(p, Finding) and p.fix for p in found.problems)


def test_kinds() -> None:
    assert layout("a: 1").region.kind is Kind.MAPPING
    assert layout("- a: 1").region.kind is Kind.SEQUENCE
    assert layout("a").region.kind is Kind.ANY
    assert layout('"a\nb: c"').region.kind is Kind.ANY
    assert layout('"a" # b: c').region.kind is Kind.ANY
    assert layout("a\n? b").region.kind is Kind.ANY
    assert layout("? b").region.kind is Kind.MAPPING
    assert layout("half\na: 1").region.kind is Kind.MAPPING
