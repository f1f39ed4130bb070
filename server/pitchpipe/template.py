"""Templates: texts with `{column}` where a row's value goes. `{{` and `}}` are literal braces."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(r"\{\{|\}\}|\{(?P<name>[^{}\r\n]*)\}|\{|\}")


class TemplateError(ValueError):
    """A template can't be read, or can't be filled. `start` and `end` are offsets into its text."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.start = start
        self.end = end


@dataclass(frozen=True, slots=True)
class Field:
    """One `{column}`.

    `start` and `end` enclose it with its braces, as offsets into the template's text.
    """

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Template:
    """`parts` are literal texts and fields in the order written."""

    text: str
    parts: tuple[str | Field, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(p for p in self.parts if isinstance(p, Field))

    def render(self, row: Mapping[str, object]) -> str:
        """The text with the row's values in it: strings as they are, everything else as JSON.

        Raises:
            TemplateError: a column is not in the row, or its value is None.
        """
        return "".join(p if isinstance(p, str) else _value(p, row) for p in self.parts)


@lru_cache(maxsize=64)  # rows are many, templates are few
def parse(text: str) -> Template:
    """Reads a template. Spaces around a column's name don't count; inside it they do.

    Raises:
        TemplateError: a brace has no partner on its line, or there is no name between two.
    """
    parts: list[str | Field] = []
    last = 0
    for token in _TOKEN.finditer(text):
        parts.append(text[last : token.start()])
        parts.append(_part(token))
        last = token.end()
    parts.append(text[last:])
    return Template(text, tuple(p for p in parts if p))


def _part(token: re.Match[str]) -> str | Field:
    written, name = token.group(), token["name"]
    if written in {"{{", "}}"}:
        return written[0]
    if name is None:
        problem = "is not closed" if written == "{" else "closes nothing"
        advice = f"write `{written * 2}` for a literal brace"
        raise TemplateError(f"`{written}` {problem}; {advice}", token.start(), token.end())
    if not name.strip():
        advice = "name a column between them, or write `{{}}` for literal braces"
        raise TemplateError(f"`{written}` is empty; {advice}", token.start(), token.end())
    return Field(name.strip(), token.start(), token.end())


def _value(field: Field, row: Mapping[str, object]) -> str:
    if field.name not in row:
        raise TemplateError(f"no column `{field.name}`", field.start, field.end)
    value = row[field.name]
    if value is None:
        raise TemplateError(f"no value in column `{field.name}`", field.start, field.end)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
