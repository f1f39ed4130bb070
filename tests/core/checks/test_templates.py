from __future__ import annotations

import pytest

from support.analysis import analysis, check_findings, check_fixed, whole
from support.facts import PHRASES, WORLD, World


def data(template: str, *more: str) -> str:
    lines = "".join(f"  {line}\n" for line in more)
    return (
        f"data:\n  train: [{{path: data/phrases.jsonl}}]\n  prompt_template: {template}\n"
        f'  completion_template: "{{tone}}"\n{lines}'
    )


def said(fragment: str, facts: World = WORLD) -> list[str]:
    return [f"{f.code}: {f.message}" for f in analysis(whole(fragment), facts).findings]


def marked_text(fragment: str) -> list[str]:
    text = whole(fragment)
    return [text[f.span.start : f.span.end] for f in analysis(text).findings]


def test_the_very_field_is_marked() -> None:
    check_findings("""
        data:
          train:
            - path: data/phrases.jsonl
          prompt_template: "Which tone has {frase}?"
          #                                ^^^^^^^ error[template-unknown-column]: `data/phrases.jsonl` has no column `frase`; did you mean `phrase`?
          completion_template: "{tone}"
        """)  # noqa: E501


@pytest.mark.parametrize(
    ("written", "mark"),
    [
        ('"é {frase}"', "{frase}"),
        ("'{frase}'", "{frase}"),
        ("Tone of {frase}", "{frase}"),
        ('"a\\n{frase}"', '"a\\n{frase}"'),
        ("'it''s {frase}'", "'it''s {frase}'"),
        ("|\n    Tone of {frase}", None),
        (">\n    Tone of {frase}", None),
        ("Tone\n    of {frase}", "Tone\n    of {frase}"),
    ],
)
def test_only_what_stands_there_letter_by_letter_is_marked(written: str, mark: str | None) -> None:
    (found,) = marked_text(data(written))
    assert found == mark if mark else found.rstrip().endswith("{frase}")
    assert said(data(written)) == [
        (
            "template-unknown-column: `data/phrases.jsonl` has no column `frase`; "
            "did you mean `phrase`?"
        )
    ]


def test_the_field_is_renamed_and_nothing_else() -> None:
    check_fixed(data('"{tone}: { frase }"'), 'prompt_template: "{tone}: {phrase}"')


def test_each_wrong_field_is_marked() -> None:
    assert marked_text(data('"{frase} {phrase} {toon}"')) == ["{frase}", "{toon}"]


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("'Tone: {phrase'", "`{` is not closed; write `{{` for a literal brace"),
        ("'Tone: phrase}'", "`}` closes nothing; write `}}` for a literal brace"),
        (
            "'Tone: {}'",
            "`{}` is empty; name a column between them, or write `{{}}` for literal braces",
        ),
    ],
)
def test_braces_must_pair(template: str, message: str) -> None:
    assert said(data(template)) == [f"template-syntax: {message}"]


def test_json_in_a_template_is_told_about_braces() -> None:
    assert said(data("""'{"tone": 1} {phrase}'""")) == [
        (
            'template-unknown-column: `data/phrases.jsonl` has no column `"tone": 1`; '
            "it has `phrase` and `tone`; `{{` and `}}` are literal braces"
        )
    ]


def test_literal_braces_are_no_columns() -> None:
    assert said(data("'{{frase}} {phrase}'")) == []


def test_of_several_files_the_one_without_the_column_is_named() -> None:
    world = World({**WORLD.files, "b.csv": [{"phrase": "x", "mood": "y"}]}, WORLD.models)
    fragment = """
        data:
          train: [{path: data/phrases.jsonl}, {path: b.csv}]
          prompt_template: "{phrase}"
          completion_template: "{tone}"
        """
    assert said(fragment, world) == [
        "template-unknown-column: `b.csv` has no column `tone`; it has `phrase` and `mood`"
    ]


def test_a_template_of_another_format_is_not_looked_at() -> None:
    fragment = """
        data:
          train:
            - {path: data/phrases.jsonl, columns: {completion: tone}}
            - {path: data/chats.jsonl, format: messages}
          prompt_template: "{phrase}"
        """
    assert said(fragment) == []


def test_a_gap_in_a_column_is_found_at_the_field() -> None:
    check_findings("""
        data:
          train: [{path: data/gaps.jsonl}]
          prompt_template: "Tone of {phrase}?"
          #                         ^^^^^^^^ error[template-empty-cell]: `data/gaps.jsonl`, row 4: `phrase` has no value
          completion_template: "{tone}"
        """)  # noqa: E501


def test_a_row_may_lack_a_column_altogether() -> None:
    world = World({"data/phrases.jsonl": [*PHRASES, {"tone": "rude"}]}, WORLD.models)
    assert said(data('"{phrase}"'), world) == [
        "template-empty-cell: `data/phrases.jsonl`, row 4: `phrase` has no value"
    ]
