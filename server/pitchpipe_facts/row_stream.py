"""All rows of a data file, one after the other, in memory that doesn't grow with the file.

They are read as the runner reads them (`pitchpipe_runner.rows`) and as `tables` reads their head.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from pitchpipe_facts.tables import BREAK, Broken, Row, a_value, json_row, lowered, said, skip

LONGEST = 64 * 2**20  # bytes of a line, characters of a record or of an item in an array
_CHUNK = 2**20  # characters


class TooLong(Exception):
    """A row is longer than can be held in memory with good conscience."""


def rows(file: Path) -> Iterator[tuple[int, Row]]:
    """Each row with the line that it begins in, from 1; of CSV the line that it ends in.

    Raises:
        Broken: the file can't be read on from here.
        TooLong: nor can it be held.
        KeyError: nobody here knows the format.
        OSError: it can't be read.
    """
    return _READERS[file.suffix.lower()](file)


def knows(file: Path) -> bool:
    """Whether the format is one of those that are read here."""
    return file.suffix.lower() in _READERS


def _jsonl(file: Path) -> Iterator[tuple[int, Row]]:
    for number, line in _lines(file):
        yield number, json_row(line, number)


def _text(file: Path) -> Iterator[tuple[int, Row]]:
    for number, line in _lines(file):
        yield number, {"text": line}


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Those that are not blank, without their ends."""
    number = 0
    with file.open("rb") as stream:
        while data := stream.readline(LONGEST):
            if len(data) == LONGEST:
                raise TooLong
            line = _decoded(data.removeprefix(b"\xef\xbb\xbf") if not number else data, number + 1)
            end = line.rstrip("\r\n")
            for part in BREAK.split(end) if "\r" in end else (end,):
                number += 1
                if part and not part.isspace():
                    yield number, part


def _decoded(data: bytes, number: int) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(data[error.start], number) from None


def not_utf8(byte: int, line: int | None) -> Broken:
    """What to say of a byte that is none."""
    return Broken(f"byte 0x{byte:02x} is not UTF-8; save the file as UTF-8", line)


def _separated(file: Path) -> Iterator[tuple[int, Row]]:
    delimiter = "\t" if file.suffix.lower() == ".tsv" else ","
    with file.open(encoding="utf-8-sig", newline="") as stream:
        bounded = _Bounded(stream)
        reader = csv.reader(bounded, delimiter=delimiter)
        try:
            names = next((record for record in reader if record), None)
            for record in reader:
                bounded.length = 0
                if not record or names is None:
                    continue
                if len(record) != len(names):
                    fields = "1 field" if len(record) == 1 else f"{len(record)} fields"
                    message = f"it has {fields} where the head has {len(names)}"
                    raise Broken(message, reader.line_num)
                yield reader.line_num, dict(zip(names, record, strict=True))
        except csv.Error as error:
            raise Broken(f"it is not CSV: {error}", reader.line_num) from None
        except UnicodeDecodeError as error:
            raise not_utf8(error.object[error.start], None) from None


class _Bounded:
    """The lines of a record, of which there are not too many: one lacks its closing quote."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self.length = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(LONGEST)
        self.length += len(line)
        if self.length >= LONGEST:
            raise TooLong
        if not line:
            raise StopIteration
        return line


def _json(file: Path) -> Iterator[tuple[int, Row]]:
    with file.open(encoding="utf-8-sig") as stream:
        try:
            yield from _Array(stream).items()
        except UnicodeDecodeError as error:
            raise not_utf8(error.object[error.start], None) from None


class _Array:
    """A JSON array whose items are decoded one by one.

    `_text` from `_at` on was read and not yet decoded; `_counted` in it stands in line `_line`.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._decoder = json.JSONDecoder()
        self._text, self._at = "", 0
        self._counted, self._line = 0, 1
        self._ended = False

    def items(self) -> Iterator[tuple[int, Row]]:
        if self._mark() != "[":
            raise Broken("it is not an array of objects", self._here())
        self._at += 1
        mark = "," if self._mark() != "]" else "]"
        while mark == ",":
            self._mark()
            line, row = self._here(), self._item()
            if not isinstance(row, dict):
                raise Broken(f"the array holds {a_value(row)} instead of an object", line)
            yield line, cast(Row, row)
            mark = self._mark()
            if mark not in {",", "]"}:
                raise Broken("it is not JSON: expecting `,` or `]`", self._here())
            if mark == ",":
                self._at += 1
        self._at += 1
        if self._mark():
            raise Broken("something follows behind the array", self._here())

    def _mark(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            self._at = skip(self._text, self._at)
            if self._at < len(self._text) or not self._fill(_CHUNK):
                return self._text[self._at : self._at + 1]

    def _item(self) -> Any:
        while True:
            try:
                found, self._at = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                held = len(self._text) - self._at
                if held >= LONGEST:
                    raise TooLong from None
                if self._fill(max(_CHUNK, held)):
                    continue
                line = self._here() + self._text.count("\n", self._at, error.pos)
                raise Broken(f"it is not JSON: {said(error)}", line) from None
            except (ValueError, RecursionError) as error:
                line = self._here()
                raise Broken(f"it can't be read: {lowered(str(error))}", line) from None
            return found

    def _fill(self, count: int) -> bool:
        """Reads on; false at the end of the file. Forgets what was decoded."""
        if self._ended:
            return False
        more = self._stream.read(count)
        self._ended = not more
        self._here()
        self._text, self._at, self._counted = self._text[self._at :] + more, 0, 0
        return not self._ended

    def _here(self) -> int:
        """The line of `_at`."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line


_READERS: dict[str, Callable[[Path], Iterator[tuple[int, Row]]]] = {
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".json": _json,
    ".csv": _separated,
    ".tsv": _separated,
    ".txt": _text,
}
