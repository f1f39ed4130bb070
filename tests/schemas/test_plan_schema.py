from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import pitchpipe_schemas
from pitchpipe.plan import PlanError, from_json, to_json
from support.analysis import analysis, whole
from support.golden import check_golden
from support.plan_schema import generated

FILE = Path(pitchpipe_schemas.__file__).parent / "plan.schema.json"
VALID = Draft202012Validator(generated())


def plan() -> dict[str, Any]:
    return to_json(analysis(whole("method: {target_modules: [q_proj]}\n")).plan())


def test_the_schema_follows_the_dataclasses() -> None:
    check_golden(FILE, json.dumps(generated(), indent=2, ensure_ascii=False) + "\n")


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(pitchpipe_schemas.load("plan"))


def test_a_plan_is_valid_and_comes_back_as_it_was() -> None:
    data = json.loads(json.dumps(plan()))
    assert not list(VALID.iter_errors(data))
    assert to_json(from_json(data)) == data


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "this plan has version 2; this Pitchpipe reads version 1"),
        ({"extra": 1}, "`the plan` has the unknown key `extra`"),
        ({"smoke": "no"}, "`smoke` in the plan is 'no', which is not of the right type"),
        ({"compute": {"device": "cpu"}}, "`compute` lacks `threads`"),
        ({"compute": []}, "`compute` must be an object"),
        ({"fingerprints": {"a": {"sha256": 5, "size": 5}}}, "`fingerprints.a.sha256` in the plan"),
    ],
)
def test_reader_and_schema_refuse_the_same(change: dict[str, Any], message: str) -> None:
    data = {**plan(), **change}
    assert list(VALID.iter_errors(data))
    with pytest.raises(PlanError) as raised:
        from_json(data)
    assert str(raised.value).startswith(message)
