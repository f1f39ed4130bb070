"""What a survey finds in rows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pitchpipe import conversations
from pitchpipe.survey import (
    Label,
    Repeated,
    Seen,
    Shared,
    Survey,
    View,
    shared,
)
from pitchpipe.survey_json import from_json, to_json
from pitchpipe.surveying import MOST_LABELS, Surveyor

PAIR = View(given=("p",), learnt=("c",))
CHAT = View(messages="m")


def surveyed(rows: Sequence[Mapping[str, Any]], view: View = PAIR, most: int = 2**17) -> Survey:
    surveyor = Surveyor(view, by_line=True, most=most)
    for number, row in enumerate(rows, start=1):
        surveyor.add(row, number)
    return surveyor.survey(whole=True)


def pairs(*texts: str) -> list[dict[str, str]]:
    """Of `prompt=completion`."""
    split = [text.partition("=") for text in texts]
    return [{"p": prompt, "c": completion} for prompt, _, completion in split]


def chat(roles: str) -> dict[str, Any]:
    """Messages by the first letters of their roles."""
    names = {"s": "system", "u": "user", "a": "assistant", "t": "tool", "h": "human"}
    return {"m": [{"role": names[r], "content": f"{r}{i}"} for i, r in enumerate(roles)]}


def test_rows_and_bytes_are_counted() -> None:
    found = surveyed(pairs("a=b", "äö=c"))
    assert (found.rows, found.size, found.longest) == (2, 7, 5)


def test_a_row_that_comes_again_is_named_with_the_first() -> None:
    found = surveyed(pairs("a=b", "c=d", "a=b", "a=b"))
    assert found.repeated == Repeated(2, 3, 1)
    assert found.exact


def test_columns_that_play_no_part_make_no_row_another() -> None:
    rows = [{**row, "id": n} for n, row in enumerate(pairs("a=b", "a=b"))]
    assert surveyed(rows).repeated == Repeated(1, 2, 1)


def test_where_one_column_ends_and_the_next_begins_counts() -> None:
    view = View(given=("p", "q"), learnt=("c",))
    rows = [{"p": "a b", "q": "c", "c": "x"}, {"p": "a", "q": "b c", "c": "x"}]
    assert surveyed(rows, view).repeated is None
    assert len(surveyed(rows, view).prompts.places) == 2


def test_a_prompt_with_another_answer_contradicts_whatever_its_case_and_spaces() -> None:
    assert surveyed(pairs("Hi  you=x", "hi you=y", "other=x")).contradicted == Repeated(1, 2, 1)
    assert surveyed(pairs("Hi=x", "hi=x ")).contradicted is None


@pytest.mark.parametrize(
    ("row", "part"),
    [("=x", "prompt"), (" \n=x", "prompt"), ("a=", "completion"), ("a=\u00a0", "completion")],
)
def test_blank_parts_are_counted(row: str, part: str) -> None:
    assert surveyed(pairs("a=b", row)).blank == {part: Seen(1, 2)}


def test_a_blank_text_is_no_completion() -> None:
    assert surveyed([{"t": " "}], View(learnt=("t",))).blank == {"text": Seen(1, 1)}


def test_a_part_of_several_columns_is_blank_when_all_are() -> None:
    view = View(given=("p", "q"), learnt=("c",))
    assert surveyed([{"p": "", "q": "x", "c": "y"}], view).blank == {}
    assert surveyed([{"p": "", "q": " ", "c": "y"}], view).blank == {"prompt": Seen(1, 1)}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"c": "x"}, "missing"),
        ({"p": None, "c": "x"}, "null"),
        ({"p": float("nan"), "c": "x"}, "null"),
        ({"p": ["a"], "c": "x"}, "array"),
        ({"p": {"a": 1}, "c": "x"}, "object"),
        ({"p": "\ud83d", "c": "x"}, "half a character"),
    ],
)
def test_cells_that_are_no_text_are_counted(row: dict[str, Any], kind: str) -> None:
    assert surveyed([*pairs("a=b"), row]).odd == {"p": {kind: Seen(1, 2)}}


def test_numbers_serve_as_texts() -> None:
    found = surveyed([{"p": 5, "c": True}])
    assert found.odd == {}
    assert found.labels == (Label(("true",), 1, 1),)


def test_characters_of_a_wrong_conversion_are_counted() -> None:
    found = surveyed(pairs("a=b", "a\ufffd=b", "a=\0", "c\ufffd=d\ufffd"))
    assert found.garbled == {"U+FFFD": Seen(2, 2), "NUL": Seen(1, 3)}


def test_labels_are_counted_with_their_first_place() -> None:
    found = surveyed(pairs("a=x", "b=y", "c=x"))
    assert found.labels == (Label(("x",), 2, 1), Label(("y",), 1, 2))


def test_too_many_answers_are_no_labels() -> None:
    found = surveyed(pairs(*(f"{n}={n}" for n in range(MOST_LABELS + 5))))
    assert found.labels is None
    assert found.answers > MOST_LABELS


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ("ua", None),
        ("sua", None),
        ("uaua", None),
        ("uataua", None),
        ("uattaua", None),
        ("usa", "a `system` message is not the first"),
        ("au", "the first message is of the role `assistant`, not `user`"),
        ("uua", "two messages of the role `user` follow each other"),
        ("uaa", "two messages of the role `assistant` follow each other"),
        ("uau", "the last message is of the role `user`, and only answers are learnt"),
        (
            "ha",
            (
                "a message is of the role `human`, which chat templates don't know; "
                "they call it `user`"
            ),
        ),
    ],
)
def test_the_order_of_roles(roles: str, said: str | None) -> None:
    assert conversations.disorder([m["role"] for m in chat(roles)["m"]]) == said
    found = surveyed([chat("ua"), chat(roles)], CHAT)
    assert found.roles == ({} if said is None else {said: Seen(1, 2)})


def test_disorder_of_very_many_kinds_is_put_together() -> None:
    rows = [{"m": [{"role": f"r{n}", "content": ""}, *chat("a")["m"]]} for n in range(50)]
    found = surveyed(rows, CHAT)
    assert len(found.roles) < 30
    assert sum(seen.rows for seen in found.roles.values()) == 50


def test_a_conversation_is_known_by_what_is_said_before_its_last_answer() -> None:
    found = surveyed([chat("sua"), chat("uaua")], CHAT)
    again = {"m": [{"role": "user", "content": "U1"}, {"role": "assistant", "content": "other"}]}
    both = shared(surveyed([again], CHAT), found)
    assert both == Shared(1, 1, 1, exact=True)


def test_what_is_no_conversation_is_told() -> None:
    found = surveyed([chat("ua"), {"m": "hello"}, chat("u")], CHAT)
    (seen,) = found.odd["m"].values()
    assert (seen.rows, seen.at) == (2, 2)
    assert "list of messages" in seen.detail


def test_shared_prompts_are_counted_and_the_first_is_named() -> None:
    held, trained = surveyed(pairs("x=1", "B=2", "c=3")), surveyed(pairs("c=0", "b=0", "a=0"))
    assert shared(held, trained) == Shared(2, 2, 2, exact=True)
    assert shared(surveyed(pairs("z=1")), trained) is None


def test_more_rows_than_are_kept_are_estimated() -> None:
    rows = pairs(*(f"{n}={n}" for n in range(20_000)), *(f"{n}={n}" for n in range(5_000)))
    found = surveyed(rows, most=2048)
    assert not found.exact
    assert len(found.prompts.places) <= 2048
    assert found.repeated is not None
    assert 4_000 < found.repeated.rows < 6_000
    assert rows[found.repeated.at - 1] == rows[found.repeated.of - 1]


def test_samples_of_different_sizes_are_compared() -> None:
    large = surveyed(pairs(*(f"{n}={n}" for n in range(20_000))), most=2048)
    small = surveyed(pairs(*(f"{n}=x" for n in range(19_000, 21_000))))
    both = shared(small, large)
    assert both is not None
    assert not both.exact
    assert 700 < both.prompts < 1_300
    assert both.at + 19_000 == both.of, "it is the same prompt in both"


def test_a_survey_survives_json() -> None:
    rows = [
        *pairs("a=b", "a=b", "A=c", "=x", "\ufffd=y"),
        {"p": None, "c": "x"},
    ]
    found = surveyed(rows)
    assert found.repeated
    assert found.contradicted
    assert found.odd
    assert from_json(to_json(found)) == found


def test_the_survey_of_another_version_is_none() -> None:
    with pytest.raises(ValueError, match="version"):
        from_json({**to_json(surveyed([])), "version": 0})
