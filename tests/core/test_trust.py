"""Any text: nothing raises, every place is inside, and what is kept changes nothing.

`pytest --hypothesis-profile=long` tries a hundred times as many texts.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.analyse import Analysis, analyse
from pitchpipe.check import NOTHING_KNOWN
from pitchpipe.document import parse
from pitchpipe.ide.changes import applied
from pitchpipe.ide.snapshot import Client, Snapshot
from pitchpipe.schema import Schema
from support import trust
from support.analysis import FILE, SCHEMA
from support.editing import PROJECT
from support.facts import WORLD
from support.workflow_texts import any_text, edited

FAST = Schema(SCHEMA.root, fast=True)
PLACES = st.integers(0, 1_000_000)
"""Offsets, to be taken modulo the length of the text."""


def analysed(text: str, before: Analysis | None = None) -> Analysis:
    return analyse(
        text,
        schema=FAST,
        facts=WORLD,
        path=FILE,
        reuse=before and before.document,
        known=before.known if before else NOTHING_KNOWN,
    )


def seen(found: Analysis) -> Snapshot:
    return Snapshot(found, PROJECT, Client(), now=1_800_000_000.0)


@settings(deadline=None)
@given(any_text)
def test_a_text_is_checked_whatever_it_holds(text: str) -> None:
    found = analysed(text)
    trust.check_findings(found)
    assert analysed(text).findings == found.findings
    assert parse(text) == found.document


@settings(deadline=None)
@given(edited(most=6), st.integers(0, 63))
def test_what_is_kept_while_one_types_changes_nothing(steps: list[str], asked: int) -> None:
    found = analysed(steps[0])
    for number, text in enumerate(steps[1:]):
        found = analysed(text, found)
        afresh = analysed(text)
        assert found.document == afresh.document
        assert repr(found.document.data()) == repr(afresh.document.data())  # nan is not nan
        if asked >> number & 1:  # else nobody asks for this state's
            assert found.findings == afresh.findings
    assert found.findings == analysed(steps[-1]).findings


@settings(deadline=None)
@given(any_text, PLACES, PLACES)
def test_every_feature_answers_anywhere(text: str, at: int, end: int) -> None:
    offset, other = at % (len(text) + 1), end % (len(text) + 1)
    trust.check_answers(seen(analysed(text)), offset, other)


@settings(deadline=None)
@given(edited(most=4), PLACES)
def test_answers_are_those_for_a_text_that_nobody_has_seen_before(
    steps: list[str], at: int
) -> None:
    found: Analysis | None = None
    for text in steps:
        found = analysed(text, found)
    assert found
    offset = at % (len(steps[-1]) + 1)
    mine = trust.check_answers(seen(found), offset, offset)
    assert repr(mine) == repr(trust.check_answers(seen(analysed(steps[-1])), offset, offset))


@settings(deadline=None)
@given(any_text)
def test_a_fix_mends_what_it_is_for_and_nothing_else_breaks(text: str) -> None:
    found = analysed(text)
    for finding in found.findings[:20]:
        if finding.fix:
            after = analysed(applied(text, finding.fix.edits))
            trust.check_fix(found, finding, after)
    trust.fix_all(seen(found))


ONCE_TOO_MUCH = (
    "&0",
    "data:\n  train:\n    -\n",
    "'quoted':\n",
    "? 0\n\n 0",
    "\b\b",
    "version: !!str 5\n",
    '" ":',
    "data:\n  text_template: \n",
    '"\\e[2J": 1\n',
)


@pytest.mark.parametrize("text", ONCE_TOO_MUCH)
def test_texts_that_once_were_too_much(text: str) -> None:
    found = analysed(text)
    trust.check_findings(found)
    for finding in found.findings:
        if finding.fix:
            trust.check_fix(found, finding, analysed(applied(text, finding.fix.edits)))
    for offset in range(len(text) + 1):
        trust.check_answers(seen(found), offset, len(text))
