"""Which part of a text is the document, and whether it is a list, a mapping or something else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pitchpipe.span import Span
from pitchpipe.syntax.blocks import DASH, INDENT, Region, begins_entry, key_lines
from pitchpipe.syntax.reading import Kind

_EMPTY_LINE = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n|\Z)")
_LINE = re.compile(r"[^\r\n]*")
_MARKER = re.compile(r"(?:---|\.\.\.)(?=[ \t\r\n]|\Z)")
_BARE_START = re.compile(r"---[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n|\Z)")
_LONE_RETURN = re.compile(r"\r(?!\n)")
_NEVER_CUT = frozenset("\t&!*|>[{@`%")
"""A text that begins with one of these isn't cut, though a key may come behind it."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The region that is read, and where something begins that belongs to a second document."""

    region: Region
    second: Span | None = None


def layout(text: str) -> Layout:
    """Looks for document markers and at the first lines; never fails."""
    start = _content(text, len(text) - len(text.lstrip("\ufeff")))
    behind = start
    if text.startswith("%", start):
        behind = _marker(text, start) + 3
    elif bare := _BARE_START.match(text, start):
        behind = start = _content(text, bare.end())
    elif _MARKER.match(text, start):
        behind = start + 3
    end = _marker(text, behind)
    return Layout(Region(start, end, *_column_and_kind(text, start, end)), _second(text, end))


def _content(text: str, at: int) -> int:
    """The start of the first line from `at` on that is neither blank nor a comment."""
    while (line := _EMPTY_LINE.match(text, at)) and line.end() > at:
        at = line.end()
    return at


def _marker(text: str, at: int) -> int:
    """Where the first document marker from `at` on stands; the text's end if there is none."""
    if at >= len(text) or (_MARKER.match(text, at) and text[at - 1 : at] in "\r\n"):
        return min(at, len(text))
    found = len(text)
    for mark in ("\n---", "\n...", "\r---", "\r..."):
        near = text.find(mark, at, found)
        while near >= 0 and not _MARKER.match(text, near + 1):
            near = text.find(mark, near + 1, found)
        found = near + 1 if near >= 0 else found
    return found


def _second(text: str, end: int) -> Span | None:
    if text.startswith("...", end):
        end = _content(text, end + 3)
        return Span(end, _LINE.match(text, end).end()) if end < len(text) else None  # pyright: ignore[reportOptionalMemberAccess]
    return Span(end, end + 3) if end < len(text) else None


def _column_and_kind(text: str, start: int, end: int) -> tuple[int, Kind]:
    content = INDENT.match(text, start, end).end()  # pyright: ignore[reportOptionalMemberAccess]
    column, first = content - start, text[content : content + 1]
    if content >= end or first in _NEVER_CUT or _MARKER.match(text, start):
        return 0, Kind.ANY
    if "\r" in text and _LONE_RETURN.search(text, start, end):
        return 0, Kind.ANY
    if DASH.match(text, content):
        return column, Kind.SEQUENCE
    found = begins_entry(text, start, column)
    if not found and first not in "\"'":  # a quoted text may hold lines that look like keys
        found = key_lines(column).search(text, start, end) is not None
    return (column, Kind.MAPPING) if found else (0, Kind.ANY)
