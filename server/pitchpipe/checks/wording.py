"""How messages name keys, types and values."""

from __future__ import annotations

import json
import re
from typing import Any, cast

from pitchpipe.facts import TableFact, json_type
from pitchpipe.keypath import KeyPath, dotted
from pitchpipe.schema import Schema
from pitchpipe.suggest import all_of, nearest
from pitchpipe.syntax.nodes import Data
from pitchpipe.syntax.scalars import resolve

_PLAIN = re.compile(r"(?!-(?: |$))[\w./-]+( [\w./-]+)*")
_SEPARATORS = {";": "semicolons", "\t": "tabs", ",": "commas", "|": "bars"}
_LONGEST = 40  # characters of a value that a message shows
_MANY = 12  # columns that a message lists

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
    if isinstance(value, str) and _PLAIN.fullmatch(value) and resolve(value) == value:
        return value
    return json.dumps(value, ensure_ascii=False)


def example(schema: Schema, path: KeyPath) -> str | None:
    """How the value at `path` could be written; None where the schema has no example."""
    rule = schema.at(path) or {}
    if examples := rule.get("examples"):
        return flow(examples[-1])
    needed = {key: example(schema, (*path, key)) for key in schema.required(path)}
    if not needed or None in needed.values():
        return None
    return "{" + ", ".join(f"{key}: {value}" for key, value in needed.items()) + "}"


def columns_there(table: TableFact) -> str:
    """Behind "no column …": the columns that there are, or why there is but one."""
    if separator := _other_separator(table):
        wanted = "tabs" if table.format == "tsv" else "commas"
        return f": its fields are parted by {separator}, not by {wanted}"
    names = [c.name for c in table.columns]
    if len(names) <= _MANY:
        return f"; it has {all_of(names)}"
    listed = ", ".join(f"`{n}`" for n in names[:_MANY])
    return f"; it has {listed} and {len(names) - _MANY} more"


def is_otherwise_separated(table: TableFact) -> bool:
    """Whether the fields of a CSV or TSV file are not parted as they should be."""
    return _other_separator(table) is not None


def near_column(name: str, table: TableFact) -> str | None:
    """The column that `name` may stand for; None where there is none like it."""
    return None if _other_separator(table) else nearest(name, [c.name for c in table.columns])


def _other_separator(table: TableFact) -> str | None:
    """What parts the fields of a CSV or TSV file that seems to have a single column."""
    if table.format not in {"csv", "tsv"} or len(table.columns) != 1:
        return None
    found = (called for mark, called in _SEPARATORS.items() if mark in table.columns[0].name)
    return next(found, None)
