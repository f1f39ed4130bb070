"""How many rows a data file has, without making them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from pitchpipe.facts import NotRead
from pitchpipe_facts import parquet_footer

_LARGEST = 4 * 2**30  # bytes that are gone through; a file of this size takes some seconds
_LARGEST_JSON = 64 * 2**20  # bytes; it has to be held in memory


def count(file: Path) -> int | NotRead:
    """The rows that a run would read from `file`.

    Raises:
        OSError: it can't be read.
    """
    reader = _COUNTERS.get(file.suffix.lower())
    if reader is None:
        return NotRead(f"rows of `{file.suffix}` files are not counted")
    size = file.stat().st_size
    if size > (_LARGEST_JSON if reader is _json else _LARGEST):
        return NotRead(f"it has {size / 1e9:.3g} GB")
    try:
        return reader(file)
    except (ValueError, RecursionError, csv.Error) as error:
        return NotRead(str(error))


def _lines(file: Path) -> int:
    """Lines that are not blank."""
    with file.open("rb") as stream:
        return sum(1 for line in stream if not line.isspace())


def _json(file: Path) -> int:
    rows: Any = json.loads(file.read_text(encoding="utf-8-sig"))
    return len(cast("list[Any]", rows)) if isinstance(rows, list) else 0


def _csv(file: Path) -> int:
    delimiter = "\t" if file.suffix.lower() == ".tsv" else ","
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return max(0, sum(1 for row in csv.reader(stream, delimiter=delimiter) if row) - 1)


_COUNTERS: dict[str, Callable[[Path], int]] = {
    ".jsonl": _lines,
    ".ndjson": _lines,
    ".txt": _lines,
    ".json": _json,
    ".csv": _csv,
    ".tsv": _csv,
    ".parquet": parquet_footer.rows,
}
