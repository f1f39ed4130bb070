"""Heads of data files that are text: JSONL, JSON, CSV, TSV and plain text."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pitchpipe.facts import (
    HEAD_ROWS,
    NotRead,
    Table,
    TableFact,
    TableFormat,
    TableProblem,
    columns_of,
    json_type,
)

SCAN_BYTES = 8 * 2**20
"""How much of a file is read.

A broken line within it is found before a run; one behind it when the run prepares.
"""

BREAK = re.compile(r"\r\n|\n|\r")
_SPACE = re.compile(r"[ \t\r\n]*")
_LITERAL = 16  # characters at the end of a cut text that may be half a number or half a `false`
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

Row = dict[str, Any]


csv.field_size_limit(2**31 - 1)  # a text may be longer than the 131,072 characters of the default


class Broken(Exception):
    """The file can't be read on from here."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.problem = TableProblem(message, line)


@dataclass(frozen=True, slots=True)
class _Text:
    """The head of a file. Where it is not `whole`, it ends behind a line break."""

    text: str
    whole: bool


def head(file: Path) -> Table:
    """The first rows of `file`, by the format that its name tells.

    A file that can't be opened has a problem.
    """
    kind = _FORMATS.get(file.suffix.lower())
    if kind is None:
        known = ", ".join(f"`{ending}`" for ending in (*_FORMATS, ".parquet", ".arrow"))
        return NotRead(f"files ending in `{file.suffix}` can't be read as data; known are {known}")
    name, rows = kind
    kept: list[Row] = []
    more = False
    try:
        text = _read(file)
        if text is None:
            return NotRead(f"its first line is longer than {SCAN_BYTES // 2**20} MB")
        for row in rows(text):
            if len(kept) < HEAD_ROWS:
                kept.append(row)
            else:
                more = True
        complete, problem = text.whole and not more, None
    except Broken as broken:
        complete, problem = False, broken.problem
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        complete, problem = False, TableProblem(f"it can't be opened: {reason}")
    return TableFact(name, columns_of(tuple(kept)), tuple(kept), complete, problem)


def _read(file: Path) -> _Text | None:
    with file.open("rb") as stream:
        data = stream.read(SCAN_BYTES + 1)
    whole = len(data) <= SCAN_BYTES
    if data.startswith(_UTF16):
        raise Broken("it is written in UTF-16; save it as UTF-8")
    if not whole:
        data = data[: data.rfind(b"\n") + 1]
    try:
        return _Text(data.decode("utf-8-sig"), whole) if data or whole else None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Broken(
            f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8", line
        ) from None


def _jsonl(head: _Text) -> Iterator[Row]:
    for number, line in enumerate(BREAK.split(head.text), start=1):
        if line.strip():
            yield json_row(line, number)


def json_row(line: str, number: int) -> Row:
    try:
        found: Any = json.loads(line)
    except json.JSONDecodeError as error:
        message = f"it is not JSON: {said(error)} at column {error.colno}"
        raise Broken(message, number) from None
    except (ValueError, RecursionError) as error:
        raise Broken(f"it can't be read: {lowered(str(error))}", number) from None
    if not isinstance(found, dict):
        raise Broken(f"it holds {a_value(found)} instead of an object", number)
    return cast(Row, found)


def _json(head: _Text) -> Iterator[Row]:
    text, decoder = head.text, json.JSONDecoder()
    at = skip(text, 0)
    if not text[at:]:
        return
    if text[at] != "[":
        raise Broken(_not_an_array(text, at), _line(text, at))
    at = skip(text, at + 1)
    if text[at : at + 1] == "]":
        _nothing_behind(text, at + 1)
        return
    while at < len(text) or head.whole:
        try:
            row, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            if not head.whole and _may_be_cut(error, text):
                return
            raise Broken(f"it is not JSON: {said(error)}", error.lineno) from None
        except (ValueError, RecursionError) as error:
            raise Broken(f"it can't be read: {lowered(str(error))}", _line(text, at)) from None
        if not isinstance(row, dict):
            raise Broken(f"the array holds {a_value(row)} instead of an object", _line(text, at))
        yield cast(Row, row)
        at = skip(text, at)
        mark = text[at : at + 1]
        if mark == "]":
            _nothing_behind(text, at + 1)
            return
        if mark != ",":
            if not head.whole and not mark:
                return
            raise Broken("it is not JSON: expecting `,` or `]`", _line(text, at))
        at = skip(text, at + 1)


def _not_an_array(text: str, at: int) -> str:
    if text[at] == "{":
        lines = [line for line in BREAK.split(text) if line.strip()]
        if len(lines) > 1 and lines[0].rstrip().endswith("}") and lines[1].startswith("{"):
            return "it holds one object a line; let its name end in `.jsonl`"
        return "it holds an object instead of an array of objects"
    return "it is not an array of objects"


def _nothing_behind(text: str, at: int) -> None:
    if text[skip(text, at) :]:
        raise Broken("something follows behind the array", _line(text, skip(text, at)))


def _may_be_cut(error: json.JSONDecodeError, text: str) -> bool:
    return error.msg.startswith("Unterminated string") or error.pos >= len(text) - _LITERAL


def _csv(head: _Text) -> Iterator[Row]:
    return _separated(head, ",")


def _tsv(head: _Text) -> Iterator[Row]:
    return _separated(head, "\t")


def _separated(head: _Text, separator: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(head.text, newline=""), delimiter=separator)
    try:
        names = next((record for record in reader if record), None)
        if names is None:
            return
        if twice := next((n for n in names if names.count(n) > 1), None):
            raise Broken(f"it names the column `{twice}` twice", reader.line_num)
        held: Row | None = None
        for record in reader:
            if held is not None:
                yield held
                held = None
            if record and len(record) != len(names):
                if not head.whole and reader.line_num >= head.text.count("\n"):
                    return
                fields = "1 field" if len(record) == 1 else f"{len(record)} fields"
                message = f"it has {fields} where the head has {len(names)}"
                raise Broken(message, reader.line_num)
            held = dict(zip(names, record, strict=True)) if record else None
        if held is not None and head.whole:
            yield held
    except csv.Error as error:
        raise Broken(f"it is not CSV: {error}", reader.line_num) from None


def _text(head: _Text) -> Iterator[Row]:
    for line in BREAK.split(head.text):
        if line.strip():
            yield {"text": line}


_FORMATS: dict[str, tuple[TableFormat, Callable[[_Text], Iterator[Row]]]] = {
    ".jsonl": ("jsonl", _jsonl),
    ".ndjson": ("jsonl", _jsonl),
    ".json": ("json", _json),
    ".csv": ("csv", _csv),
    ".tsv": ("tsv", _tsv),
    ".txt": ("text", _text),
}


def skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _line(text: str, at: int) -> int:
    return len(BREAK.findall(text, 0, at)) + 1


def said(error: json.JSONDecodeError) -> str:
    return lowered(error.msg).removesuffix(" starting at")


def lowered(message: str) -> str:
    return message[:1].lower() + message[1:]


def a_value(value: object) -> str:
    kind = json_type(value)
    return "null" if kind == "null" else f"{'an' if kind[0] in 'aio' else 'a'} {kind}"
