"""The rows of a source, whatever it is: a file of any of the formats, or a data set of the hub."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, TypeVar, cast

import datasets
import pyarrow
import pyarrow.parquet
from datasets.exceptions import DatasetGenerationError, DatasetNotFoundError
from huggingface_hub.errors import GatedRepoError

from pitchpipe import splits
from pitchpipe.plan import Plan, SourcePlan
from pitchpipe_runner.failures import ENVIRONMENT_IS_WRONG, FILE_IS_WRONG, RunFailure, understood

Row = dict[str, Any]
T = TypeVar("T")

_DEEP = "not JSON: it is nested too deeply"
_BATCH = 1000  # rows of a table that become Python's at once
_ENDLESS = sys.maxsize  # rows

csv.field_size_limit(2**31 - 1)  # a text may be longer than the 131,072 characters of the default


def read(plan: Plan, source: SourcePlan, path: str) -> list[Row]:
    """All rows that `source` names, in order. `path` is its key path, for messages.

    Raises:
        RunFailure: the source can't be read; names the file and, where there is one, the line.
    """
    split = splits.parse(source.split)
    if source.path is not None:
        rows = list(of_file(Path(plan.root, source.path), path))
    else:
        rows = _from_hub(source, split.name, path, lambda loaded: [dict(row) for row in loaded])
    first, last = split.bounds(len(rows))
    if first >= last:
        raise _empty(source, path)
    return rows[first:last]


@dataclass(frozen=True, slots=True)
class Window:
    """Some of the rows of a source.

    `first` is where the first of `rows` stands in the file or data set, from 0; `columns` are those
    of the first row that the split takes. `total` is how many rows the split takes, None where
    nobody has counted them.
    """

    first: int
    rows: Sequence[Row]
    columns: tuple[str, ...]
    total: int | None


def window(
    plan: Plan, source: SourcePlan, path: str, skip: int, most: int, count: int | None
) -> Window:
    """At most `most` of the rows that `read` gives, from the row `skip` on.

    Files are read no further, but for JSON arrays, whose end decides whether they can be read at
    all. `count` is how many rows the file has, None where nobody knows: then they are counted where
    the split needs it.

    Raises:
        RunFailure: as in `read`, of what was read.
    """
    split = splits.parse(source.split)

    def of_hub(loaded: datasets.Dataset) -> Window:
        first, last = split.bounds(len(loaded))
        if first >= last:
            raise _empty(source, path)
        start = min(first + skip, last)
        chosen = [loaded[i] for i in range(start, min(start + most, last))]
        return Window(start, chosen, tuple(loaded.column_names), last - first)

    if source.path is None:
        return _from_hub(source, split.name, path, of_hub)
    file = Path(plan.root, source.path)
    if count is None and not split.from_the_start:
        count = count_of(plan, source, path)
    # Bounds that count from the start are the same in every file that is long enough.
    first, last = split.bounds(_ENDLESS if count is None else count)
    taken = islice(of_file(file, path), first, last)
    head = next(taken, None)
    if head is None:
        raise _empty(source, path)
    chosen = list(islice(chain((head,), taken), skip, skip + most))
    return Window(first + skip, chosen, tuple(head), None if count is None else last - first)


def count_of(plan: Plan, source: SourcePlan, path: str) -> int | None:
    """How many rows a source's file has, whatever the split; None of a data set of the hub.

    Raises:
        RunFailure: as in `read`.
    """
    if source.path is None:
        return None
    return sum(1 for _ in of_file(Path(plan.root, source.path), path))


def _empty(source: SourcePlan, path: str) -> RunFailure:
    return RunFailure(
        "data-empty",
        f"`{source.path or source.dataset_name}` has no rows in `{source.split}`",
        path=path,
        exit_code=FILE_IS_WRONG,
    )


def of_file(file: Path, path: str) -> Iterator[Row]:
    """The rows of a file, by the format that its name tells. `path` is for messages.

    Raises:
        RunFailure: as in `read`, once what is at fault is reached.
    """
    readers = {
        ".jsonl": _jsonl,
        ".ndjson": _jsonl,
        ".json": _json,
        ".csv": _csv,
        ".tsv": _csv,
        ".txt": _text,
        ".parquet": _parquet,
        ".arrow": _arrow,
    }
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise _broken(path, f"`{file.name}`: files ending in `{file.suffix}` can't be read as data")
    if not file.exists():
        raise RunFailure(
            "data-file-not-found",
            f"the data file `{file}` does not exist",
            path=f"{path}.path",
            exit_code=FILE_IS_WRONG,
        )
    if not file.is_file():
        raise _broken(path, f"`{file.name}` is not a file")
    try:
        yield from reader(file, path)
    except UnicodeDecodeError as error:
        raise _broken(path, f"`{file.name}` is not UTF-8 text (byte {error.start})") from None


def _jsonl(file: Path, path: str) -> Iterator[Row]:
    with file.open(encoding="utf-8-sig") as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield _object(line, file, number, path)


def _object(line: str, file: Path, number: int, path: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise _broken(path, f"`{file.name}` line {number} is not JSON: {error}") from None
    except RecursionError:
        raise _broken(path, f"`{file.name}` line {number} is {_DEEP}") from None
    if not isinstance(row, dict):
        raise _broken(path, f"`{file.name}` line {number} is not an object")
    return row


def _json(file: Path, path: str) -> Iterator[Row]:
    try:
        rows = json.loads(file.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as error:
        raise _broken(path, f"`{file.name}` line {error.lineno} is not JSON: {error.msg}") from None
    except RecursionError:
        raise _broken(path, f"`{file.name}` is {_DEEP}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _broken(path, f"`{file.name}` is not an array of objects")
    yield from rows


def _csv(file: Path, path: str) -> Iterator[Row]:
    delimiter = "\t" if file.suffix.lower() == ".tsv" else ","
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream, delimiter=delimiter)
        for row in reader:
            if None in row or None in row.values():
                what = f"`{file.name}` line {reader.line_num}"
                raise _broken(path, f"{what} has another number of fields than its head")
            yield row


def _text(file: Path, _path: str) -> Iterator[Row]:
    for line in io.StringIO(file.read_text(encoding="utf-8-sig")):
        if line.strip():
            yield {"text": line.rstrip("\r\n")}


def _parquet(file: Path, path: str) -> Iterator[Row]:
    try:
        with pyarrow.parquet.ParquetFile(file) as opened:
            for batch in opened.iter_batches(_BATCH):
                yield from batch.to_pylist()
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError, OSError) as error:
        raise _broken(path, f"`{file.name}` is not a Parquet file: {_line(error)}") from None


def _arrow(file: Path, path: str) -> Iterator[Row]:
    try:
        with file.open("rb") as source:
            for batch in _arrow_batches(source):
                for at in range(0, len(batch), _BATCH):
                    yield from batch.slice(at, _BATCH).to_pylist()
    except (pyarrow.ArrowInvalid, OSError) as error:
        raise _broken(path, f"`{file.name}` is not an Arrow file: {_line(error)}") from None


def _arrow_batches(source: IO[bytes]) -> Iterator[pyarrow.RecordBatch]:
    """Of either of Arrow's forms: the random-access one, and the streaming one of datasets."""
    try:
        opened = pyarrow.ipc.open_file(source)
    except pyarrow.ArrowInvalid:
        source.seek(0)
        yield from pyarrow.ipc.open_stream(source)
    else:
        for number in range(opened.num_record_batches):
            yield opened.get_batch(number)


