"""No state of a file makes a feature stumble, and what it answers lies in the file."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pitchpipe.ide import folding, links, names, selection, symbols, tokens
from pitchpipe.ide.changes import applied
from pitchpipe.ide.items import Symbol
from pitchpipe.span import Span
from support.editing import snapshot
from support.yaml_texts import BY_HAND, WORKFLOW, anything, splices

TEMPLATES = (
    "data:\n  train:\n    - &file {path: '${DATA}/x.jsonl', columns: {prompt: phrase}}\n"
    "    - path: data/phrases.jsonl\n  prompt_template: |\n    <|user|> {phrase} {{x}} {none}\n"
    "  eval: [*file]\n"
)
MARKS = ("", "\n", ": ", "- ", "{", "}", "]", "'", "\t", "#", "&x ", "*x", "*file", "|\n", "\r")


def check(text: str, offset: int) -> None:
    """Every feature answers, and with places of the text."""
    snap = snapshot(text)
    end = len(text)
    check_inside(symbols.symbols(snap), Span(0, end))
    assert symbols.search([snap], "e") is not None
    lines = len(snap.document.lines.starts)
    for fold in folding.foldings(snap):
        assert 0 <= fold.start_line < fold.end_line < lines
    ranges = selection.ranges(snap, offset)
    assert ranges[-1] == (0, end)
    assert all(0 <= span.start <= offset <= span.end <= end for span in ranges)
    for token in tokens.tokens(snap):
        assert 0 <= token.span.start < token.span.end <= end
        assert token.kind in tokens.KINDS
    for link in links.links(snap):
        assert 0 <= link.span.start < link.span.end <= end
    names.definition(snap, offset)
    check_names(text, offset)


def check_inside(found: tuple[Symbol, ...], around: Span) -> None:
    for symbol in found:
        assert around.start <= symbol.span.start <= symbol.selection.start
        assert symbol.selection.end <= symbol.span.end <= around.end
        assert symbol.name
        check_inside(symbol.children, symbol.span)


def check_names(text: str, offset: int) -> None:
    """All places of a name have the same text, and a new name stands at each of them."""
    snap = snapshot(text)
    found = names.references(snap, offset)
    assert len({text[slice(*span)] for span in found}) <= 1
    edits = names.rename(snap, offset, "quite-new")
    if not isinstance(edits, names.Refusal):
        assert [edit.span for edit in edits] == list(found)
        after = applied(text, edits)
        assert after.count("quite-new") == text.count("quite-new") + len(found)
        assert len(snapshot(after).document.anchors) == len(snap.document.anchors)


def test_typed_and_cut_anywhere() -> None:
    whole = WORKFLOW + TEMPLATES
    dice = random.Random(4)
    for _ in range(60):
        cut = dice.randrange(len(whole))
        text = whole[:cut] + dice.choice(MARKS) + whole[cut + dice.choice((0, 1, 3, 40)) :]
        text = text[: dice.randrange(len(text))] if dice.random() < 0.2 else text
        check(text, dice.randrange(len(text) + 1))


def test_texts_by_hand() -> None:
    for text in BY_HAND:
        for offset in range(0, min(len(text), 60) + 1, 4):
            check(text, offset)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(splices(TEMPLATES) | anything.map(lambda text: [text]), st.floats(0, 1))
def test_any_text(steps: list[str], where: float) -> None:
    check(steps[-1], round(where * len(steps[-1])))
