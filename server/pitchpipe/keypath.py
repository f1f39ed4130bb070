"""Paths to values: `("data", "train", 0, "path")`, written `data.train[0].path`."""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias, cast

KeyPath: TypeAlias = "tuple[str | int, ...]"

# Any key that isn't empty and holds none of these can stand as it is.
_BARE = re.compile(r"[^\s.\[\]\"'\x00-\x1f\x7f]+")
_INDEX = re.compile(r"\[(0|[1-9][0-9]{0,17})\]")
_QUOTED = re.compile(r'\[("(?:[^"\\]|\\.)*")\]', re.DOTALL)


def dotted(path: KeyPath) -> str:
    """The path as people write it; keys with dots, brackets, quotes or spaces as `["a.b"]`."""
    parts: list[str] = []
    for element in path:
        if isinstance(element, int):
            parts.append(f"[{element}]")
        elif _BARE.fullmatch(element):
            parts.append(f".{element}" if parts else element)
        else:
            parts.append(f"[{json.dumps(element, ensure_ascii=False)}]")
    return "".join(parts)


def value_at(data: Any, path: KeyPath) -> Any:
    """What lies at a path of plain values, where it is known that something does."""
    for step in path:
        data = data[step]
    return data


def found_at(data: Any, path: KeyPath) -> Any:
    """What lies at a path of plain values; None where nothing does."""
    found = data
    for step in path:
        if isinstance(step, str):
            found = cast(Any, found).get(step) if isinstance(found, dict) else None
        else:
            items = cast("list[Any]", found) if isinstance(found, list) else []
            found = items[step] if step < len(items) else None
    return found


def as_path(path: str | KeyPath) -> KeyPath:
    """A path that may have been written dotted."""
    return parse_dotted(path) if isinstance(path, str) else path


def parse_dotted(text: str) -> KeyPath:
    """The path that `dotted` wrote; "" is the root. Raises ValueError that says what is wrong."""
    path: list[str | int] = []
    at = 0
    while at < len(text):
        if text[at] == "[":
            element, at = _bracketed(text, at)
        else:
            if path:
                if text[at] != ".":
                    raise ValueError(f"`.` or `[` is missing before `{text[at:]}` in `{text}`")
                at += 1
            match = _BARE.match(text, at)
            if match is None:
                raise ValueError(_no_key(text, at))
            element, at = match.group(), match.end()
        path.append(element)
    return tuple(path)


def _bracketed(text: str, at: int) -> tuple[str | int, int]:
    if match := _INDEX.match(text, at):
        return int(match[1]), match.end()
    if match := _QUOTED.match(text, at):
        try:
            return json.loads(match[1], strict=False), match.end()
        except ValueError:
            raise ValueError(f"`{match[1]}` in `{text}` holds an unknown escape") from None
    raise ValueError(
        f'`{text[at:]}` in `{text}` is neither an index such as `[0]` nor a key such as `["a b"]`'
    )


def _no_key(text: str, at: int) -> str:
    if at == len(text):
        return f"a key is missing at the end of `{text}`"
    return f"a key is missing before `{text[at:]}` in `{text}`"
