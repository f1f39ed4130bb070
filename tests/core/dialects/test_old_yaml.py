"""Values as PyYAML has them, which reads YAML 1.1."""

from __future__ import annotations

import pytest
import yaml

from pitchpipe.dialects import old_yaml
from pitchpipe.document import parse
from pitchpipe.schema import Schema

SCHEMA = Schema({
    "type": "object",
    "properties": {
        "count": {"type": ["integer", "null"]},
        "share": {"type": "number"},
        "on": {"type": "boolean"},
        "name": {"type": ["string", "number"]},
        "list": {"type": "array", "items": {"type": "integer"}},
    },
})

ALIKE = [
    "a: yes\nb: off\nc: 'no'\nd: Nope\n",
    "a: 500_000\nb: 010\nc: 0b101\nd: 1:30\ne: -0_1\n",
    "a: [on, {b: No, c: [0777]}]\n",
    "a: !!str yes\nb: |\n  yes\nc: >-\n  010\n",
    "a: &x yes\nb: *x\n<<: {c: off}\n",
    "a: no\na: yes\n",
    "a: 1.5\nb: 0.0002\nc: ~\nd: 08\ne: 12:99x\n",
]


@pytest.mark.parametrize("text", ALIKE)
def test_they_are_what_pyyaml_makes(text: str) -> None:
    assert old_yaml.read(parse(text), SCHEMA).data == yaml.safe_load(text)


def test_numbers_without_a_point_stay_numbers() -> None:
    assert old_yaml.read(parse("a: 2e-5\n"), SCHEMA).data == {"a": 2e-5}


LAX = [
    ('count: "16"', {"count": 16}),
    ("count: '1.5'", {"count": 1.5}),
    ("count: false", {"count": 0}),
    ("count: true", {"count": True}),
    ("count: many", {"count": "many"}),
    ('share: "2e-4"', {"share": 0.0002}),
    ('share: " 3 "', {"share": 3}),
    ('on: "yes"', {"on": True}),
    ('on: "maybe"', {"on": "maybe"}),
    ('name: "16"', {"name": "16"}),
    ('list: ["1", 2]', {"list": [1, 2]}),
    ('unknown: "1"', {"unknown": "1"}),
]


@pytest.mark.parametrize(("text", "expected"), LAX)
def test_strings_become_what_is_wanted_where_the_tool_does_so(text: str, expected: object) -> None:
    assert old_yaml.read(parse(text), SCHEMA, lax=True).data == expected


def test_deep_files_are_left_as_they_are() -> None:
    text = "a: " + "[" * 200 + "yes" + "]" * 200
    assert old_yaml.read(parse(text), SCHEMA, lax=True).data is not None
