from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pitchpipe.findings import Severity
from pitchpipe.keypath import KeyPath, dotted, parse_dotted
from pitchpipe.schema import Violation
from support.analysis import SCHEMA, analysis
from support.facts import WORLD

VALIDATOR = Draft202012Validator(SCHEMA.root)

STRUCTURAL = {"unknown-key", "missing-required", "wrong-type", "out-of-range", "invalid-value"}


def test_a_path_leads_through_references_and_lists() -> None:
    rule = SCHEMA.at(("data", "train", 7, "columns", "prompt"))
    assert rule is not None
    assert rule["type"] == "string"
    assert SCHEMA.at(("data", "trian")) is None
    assert SCHEMA.at(("task", "deeper")) is None
    assert SCHEMA.at(("task", 0)) is None


def test_a_section_knows_its_keys_and_needs() -> None:
    assert SCHEMA.keys(("compute",)) == ("device", "threads", "target")
    assert SCHEMA.keys(("data", "train", 0, "columns"))[0] == "prompt"
    assert SCHEMA.keys(("nowhere",)) == ()
    assert SCHEMA.required(()) == ("model", "data")
    assert SCHEMA.default(("training", "seed")) == 42
    assert SCHEMA.default(("model", "name_or_path")) is None


def test_the_places_of_a_name() -> None:
    assert SCHEMA.owners("device") == [("export", "device"), ("compute", "device")]
    assert SCHEMA.owners("lr") == [("training", "learning_rate")]
    assert SCHEMA.owners("path")[0] == ("data", "train", 0, "path")
    assert SCHEMA.owners("zebra") == []
    assert {"model", "lora_alpha", "split", "completion"} <= set(SCHEMA.names())


def test_leaves_come_in_the_order_of_the_schema() -> None:
    leaves = list(SCHEMA.leaves())
    assert leaves[:4] == [("version",), ("name",), ("task",), ("model", "name_or_path")]
    assert ("model",) not in leaves


@pytest.mark.parametrize(
    ("data", "violations"),
    [
        ({"model": {}, "data": {"train": [{}]}}, {("model.name_or_path", "required")}),
        (
            {"model": {"name_or_path": 5, "x": 1}, "data": {"train": [{"y": 1}]}},
            {
                ("model.name_or_path", "type"),
                ("model.x", "additionalProperties"),
                ("data.train[0].y", "additionalProperties"),
            },
        ),
        ({"model": 5, "data": None}, {("model", "type"), ("data", "type")}),
        (5, {("", "type")}),
        (
            {
                "model": {"name_or_path": "a"},
                "data": {"train": [{}]},
                "export": {"precision": 5},
                "training": {"learning_rate": float("nan"), "max_grad_norm": float("inf")},
                "method": {"lora_alpha": 10**400},
            },
            {
                ("export.precision", "type"),
                ("training.learning_rate", "finite"),
                ("training.max_grad_norm", "finite"),
                ("method.lora_alpha", "finite"),
            },
        ),
    ],
)
def test_each_violation_names_its_key(data: Any, violations: set[tuple[str, str]]) -> None:
    assert {(dotted(v.path), v.keyword) for v in SCHEMA.violations(data)} == violations


def test_a_violation_says_what_was_expected_and_found() -> None:
    data = {"model": {"name_or_path": "a"}, "data": {"train": [{}]}, "task": "x"}
    assert SCHEMA.violations(data) == [
        Violation(("task",), "enum", ["text-generation", "classification"], "x")
    ]


# Workflows with anything in them: our errors are those that jsonschema has, neither more nor fewer.

VALID: dict[str, Any] = {
    "task": "classification",
    "model": {"name_or_path": "models/tiny", "dtype": "auto"},
    "data": {
        "train": [{"path": "data/pairs.jsonl", "columns": {"prompt": "prompt"}}],
        "labels": ["a", "b"],
        "val_size": 0.1,
    },
    "method": {"r": 8, "target_modules": ["q_proj"]},
    "training": {"learning_rate": 0.1, "max_steps": 5, "gradient_checkpointing": True},
    "evaluate": {"metrics": ["loss"]},
    "export": {"precision": "int4"},
}

