from __future__ import annotations

import re
from typing import Any

import pytest

from support.analysis import analysis, check_findings, check_fixed, whole
from support.facts import WORLD, World
from support.fixture import fixed

PAIR = {"prompt": "a", "completion": "b"}


def said(
    fragment: str, rows: list[dict[str, Any]] | None = None, name: str = "x.jsonl"
) -> list[str]:
    files = {**WORLD.files, **({name: rows} if rows is not None else {})}
    world = World(files, WORLD.models)
    return [f"{f.code}: {f.message}" for f in analysis(whole(fragment), world).findings]


def data(*lines: str, path: str = "x.jsonl") -> str:
    more = "".join(f"  {line}\n" for line in lines)
    return f"data:\n  train: [{{path: {path}}}]\n{more}"


def test_a_misspelt_column_suggests_the_near_one() -> None:
    check_findings("""
        data:
          train:
            - path: data/phrases.jsonl
              columns: {prompt: frase, completion: tone}
              #                 ^^^^^ error[column-not-found]: `data/phrases.jsonl` has no column `frase`; did you mean `phrase`?
        """)  # noqa: E501
    check_fixed(
        "data: {train: [{path: data/phrases.jsonl, columns: {prompt: frase, completion: tone}}]}",
        "data: {train: [{path: data/phrases.jsonl, columns: {prompt: phrase, completion: tone}}]}",
    )


def test_default_columns_that_are_not_there_are_asked_for() -> None:
    assert said(data(path="data/phrases.jsonl")) == [
        (
            "column-not-found: `data/phrases.jsonl` has no columns `prompt` and `completion`; "
            "it has `phrase` and `tone`; "
            "say which is the prompt and which is the completion under `columns`"
        )
    ]


@pytest.mark.parametrize(
    ("row", "guess"),
    [
        ({"Prompt": "a", "completion": "b"}, "{prompt: Prompt}"),
        ({"question": "a", "answer": "b"}, "{prompt: question, completion: answer}"),
        ({"instruction": "a", "Output": "b"}, "{prompt: instruction, completion: Output}"),
        ({"prompt": "a", "label": "b"}, "{completion: label}"),
        ({"prompt": "a", "completions, all": "b"}, '{completion: "completions, all"}'),
    ],
)
def test_columns_with_usual_names_are_guessed(row: dict[str, str], guess: str) -> None:
    (message,) = said(data(), [row])
    assert message.endswith(f"; did you mean `columns: {guess}`?")


COLUMNS = "columns: {prompt: question, completion: answer}"


@pytest.mark.parametrize(
    "text",
    [
        "data:\n  train:\n    - path: qa.csv<\n      > # mine\n      split: train\n",
        "data: {train: [{path: 'qa.csv'<, >}]}\n",
        "data:\r\n  train:\r\n  - path: qa.csv<\r\n    >\r\n",
    ],
)
def test_guessed_columns_are_written_behind_the_path(text: str) -> None:
    before = whole(re.sub("<.*?>", "", text, flags=re.DOTALL))
    after = whole(re.sub("<(.*?)>", rf"\1{COLUMNS}", text, flags=re.DOTALL))
    world = World({"qa.csv": [{"question": "a", "answer": "b"}]}, WORLD.models)
    (finding,) = analysis(before, world).findings
    assert fixed(before, finding) == after
    assert analysis(after, world).findings == ()


def test_many_columns_are_not_all_listed() -> None:
    row = {f"c{number}": "x" for number in range(20)} | {"prompt": "a"}
    (message,) = said(data(), [row])
    assert "it has `c0`, `c1`," in message
    assert "`c12`" not in message
    assert "and 9 more" in message


def test_a_csv_with_semicolons_is_recognised() -> None:
    assert said(data("text_template: '{phrase}'", path="data/semicolons.csv")) == [
        (
            "template-unknown-column: `data/semicolons.csv` has no column `phrase`: "
            "its fields are parted by semicolons, not by commas"
        )
    ]


def test_a_csv_with_tabs_is_not_asked_for_its_columns() -> None:
    assert said(data(path="x.csv"), [{"prompt\tcompletion": "a\tb"}], "x.csv") == [
        (
            "column-not-found: `x.csv` has no columns `prompt` and `completion`: "
            "its fields are parted by tabs, not by commas"
        )
    ]


