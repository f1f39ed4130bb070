"""The JSON Schema of `plan.json`, made from the dataclasses that read and write it."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import types
import typing
from typing import Any, Literal

from pitchpipe import plan


def generated() -> dict[str, Any]:
    """Draft 2020-12; one definition for each dataclass, described by its docstring."""
    kinds = [k for k in vars(plan).values() if isinstance(k, type) and dataclasses.is_dataclass(k)]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://pitchpipe.dev/schemas/plan-{plan.PLAN_VERSION}.json",
        "title": f"Pitchpipe plan, version {plan.PLAN_VERSION}",
        "description": _said(ast.get_docstring(ast.parse(inspect.getsource(plan))) or ""),
        "$ref": "#/$defs/Plan",
        "$defs": {kind.__name__: _object(kind) for kind in kinds},
    }


def _object(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    properties = {name: _type(hint) for name, hint in hints.items()}
    if kind is plan.Plan:
        properties["version"] = {"const": plan.PLAN_VERSION}
    written = inspect.cleandoc(kind.__doc__ or "")
    described = {} if written.startswith(f"{kind.__name__}(") else {"description": _said(written)}
    return {
        "type": "object",
        **described,
        "additionalProperties": False,
        "required": list(hints),
        "properties": properties,
    }


def _type(hint: Any) -> dict[str, Any]:
    plain = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    if hint in plain:
        return {"type": plain[hint]}
    if dataclasses.is_dataclass(hint):
        return {"$ref": f"#/$defs/{typing.cast(type, hint).__name__}"}
    arguments = typing.get_args(hint)
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return _union([_type(a) for a in arguments])
    if typing.get_origin(hint) is tuple:
        return {"type": "array", "items": _type(arguments[0])}
    if typing.get_origin(hint) is dict:
        return {"type": "object", "additionalProperties": _type(arguments[1])}
    if typing.get_origin(hint) is Literal:
        return {"enum": list(arguments)}
    raise TypeError(f"say in tests/support/plan_schema.py what {hint} is in JSON Schema")


def _union(parts: list[dict[str, Any]]) -> dict[str, Any]:
    if all(set(part) == {"type"} for part in parts):
        return {"type": [part["type"] for part in parts]}
    return {"anyOf": parts}


def _said(docstring: str) -> str:
    """A docstring as prose: lines joined, paragraphs kept."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in docstring.split("\n\n"))