words = [
    *("true", "", "int4", "none", "cpu", "loss", "auto", "steps", "a" * 81, "5", "2e-5", "yes"),
    *(w for p in SCHEMA.leaves() for w in (SCHEMA.at(p) or {}).get("enum", ()) if w),
]
keys = st.sampled_from(
    sorted({str(s) for p in SCHEMA.leaves() for s in p} | {"zebra", "lr", "a.b", ""})
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 200)
    | st.floats(-2, 2).map(lambda x: round(x, 3))
    | st.sampled_from(words)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)


def paths(data: Any, path: KeyPath = ()) -> list[KeyPath]:
    inner: list[tuple[str | int, Any]] = []
    if isinstance(data, dict):
        inner = list(data.items())
    elif isinstance(data, list):
        inner = list(enumerate(data))
    return [path, *(found for step, value in inner for found in paths(value, (*path, step)))]


@st.composite
def workflows(draw: st.DrawFn) -> Any:
    """A valid workflow, changed in up to three places: values replaced, removed, added."""
    data: Any = json.loads(json.dumps(VALID))
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(paths(data)))
        if not path:
            continue
        holder = data
        for step in path[:-1]:
            holder = holder[step]
        change = draw(st.sampled_from(["replace", "remove", "add"]))
        if change == "replace":
            holder[path[-1]] = draw(values)
        elif change == "remove":
            del holder[path[-1]]
        elif isinstance(holder, dict):
            holder[draw(keys)] = draw(values)
    return data


@settings(max_examples=300, deadline=None)
@given(workflows())
def test_there_is_an_error_where_jsonschema_has_one_and_nowhere_else(data: Any) -> None:
    text = json.dumps(data)  # JSON is YAML
    found = analysis(text, WORLD).findings
    structural = [f for f in found if f.code in STRUCTURAL]
    assert not [f for f in found if f.code == "yaml-syntax"]
    assert bool(structural) == (not VALIDATOR.is_valid(data)), (structural, text)
    assert all(f.severity is Severity.ERROR for f in structural)


@settings(max_examples=200, deadline=None)
@given(workflows())
def test_each_finding_is_in_the_text_and_names_a_path(data: Any) -> None:
    text = json.dumps(data, indent=1)
    for finding in analysis(text, WORLD).findings:
        assert 0 <= finding.span.start <= finding.span.end <= len(text)
        assert dotted(parse_dotted(finding.path)) == finding.path


@settings(max_examples=200, deadline=None)
@given(workflows())
def test_a_file_without_errors_has_a_plan(data: Any) -> None:
    found = analysis(json.dumps(data), WORLD)
    if not found.has_errors:
        found.plan()


@settings(max_examples=200, deadline=None)
@given(
    workflows(),
    st.integers(0, 600),
    st.integers(0, 20),
    st.sampled_from(["", "\t", "\n", "'", "{", "- ", "&a ", "*a ", ": "]),
)
def test_no_text_is_too_odd(data: Any, at: int, length: int, put: str) -> None:
    text = json.dumps(data, indent=1)
    analysis(text[:at] + put + text[at + length :], WORLD)


@settings(max_examples=300, deadline=None)
@given(workflows())
def test_a_fix_mends_what_it_is_for(data: Any) -> None:
    text = json.dumps(data, indent=1)
    for finding in analysis(text, WORLD).findings:
        if finding.fix:
            edits = sorted(finding.fix.edits, key=lambda e: e.span, reverse=True)
            after = text
            for edit in edits:
                after = after[: edit.span.start] + edit.new_text + after[edit.span.end :]
            again = [(f.code, f.path) for f in analysis(after, WORLD).findings]
            assert (finding.code, finding.path) not in again, (finding, after)
