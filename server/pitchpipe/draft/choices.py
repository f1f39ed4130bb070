"""What a new workflow can be about, in the schema's own words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast

from pitchpipe.keypath import KeyPath
from pitchpipe.schema import Schema

TASK: KeyPath = ("task",)
METHOD: KeyPath = ("method", "type")

_ITEM = re.compile(r"^- `(?P<value>[^`]+)`: (?P<said>.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Choice:
    """`description` is Markdown; "" where the schema says nothing of it."""

    name: str
    description: str


def tasks(schema: Schema) -> tuple[Choice, ...]:
    return _choices(schema, TASK)


def methods(schema: Schema) -> tuple[Choice, ...]:
    return _choices(schema, METHOD)


def said_of(schema: Schema, path: KeyPath, value: object) -> str | None:
    """What the description of the key at `path` says of one of its values, if it lists them."""
    description = str((schema.at(path) or {}).get("description", ""))
    items = _ITEM.finditer(description)
    return next((i["said"] for i in items if i["value"] == value), None)


def _choices(schema: Schema, path: KeyPath) -> tuple[Choice, ...]:
    values = cast("list[Any]", (schema.at(path) or {}).get("enum", []))
    return tuple(Choice(str(v), said_of(schema, path, v) or "") for v in values)
