"""The workflow's schema is whole in itself, and agrees with `workflow.py` and `plan.py`."""

from __future__ import annotations

import dataclasses
import functools
import operator
import types
import typing
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import pitchpipe_schemas
from pitchpipe import plan, workflow
from pitchpipe.keypath import KeyPath, dotted
from pitchpipe.schema import Rule, Schema
from support.analysis import analysis, whole

ROOT = pitchpipe_schemas.load("workflow")
SCHEMA = Schema(ROOT)


def rules(path: KeyPath = ()) -> Iterator[tuple[KeyPath, Rule]]:
    """Every key of the schema, sources and their columns under `data.train[0]`."""
    for key in SCHEMA.keys(path):
        inner = (*path, key)
        rule = SCHEMA.at(inner)
        assert rule is not None
        yield inner, rule
        yield from rules(inner)
        if rule.get("items") and SCHEMA.keys((*inner, 0)):
            yield from rules((*inner, 0))


RULES = list(rules())
LEAVES = [(path, rule) for path, rule in RULES if "properties" not in rule]
SETTINGS = [(path, rule) for path, rule in LEAVES if not SCHEMA.keys((*path, 0))]


def each(found: list[tuple[KeyPath, Rule]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("path", "rule"), found, ids=[dotted(p) for p, _ in found])


RULE = each(RULES)
LEAF = each(LEAVES)
SETTING = each(SETTINGS)
"""Leaves, but for the lists of sources."""


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(ROOT)


@RULE
def test_each_key_says_what_it_does(path: KeyPath, rule: Rule) -> None:
    said = rule.get("description", "")
    assert said.strip() == said
    assert said.endswith((".", ")")), "a description is a sentence or more"


@LEAF
def test_each_key_has_a_default_or_is_needed(path: KeyPath, rule: Rule) -> None:
    optional = path[-2:-1] == ("columns",) or path[-1] in {"path", "dataset_name"}
    assert "default" in rule or path[-1] in SCHEMA.required(path[:-1]) or optional


@LEAF
def test_each_example_and_default_is_valid(path: KeyPath, rule: Rule) -> None:
    assert rule.get("examples"), "give it an example"
    validator = Draft202012Validator({**rule, "$defs": ROOT["$defs"]})
    for value in [*rule["examples"], *([rule["default"]] if "default" in rule else [])]:
        assert not list(validator.iter_errors(value)), value


@LEAF
def test_a_default_is_of_the_type_that_comes_first(path: KeyPath, rule: Rule) -> None:
    types_ = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
    assert "null" not in types_ or types_[-1] == "null"


@RULE
def test_an_alias_is_no_key_and_stands_for_one_key_alone(path: KeyPath, rule: Rule) -> None:
    siblings = SCHEMA.keys(path[:-1])
    for alias in rule.get("x-aliases", ()):
        assert alias not in siblings
        named = [
            k for k in siblings if alias in (SCHEMA.at((*path[:-1], k)) or {}).get("x-aliases", ())
        ]
        assert named == [path[-1]], f"{alias} stands for {named}"


@RULE
def test_an_aliased_word_stands_for_an_allowed_one(path: KeyPath, rule: Rule) -> None:
    allowed = rule.get("enum") or rule.get("then", {}).get("enum", ())
    assert set(rule.get("x-value-aliases", {}).values()) <= set(allowed)
    assert not set(rule.get("x-value-aliases", {})) & set(allowed)


UNITS = {"per_device", "_steps", "max_length", "_rows", "size", "epochs", "threads", "_tokens"}


@LEAF
def test_a_number_that_counts_something_says_what(path: KeyPath, rule: Rule) -> None:
    number = rule["type"] in ("integer", "number", ["integer", "null"])
    if number and any(unit in str(path[-1]) for unit in UNITS):
        assert rule.get("x-unit")


# What ties the three descriptions of a workflow: keys, types, defaults.

HINT = (
    "`{path}` differs: edit schemas/pitchpipe_schemas/workflow.schema.json, "
    "server/pitchpipe/workflow.py and server/pitchpipe/plan.py together"
)


def fields(kind: type, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """The settings of a section of `workflow.py`, each with the type that it holds."""
    for name, hint in typing.get_type_hints(kind).items():
        inner = (*path, name)
        if dataclasses.is_dataclass(hint):
            yield from fields(typing.cast(type, hint), inner)
        elif typing.get_origin(hint) is typing.Union:
            held = typing.get_args(typing.get_args(hint)[0])[0]
            listed = typing.get_origin(held) in (tuple, Sequence)
            item = typing.get_args(held)[0] if listed else None
            if dataclasses.is_dataclass(item):
                yield from fields(typing.cast(type, item), (*inner, 0))
            else:
                yield inner, held


def python_types(rule: Rule) -> set[Any]:
    """What Python holds of the JSON types of a rule."""
    kinds: dict[str, Any] = {
        "string": str,
        "integer": int,
        "number": float,
        "boolean": bool,
        "null": type(None),
    }
    if "array" in rule["type"]:
        item = kinds[rule["items"].get("type", "string")]
        kinds["array"] = tuple.__class_getitem__((item, ...))
    if "object" in rule["type"]:
        said = rule["additionalProperties"]["type"]
        items = [kinds[kind] for kind in ([said] if isinstance(said, str) else said)]
        kinds["object"] = dict.__class_getitem__((str, functools.reduce(operator.or_, items)))
    named = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
    return {kinds[name] for name in named}


def held_types(hint: Any) -> set[Any]:
    return set(typing.get_args(hint)) if isinstance(hint, types.UnionType) else {hint}


WORKFLOW = dict(fields(workflow.Workflow))


@SETTING
def test_the_workflow_has_the_schemas_keys_and_types(path: KeyPath, rule: Rule) -> None:
    assert path in WORKFLOW, HINT.format(path=dotted(path))
    assert held_types(WORKFLOW[path]) == python_types(rule), HINT.format(path=dotted(path))


def test_the_workflow_has_no_other_keys() -> None:
    known = {path for path, _ in RULES}
    extra = [dotted(path) for path in WORKFLOW if path not in known]
    assert not extra, HINT.format(path=extra[0])


def plan_fields(kind: type, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    for name, hint in typing.get_type_hints(kind).items():
        inner = (*path, name)
        item = typing.get_args(hint)[0] if typing.get_origin(hint) is tuple else hint
        if dataclasses.is_dataclass(item):
            step = (0,) if item is not hint else ()
            yield from plan_fields(typing.cast(type, item), (*inner, *step))
        else:
            yield inner, hint


PLAN = dict(plan_fields(plan.Plan))
OF_THE_PLAN_ALONE = {
    *("pitchpipe", "root", "workflow", "workflow_sha256", "smoke", "origins", "fingerprints"),
    "model.local",
}
"""What a plan says beyond the workflow's keys."""

RESOLVED: dict[KeyPath, Any] = {
    ("name",): str,
    ("path",): str | None,
    ("dataset_name",): str | None,
    ("evaluate", "metrics"): tuple[str, ...],
    ("export", "precision"): tuple[str, ...],
}
"""Where a plan holds another type than the workflow, because it has decided something.

Keys of a source stand for themselves.
"""


@SETTING
def test_the_plan_has_the_schemas_keys_and_types(path: KeyPath, rule: Rule) -> None:
    if "columns" in path:
        assert PLAN["data", "train", 0, "columns"] == dict[str, str]
        return
    assert path in PLAN, HINT.format(path=dotted(path))
    decided = RESOLVED.get(path[3:] if 0 in path else path, WORKFLOW[path])
    assert held_types(PLAN[path]) == held_types(decided), HINT.format(path=dotted(path))


def test_the_plan_has_no_other_keys() -> None:
    known = {path for path, _ in RULES}
    extra = {dotted(path) for path in PLAN if path not in known}
    assert extra == OF_THE_PLAN_ALONE, HINT.format(path=extra ^ OF_THE_PLAN_ALONE)


def leaf(data: Any, path: KeyPath) -> Any:
    for step in path:
        data = data[step]
    return data


SMALLEST = plan.to_json(analysis(whole("")).plan())
DECIDED = {"name", "evaluate.metrics", "export.precision", "data.train[0].format"}


@LEAF
def test_an_absent_key_comes_out_of_the_plan_as_its_default(path: KeyPath, rule: Rule) -> None:
    written = {"model.name_or_path", "data.train[0].path", "data.train"}
    name = dotted(path)
    if name in DECIDED | written or "columns" in path or path[1:2] in {("eval",), ("test",)}:
        return
    assert leaf(SMALLEST, path) == rule.get("default")
    assert SMALLEST["origins"][name] == {
        "kind": "default",
        **dict.fromkeys(("line", "column", "end_line", "end_column", "text")),
    }


def test_each_leaf_of_the_plan_has_an_origin() -> None:
    leaves = {dotted(p) for p in PLAN if p[1:2] not in {("eval",), ("test",)}} - OF_THE_PLAN_ALONE
    assert set(SMALLEST["origins"]) == leaves | {"data.eval", "data.test"}
