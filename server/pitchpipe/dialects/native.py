"""The native format.

Its keys are the workflow's fields, so lowering follows the dataclasses and the schema alone. A
foreign file is read as native values first (`lowered`), so it goes the same way, but without nodes.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections import abc
from functools import cache
from typing import Any, cast

from pitchpipe.keypath import KeyPath
from pitchpipe.reading import Reading, first_of
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Data, Entry, Mapping, Node, Sequence
from pitchpipe.workflow import Listed, Missing, Present, Workflow, Wrong


def lower(reading: Reading) -> Workflow:
    """The workflow that a document means.

    Settings that break the schema come out as `Wrong`.
    """
    first = reading.key_span(())
    root = None if _is_foreign(reading) else reading.document.root
    return cast(Workflow, _section(Workflow, reading.data, root, first, reading, ()))


def _section(
    kind: type, data: Data, node: Node | None, here: Span, reading: Reading, path: KeyPath
) -> Any:
    """A section; unwritten, its fields are missing; of the wrong shape, they are wrong.

    `node` is where the document writes it, None where the command line does or nobody; `here` is
    its key, or that of the nearest section that is written.
    """
    entries = _entries(reading, node)
    fields: dict[str, Any] = {}
    for name, hint, is_section in _fields(kind):
        if hint is Span:
            fields[name] = here
            continue
        entry = entries.get(name)
        if is_section:
            inner = data.get(name) if isinstance(data, dict) else data
            below, key = (entry.value, entry.key.span) if entry else (None, here)
            if _is_foreign(reading):
                key = reading.key_span((*path, name))
            fields[name] = _section(hint, inner, below, key, reading, (*path, name))
        else:
            fields[name] = _setting(hint, data, entry, here, reading, (*path, name))
    return kind(**fields)


def _is_foreign(reading: Reading) -> bool:
    return reading.written is not reading


def _entries(reading: Reading, node: Node | None) -> dict[str, Entry]:
    """The entries of a section by their keys; of duplicates the last one with a colon."""
    document = reading.document
    mapping = node and document.resolved(node)
    if not isinstance(mapping, Mapping):
        return {}
    found: dict[str, Entry] = {}
    for entry in document.entries(mapping):
        before = found.get(entry.key.raw)
        if before is None or (entry.colon, entry.span) > (before.colon, before.span):
            found[entry.key.raw] = entry
    return found


def _setting(
    kind: Any, section: Data, entry: Entry | None, here: Span, reading: Reading, path: KeyPath
) -> object:
    name = cast(str, path[-1])
    if isinstance(section, dict) and name in section:
        value = section[name]
        if entry is None:
            span, key = reading.value_span(path), here
            if _is_foreign(reading):
                key = reading.key_span(path)
        else:
            span, key = entry.value.span, entry.key.span
        if (item := _listed_section(kind)) and isinstance(value, list) and value:
            return Present(_listed(item, value, entry, key, reading, path), span, key, path)
        if reading.wrong(path):
            return Wrong(span, path)
        return Present(_fitted(kind, value), span, key, path)
    if section is None or isinstance(section, dict):
        if _is_foreign(reading) and reading.wrong(path):
            return Wrong(reading.value_span(path), path)
        return Missing(here, path)
    return Wrong(reading.value_span(path[:-1]), path)


def _listed(
    kind: type, value: list[Data], entry: Entry | None, key: Span, reading: Reading, path: KeyPath
) -> Listed[Any]:
    nodes = _items(reading, entry)

    def section(index: int) -> Any:
        node = nodes[index] if index < len(nodes) else None
        here = key if node is None else first_of(node)
        if _is_foreign(reading):
            here = reading.key_span((*path, index))
        return _section(kind, value[index], node, here, reading, (*path, index))

    return Listed(len(value), section)


def _items(reading: Reading, entry: Entry | None) -> tuple[Node, ...]:
    node = entry and reading.document.resolved(entry.value)
    return node.items if isinstance(node, Sequence) else ()


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
def _fields(kind: type) -> list[tuple[str, Any, bool]]:
    """The fields of a section: name, `T` of `Setting[T]` or the section, and whether it is one."""
    found: list[tuple[str, Any, bool]] = []
    for name, hint in typing.get_type_hints(kind).items():
        if hint is Span or dataclasses.is_dataclass(hint):
            found.append((name, hint, hint is not Span))
        else:
            present = typing.get_args(hint)[0]
            found.append((name, typing.get_args(present)[0], False))
    return found


@cache
def _listed_section(kind: Any) -> type | None:
    """`S` of `Sequence[S]`, which is a list of sections."""
    if typing.get_origin(kind) is not abc.Sequence:
        return None
    return cast(type, typing.get_args(kind)[0])
