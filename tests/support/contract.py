"""Holds what the server answers to the types that the VS Code extension states in TypeScript."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

PROTOCOL = Path(__file__).parents[2] / "vscode-extension" / "src" / "api" / "protocol.ts"

_TOKEN = re.compile(r'\s*("[^"]*"|[A-Za-z_]\w*|\[\]|[{}()\[\]<>|&?:;,=])')
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_DECLARED = re.compile(r"export (?:interface|type) (\w+)(?: =)?\s*")

Complaint = str | None
Check = Callable[[Any, str], Complaint]
"""A value and where it stands → what is wrong with it; None where it is of the type."""


def complaint(value: object, name: str) -> Complaint:
    """What is wrong with `value` as the type `name` of protocol.ts; None where nothing is.

    Keys that the type does not have are wrong, too.
    """
    return _types()[name](value, name)


@cache
def _types() -> dict[str, Check]:
    text = _COMMENT.sub("", PROTOCOL.read_text(encoding="utf-8"))
    found: dict[str, Check] = {}
    for match in _DECLARED.finditer(text):
        found[match[1]] = _Parser(text, match.end(), found).type()
    return found


class _Parser:
    """Reads one type; names are looked up in `types` when a value is checked."""

    def __init__(self, text: str, at: int, types: dict[str, Check]) -> None:
        self.text, self.at, self.types = text, at, types

    def peek(self) -> str:
        found = _TOKEN.match(self.text, self.at)
        return found[1] if found else ""

    def next(self) -> str:
        found = _TOKEN.match(self.text, self.at)
        assert found, f"not understood: {self.text[self.at : self.at + 40]}"
        self.at = found.end()
        return found[1]

    def takes(self, token: str) -> bool:
        if self.peek() != token:
            return False
        self.next()
        return True

    def type(self) -> Check:
        ways = [self.all_of()]
        while self.takes("|"):
            ways.append(self.all_of())
        return ways[0] if len(ways) == 1 else _any_of(ways)

    def all_of(self) -> Check:
        first = self.listed()
        while self.takes("&"):
            self.listed()  # only ever `& Record<string, unknown>`
        return first

    def listed(self) -> Check:
        found = self.single()
        while self.takes("[]"):
            found = _array(found)
        return found

    def single(self) -> Check:
        token = self.next()
        if token == "{":
            return self.object()
        if token == "(":
            inner = self.type()
            assert self.next() == ")"
            return inner
        if token == "[":
            parts = [self.type()]
            while self.takes(","):
                parts.append(self.type())
            assert self.next() == "]"
            return _tuple(parts)
        if token == "Record":
            assert (self.next(), self.next(), self.next()) == ("<", "string", ",")
            values = self.type()
            assert self.next() == ">"
            return _record(values)
        if token.startswith('"'):
            return _is(lambda value: value == token[1:-1], token)
        return _PLAIN.get(token) or (lambda value, at: self.types[token](value, at))

    def object(self) -> Check:
        fields: dict[str, tuple[bool, Check]] = {}
        while not self.takes("}"):
            name = self.next()
            optional = self.takes("?")
            assert self.next() == ":"
            fields[name] = (optional, self.type())
            self.takes(";")
            self.takes(",")
        return _object(fields)


def _is(holds: Callable[[Any], bool], what: str) -> Check:
    return lambda value, at: None if holds(value) else f"{at}: {value!r} is no {what}"


_PLAIN: dict[str, Check] = {
    "string": _is(lambda value: isinstance(value, str), "string"),
    "boolean": _is(lambda value: isinstance(value, bool), "boolean"),
    "null": _is(lambda value: value is None, "null"),
    "object": _is(lambda value: isinstance(value, dict), "object"),
    "unknown": _is(lambda value: True, "value"),
    "number": _is(
        lambda value: isinstance(value, (int, float)) and not isinstance(value, bool), "number"
    ),
}


def _any_of(ways: list[Check]) -> Check:
    def check(value: Any, at: str) -> Complaint:
        found = [way(value, at) for way in ways]
        return None if None in found else " or ".join(map(str, found))

    return check


def _array(inner: Check) -> Check:
    def check(value: Any, at: str) -> Complaint:
        if not isinstance(value, (list, tuple)):
            return f"{at}: {value!r} is no array"
        return next((c for i, v in enumerate(value) if (c := inner(v, f"{at}[{i}]"))), None)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]

    return check


def _tuple(parts: list[Check]) -> Check:
    def check(value: Any, at: str) -> Complaint:
        if not isinstance(value, (list, tuple)) or len(value) != len(parts):  # pyright: ignore[reportUnknownArgumentType]
            return f"{at}: {value!r} is no array of {len(parts)}"
        pairs = enumerate(zip(parts, value, strict=True))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return next((c for i, (part, v) in pairs if (c := part(v, f"{at}[{i}]"))), None)

    return check


def _record(values: Check) -> Check:
    def check(value: Any, at: str) -> Complaint:
        if not isinstance(value, dict):
            return f"{at}: {value!r} is no object"
        return next((c for k, v in value.items() if (c := values(v, f"{at}.{k}"))), None)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]

    return check


def _object(fields: dict[str, tuple[bool, Check]]) -> Check:
    def check(value: Any, at: str) -> Complaint:
        if not isinstance(value, dict):
            return f"{at}: {value!r} is no object"
        if strange := value.keys() - fields.keys():  # pyright: ignore[reportUnknownVariableType]
            return f"{at} has {sorted(strange)}"  # pyright: ignore[reportUnknownArgumentType]
        for name, (optional, inner) in fields.items():
            if name not in value:
                if optional:
                    continue
                return f"{at} has no `{name}`"
            if found := inner(value[name], f"{at}.{name}"):
                return found
        return None

    return check