def _from_hub(
    source: SourcePlan, split: str, path: str, take: Callable[[datasets.Dataset], T]
) -> T:
    """What `take` makes of the data set."""
    name = source.dataset_name or ""
    try:
        loaded = datasets.load_dataset(name, source.dataset_config, split=split)
        return take(cast("datasets.Dataset", loaded))
    except GatedRepoError as error:
        raise RunFailure(
            "dataset-gated",
            f"the data set `{name}` is gated: its owners must grant you access first",
            path=f"{path}.dataset_name",
            hint="ask for access on its page, then log in with `hf auth login` or set HF_TOKEN",
            exit_code=ENVIRONMENT_IS_WRONG,
        ) from error
    except DatasetNotFoundError as error:
        code, hint = (
            ("dataset-gated", "ask for access on its page")
            if "gated" in str(error)
            else ("dataset-not-found", None)
        )
        raise RunFailure(
            code, _line(error), path=f"{path}.dataset_name", hint=hint, exit_code=FILE_IS_WRONG
        ) from error
    except (ValueError, DatasetGenerationError) as error:
        raise understood(error, "prepare") or RunFailure(
            "dataset-unusable", _line(error.__cause__ or error), path=path, exit_code=FILE_IS_WRONG
        ) from error
    except OSError as error:
        raise understood(error, "prepare") or RunFailure(
            "hub-not-reached",
            f"the data set `{name}` could not be loaded: {_line(error)}",
            path=f"{path}.dataset_name",
            exit_code=ENVIRONMENT_IS_WRONG,
        ) from error


def _line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def _broken(path: str, message: str) -> RunFailure:
    return RunFailure("data-unreadable", message, path=path, exit_code=FILE_IS_WRONG)
