"""Plain values written down as YAML that readers of 1.1 and 1.2 take alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from pitchpipe.checks.wording import flow
from pitchpipe.converting.comments import Comment
from pitchpipe.keypath import KeyPath
from pitchpipe.syntax.nodes import Data
from pitchpipe.syntax.scalars import readable, reader_1_1, resolve


def written(
    data: Mapping[str, Data],
    comments: Mapping[KeyPath, Comment],
    order: Callable[[KeyPath], tuple[str, ...]],
) -> str:
    """The text of `data`; `order` says how the keys of a mapping follow each other.

    Comments of keys that are not there are left out.
    """
    lines = list(_mapping(data, (), 0, comments, order))
    return "\n".join(lines) + "\n" if lines else ""


def _mapping(
    data: Mapping[str, Data],
    path: KeyPath,
    indent: int,
    comments: Mapping[KeyPath, Comment],
    order: Callable[[KeyPath], tuple[str, ...]],
) -> Iterator[str]:
    known = {key: at for at, key in enumerate(order(path))}
    for key in sorted(data, key=lambda key: known.get(key, len(known))):
        inner, value = (*path, key), data[key]
        comment = comments.get(inner, Comment())
        yield from (f"{' ' * indent}{line}" for line in comment.above)
        lead = f"{' ' * indent}{flow(key)}:"
        behind = f"  {comment.behind}" if comment.behind else ""
        if isinstance(value, dict) and value:
            yield lead + behind
            yield from _mapping(value, inner, indent + 2, comments, order)
        elif isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
            yield lead + behind
            yield from _list(value, inner, indent + 2, comments, order)
        else:
            yield f"{lead} {inline(value)}{behind}"


def _list(
    items: list[Data],
    path: KeyPath,
    indent: int,
    comments: Mapping[KeyPath, Comment],
    order: Callable[[KeyPath], tuple[str, ...]],
) -> Iterator[str]:
    for index, item in enumerate(items):
        inner = (*path, index)
        if not isinstance(item, dict) or not item:
            yield f"{' ' * indent}- {inline(item)}"
            continue
        lines = list(_mapping(item, inner, indent + 2, comments, order))
        first = next(at for at, line in enumerate(lines) if not line.lstrip().startswith("#"))
        yield from (line[2:] for line in lines[:first])
        yield f"{' ' * indent}- {lines[first][indent + 2 :]}"
        yield from lines[first + 1 :]


def inline(value: Data) -> str:
    """A value on one line: numbers with a point, texts in quotes where readers differ."""
    if isinstance(value, bool) or value is None:
        return flow(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list):
        return f"[{', '.join(map(inline, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(k)}: {inline(v)}" for k, v in value.items()) + "}"
    text = flow(cast(Any, value))
    plain = isinstance(value, str) and text == value
    if plain and (resolve(text) != value or not isinstance(reader_1_1(text), str)):
        return f'"{text}"'
    return text


def _number(value: float) -> str:
    """`2.0e-05`, which every reader takes for a number."""
    if not math.isfinite(value):
        return {math.inf: ".inf", -math.inf: "-.inf"}.get(value, ".nan")
    return readable(repr(value))
