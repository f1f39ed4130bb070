"""How messages name keys, types and values."""

from __future__ import annotations

import json
from typing import Any, cast

from pitchpipe.facts import json_type
from pitchpipe.keypath import KeyPath, dotted
from pitchpipe.schema import Schema
from pitchpipe.syntax.nodes import Data

_LONGEST = 40  # characters of a value that a message shows

TYPES = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "array": "a list",
    "object": "a mapping of keys",
}


def key(path: KeyPath) -> str:
    """The value in a message: its key; for a list item, its path from the nearest key on."""
    names = [i for i, step in enumerate(path) if isinstance(step, str)]
    return f"`{dotted(path[names[-1] :])}`" if names else "a workflow"


def shown(value: Data) -> str:
    """The value as a message names it."""
    if isinstance(value, str):
        short = value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…"
        return f"the string `{short}`" if short.strip() and "\n" not in short else "a string"
    if isinstance(value, (list, dict)):
        return TYPES[json_type(value)]
    text = "null" if value is None else json.dumps(value)
    return f"`{text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…'}`"


def bare(value: Data) -> str:
    """The value where it is clear that it is a string."""
    return shown(value).removeprefix("the string ")


def flow(value: Any) -> str:
    """A value as YAML would have it on one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(flow, cast('list[Any]', value)))}]"
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value).items()
        return "{" + ", ".join(f"{k}: {flow(v)}" for k, v in pairs) + "}"
    return value if isinstance(value, str) else json.dumps(value)


def example(schema: Schema, path: KeyPath) -> str | None:
    """How the value at `path` could be written; None where the schema has no example."""
    rule = schema.at(path) or {}
    if examples := rule.get("examples"):
        return flow(examples[-1])
    needed = {key: example(schema, (*path, key)) for key in schema.required(path)}
    if not needed or None in needed.values():
        return None
    return "{" + ", ".join(f"{key}: {value}" for key, value in needed.items()) + "}"
