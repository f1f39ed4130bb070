"""The native format.

Its keys are the workflow's fields, so lowering follows the dataclasses and the schema alone.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from functools import cache
from typing import Any, cast

from pitchpipe.keypath import KeyPath
from pitchpipe.reading import Reading
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Data
from pitchpipe.workflow import Missing, Present, Workflow, Wrong


def lower(reading: Reading) -> Workflow:
    """The workflow that a native document means.

    Settings that break the schema come out as `Wrong`.
    """
    return cast(Workflow, _section(Workflow, reading.data, reading, ()))


def _section(kind: type, data: Data, reading: Reading, path: KeyPath) -> Any:
    """A section; unwritten, its fields are missing; of the wrong shape, they are wrong."""
    fields: dict[str, Any] = {}
    for name, hint in _hints(kind).items():
        if hint is Span:
            fields[name] = reading.key_span(path)
        elif dataclasses.is_dataclass(hint):
            inner = data.get(name) if isinstance(data, dict) else data
            fields[name] = _section(cast(type, hint), inner, reading, (*path, name))
        else:
            fields[name] = _setting(_held(hint), data, reading, (*path, name))
    return kind(**fields)


def _setting(kind: Any, section: Data, reading: Reading, path: KeyPath) -> object:
    name = cast(str, path[-1])
    if isinstance(section, dict) and name in section:
        value, span, key = section[name], reading.value_span(path), reading.key_span(path)
        if (item := _listed_section(kind)) and isinstance(value, list) and value:
            sections = [_section(item, v, reading, (*path, i)) for i, v in enumerate(value)]
            return Present(tuple(sections), span, key, path)
        if reading.wrong(path):
            return Wrong(span, path)
        return Present(_fitted(kind, value), span, key, path)
    if section is None or isinstance(section, dict):
        return Missing(reading.key_span(path[:-1]), path)
    return Wrong(reading.value_span(path[:-1]), path)


def _fitted(kind: Any, value: Data) -> object:
    """A value that the schema let pass, with tuples for lists and floats for numbers."""
    kinds = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        _, held = typing.get_args(kind)  # of dict[str, held]
        return {name: _fitted(held, inner) for name, inner in value.items()}
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if float in kinds else int(value)
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _held(setting: Any) -> Any:
    """`T` of `Setting[T]`."""
    present = typing.get_args(setting)[0]
    return typing.get_args(present)[0]


def _listed_section(kind: Any) -> type | None:
    """`S` of `tuple[S, ...]` where `S` is a section."""
    if typing.get_origin(kind) is not tuple:
        return None
    item = typing.get_args(kind)[0]
    return cast(type, item) if dataclasses.is_dataclass(item) else None
