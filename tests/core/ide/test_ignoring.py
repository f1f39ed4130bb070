"""Comments that an editor offers to write, each of which silences its finding and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pitchpipe.findings import Finding, Severity
from pitchpipe.ide.actions import actions
from pitchpipe.ide.changes import applied
from pitchpipe.ide.ignoring import ignored
from pitchpipe.ide.items import Action
from pitchpipe.span import Span
from support.analysis import analysis, whole
from support.editing import snapshot, under_cursor

RATE = "Ignore `yaml11-float` here"


def offered(text: str) -> list[Action]:
    snap, offset = under_cursor(whole(text))
    found = actions(snap, Span(offset, offset), frozenset({"quickfix"}))
    return [action for action in found if action.title.startswith("Ignore ")]


def taken(text: str) -> str:
    """The text after the one comment that is offered, which silences what it is for."""
    snap, _ = under_cursor(whole(text))
    (action,) = offered(text)
    assert (action.kind, action.preferred) == ("quickfix", False)
    assert action.edits is not None
    after = applied(snap.text, action.edits)
    left = [(f.code, f.message) for f in analysis(after).findings]
    before = [(f.code, f.message) for f in snap.findings if f.code != action.code]
    assert left == before
    return after.removesuffix(whole(""))


def test_it_stands_behind_the_value() -> None:
    after = taken("training:\n  learning_rate: 2e‸-5\n")
    assert after == "training:\n  learning_rate: 2e-5  # pitchpipe: ignore[yaml11-float]\n"


def test_a_comment_that_is_there_takes_one_more_code() -> None:
    after = taken("""
        compute:
          target: aba‸cus  # pitchpipe: ignore[yaml11-float] not for sale
        """)
    assert "cus  # pitchpipe: ignore[yaml11-float, unknown-device] not for sale\n" in after


@pytest.mark.parametrize(
    "text",
    [
        "training:\r\n  learning_rate: 2e‸-5  # as in the paper\r\n",
        f"training:\r\n  learning_rate: 2e‸-5  # {'as in the paper ' * 9}\r\n",
        f"name: x\r\ntraining: {{learning_rate: 2e‸-5, resume: {'x' * 80}}}\r\n",
    ],
)
def test_else_it_stands_above(text: str) -> None:
    snap, _ = under_cursor(whole(text))
    (action,) = offered(text)
    assert action.edits is not None
    (edit,) = action.edits
    line = edit.new_text.lstrip(" ")
    assert line == "# pitchpipe: ignore[yaml11-float]\r\n"
    assert snap.text[edit.span.start - 1] == "\n"
    after = applied(snap.text, action.edits)
    assert "yaml11-float" not in [f.code for f in analysis(after).findings]


def test_it_does_not_cut_a_text_of_several_lines() -> None:
    after = taken("""
        compute:
          target: an
            aba‸cus
        """)
    assert after.startswith("compute:\n  # pitchpipe: ignore[unknown-device]\n  target: an\n")


def test_a_mark_of_a_text_of_several_lines_may_have_it() -> None:
    after = taken("compute:\n  target: |-‸\n    abacus\n")
    assert after.startswith("compute:\n  target: |-  # pitchpipe: ignore[unknown-device]\n")


def test_in_the_middle_of_a_text_there_is_no_place_but_the_file() -> None:
    text = "data:\n  system_prompt: |\n    first\n    second\n  train: [{path: data/pairs.jsonl}]\n"
    snap = snapshot(whole(text))
    for word in ("first", "second"):
        at = snap.text.index(word)
        finding = Finding("does-not-fit", "", Span(at, at + 5), Severity.WARNING)
        (action,) = ignored(snap, [finding])
        assert action.title == "Ignore `does-not-fit` in this file"


def test_what_is_shown_at_a_comment_is_silenced_for_the_file() -> None:
    text = "\ufeff# the file\r\ntraining: {learning_rate: 1e-5}\r\n"
    snap = snapshot(whole(text))
    (finding,) = snap.findings
    at_comment = [replace(finding, span=Span(0, 5))]
    (action,) = ignored(snap, at_comment)
    assert action.title == "Ignore `yaml11-float` in this file"
    assert action.edits is not None
    after = applied(snap.text, action.edits)
    assert after.startswith("\ufeff# pitchpipe: ignore-file[yaml11-float]\r\n# the file\r\n")
    assert analysis(after).findings == ()


def test_errors_and_what_is_said_of_comments_are_not_silenced() -> None:
    assert offered("training:\n  num_train_epochs: th‸ree\n") == []
    assert offered("training:\n  save_steps: 5  # pitchpipe: ig‸nore\n") == []


def test_json_has_no_comments() -> None:
    snap = snapshot('{"model": {"name_or_path": "models/tiny"}, "compute": {"target": "abacus"}}\n')
    findings = [finding for finding in snap.findings if finding.code == "unknown-device"]
    assert len(list(ignored(snap, findings))) == 1
    in_json = replace(snap, analysis=replace(snap.analysis, path="/home/me/olive.json"))
    assert list(ignored(in_json, findings)) == []


def test_of_several_at_one_place_each_code_is_offered_once() -> None:
    text = "training: {learning_rate: 2e-5, weight_decay: 1e-2}\n"
    snap = snapshot(whole(text))
    found = actions(snap, Span(0, 50), frozenset({"quickfix"}))
    assert [a.title for a in found if a.title.startswith("Ignore ")] == [RATE]