def test_a_template_takes_the_place_of_a_column() -> None:
    assert (
        said(
            data(
                "prompt_template: '{phrase}?'",
                "completion_template: '{tone}'",
                path="data/phrases.csv",
            )
        )
        == []
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{**PAIR, "prompt": ["a"]}], "row 1: `prompt` holds a list where a text is needed"),
        ([{**PAIR, "prompt": {"a": 1}}], "row 1: `prompt` holds an object where a text is needed"),
        (
            [PAIR, {**PAIR, "completion": None}],
            "row 2: `completion` holds no value where a text is needed",
        ),
        (
            [PAIR, {"prompt": "a"}],
            "row 2: it lacks the column `completion`",
        ),
    ],
)
def test_texts_must_be_texts(rows: list[dict[str, Any]], message: str) -> None:
    assert said(data(), rows) == [f"column-wrong-type: `x.jsonl`, {message}"]


def test_numbers_and_truth_values_are_printed() -> None:
    assert (
        said(data(), [{"prompt": 1, "completion": 2.5}, {"prompt": True, "completion": "x"}]) == []
    )


def message(role: str = "assistant", content: str = "x") -> dict[str, str]:
    return {"role": role, "content": content}


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ([message("user"), message()], None),
        ("hello", "`messages` must hold a list of messages with `role` and `content`"),
        ([], "`messages` must hold a list of messages with `role` and `content`"),
        (None, "`messages` must hold a list of messages with `role` and `content`"),
        (["hello"], "`messages[0]` is no message with `role` and `content`"),
        ([message("user"), {"role": "assistant"}], "`messages[1]` has no `content`"),
        ([{"from": "gpt", "value": "x"}], "`messages[0]` has no `role`; it has `from` instead"),
        (
            [message("user")],
            "no message in `messages` is of the role `assistant`, so there is nothing to learn",
        ),
    ],
)
def test_messages_must_be_messages(value: object, problem: str | None) -> None:
    found = said(data(), [{"messages": value}])
    assert found == ([] if problem is None else [f"column-wrong-type: `x.jsonl`, row 1: {problem}"])


TURN = [message("user"), message()]


@pytest.mark.parametrize(
    ("fragment", "row"),
    [
        (data(), {"text": "a"}),
        (data(), {"messages": TURN, "text": "a", "prompt": 5}),
        (data(), {"prompt": "a", "completion": "b", "text": None}),
        (data("text_template: '{a}'"), {"a": "x", "messages": 5}),
        ("data: {train: [{path: x.jsonl, format: text, columns: {text: body}}]}", {"body": "a"}),
        ("data: {train: [{path: x.jsonl, columns: {messages: talk}}]}", {"talk": TURN}),
        ("data: {train: [{path: x.jsonl, columns: {text: body}}]}", {"body": "a", "prompt": 5}),
    ],
)
def test_the_format_is_told_by_templates_and_columns(fragment: str, row: dict[str, Any]) -> None:
    assert said(fragment, [row]) == []


def test_a_hub_data_set_is_not_looked_into() -> None:
    assert said("data: {train: [{dataset_name: imdb, columns: {prompt: anything}}]}") == []


def test_rows_are_stratified_by_a_column_of_all_data() -> None:
    check_findings("""
        data:
          train: [{path: data/phrases.jsonl, columns: {prompt: phrase, completion: tone}}]
          stratify_by: tones
          #            ^^^^^ error[stratify-column-not-found]: `data/phrases.jsonl` has no column `tones`; did you mean `tone`?
        """)  # noqa: E501


def labelled(labels: str, template: str = "{tone}") -> list[str]:
    return said(
        "task: classification\n"
        + data(
            "prompt_template: '{phrase}'",
            f"completion_template: '{template}'",
            f"labels: {labels}",
            path="data/phrases.jsonl",
        )
    )


def test_labels_cover_the_data() -> None:
    assert labelled("[polite, rude, formal]") == []


def test_a_label_spelt_otherwise_is_warned_of() -> None:
    assert labelled("[polite, rude, Formal]") == [
        (
            "label-not-in-data: `data/phrases.jsonl` has the completion `formal`, which is no "
            "label; "
            "did you mean `Formal`?"
        )
    ]


def test_labels_are_compared_with_the_rendered_completions() -> None:
    assert labelled("[tone polite, tone rude, tone formal]", "tone {tone}") == []
