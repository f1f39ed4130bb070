"""The schemas of other tools' files are sound, and their pages say what becomes of each key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import pitchpipe_schemas
from pitchpipe.dialects.dialect import named
from pitchpipe.dialects.foreign import indexed
from pitchpipe.dialects.recognise import NAMES
from pitchpipe.keypath import KeyPath, dotted
from pitchpipe.schema import Schema
from support.analysis import SCHEMA
from support.golden import check_golden

DOCS = Path(__file__).parents[2] / "docs" / "dialects"
TOOL = pytest.mark.parametrize("tool", NAMES)


def schema(tool: str) -> Schema:
    return Schema(pitchpipe_schemas.dialect(tool))


def keys(tool: str) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    found = schema(tool)
    for path in found.places():
        yield path, found.at(path) or {}


@TOOL
def test_it_is_a_json_schema(tool: str) -> None:
    Draft202012Validator.check_schema(pitchpipe_schemas.dialect(tool))


@TOOL
def test_every_key_says_what_it_is(tool: str) -> None:
    assert [dotted(path) for path, rule in keys(tool) if not rule.get("description")] == []


@TOOL
def test_keys_come_to_keys_that_there_are(tool: str) -> None:
    homes = {rule["x-native"]: path for path, rule in keys(tool) if "x-native" in rule}
    assert [h for h, path in homes.items() if SCHEMA.at(indexed(h, path)) is None] == []


@TOOL
def test_words_are_those_that_the_workflow_has(tool: str) -> None:
    for path, rule in keys(tool):
        if "x-native" in rule and (words := rule.get("x-values")):
            known = (SCHEMA.at(indexed(rule["x-native"], path)) or {}).get("enum")
            assert known is None or set(map(str, words.values())) <= set(map(str, known)), path


@TOOL
def test_the_page_lists_the_keys(tool: str) -> None:
    check_golden(DOCS / f"{tool}.md", _page(tool))


def _page(tool: str) -> str:
    title = named(tool).title
    listed = list(keys(tool))
    taken = sum("x-native" in rule for _, rule in listed)
    return "\n".join([
        f"# {title}",
        "",
        f"What becomes of the keys of {title}'s files: {len(listed)} are known,",
        f"of which {taken} are keys of a workflow under another name.",
        "Where nothing is said, the key is read together with others, or has",
        "no part in what is learnt.",
        "",
        "| key | in a workflow | |",
        "|---|---|---|",
        *(_row(path, rule) for path, rule in listed),
        "",
    ])


def _row(path: KeyPath, rule: dict[str, Any]) -> str:
    home = f"`{rule['x-native']}`" if "x-native" in rule else ""
    said = ""
    if "x-stops" in rule:
        said = f"can't be run: {rule['x-stops']}"
    elif "x-lost" in rule:
        said = f"left out: {rule['x-lost']}"
    elif now := rule.get("x-now"):
        said = f"is called `{now}` now"
    elif rule.get("deprecated"):
        said = "an old key"
    name = dotted(path).replace("[0]", "[]")
    return f"| `{name}` | {home} | {said} |"
