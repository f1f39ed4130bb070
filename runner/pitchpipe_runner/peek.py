"""Prints the first rows of a Parquet or Arrow file as JSON.

The light half calls this in the runner's environment and reads the answer from standard output. The
answer has `version` (of the facts), and `rows` and `complete` (whether they are all), or `problem`
(the file is broken), or `not_read` (this environment can't say).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from pitchpipe.facts import FACTS_VERSION


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 whenever there is an answer."""
    parser = argparse.ArgumentParser(prog="python -m pitchpipe_runner.peek", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int, default=200)
    given = parser.parse_args(arguments)
    answer = {"version": FACTS_VERSION, **peek(given.file, given.rows)}
    json.dump(answer, sys.stdout, ensure_ascii=True, default=_foreign)
    return 0


def peek(file: Path, count: int) -> dict[str, Any]:
    """The answer, as the module's docstring tells."""
    try:
        import pyarrow  # noqa: PLC0415
    except ImportError:
        return {"not_read": "pyarrow is not installed in the runner's environment"}
    try:
        rows, complete = (_parquet if file.suffix.lower() == ".parquet" else _arrow)(file, count)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        return {"problem": first, "rows": [], "complete": False}
    except OSError as error:
        return {"not_read": str(error)}
    return {"rows": rows, "complete": complete}


def _parquet(file: Path, count: int) -> tuple[list[dict[str, Any]], bool]:
    import pyarrow.parquet  # noqa: PLC0415

    with pyarrow.parquet.ParquetFile(file) as opened:
        batch = next(opened.iter_batches(batch_size=count), None)
        rows = batch.to_pylist() if batch is not None else []
        return rows[:count], opened.metadata.num_rows <= count


def _arrow(file: Path, count: int) -> tuple[list[dict[str, Any]], bool]:
    """Both forms of Arrow files: the streaming one, as `datasets` has it, and the other."""
    import pyarrow  # noqa: PLC0415

    with pyarrow.memory_map(str(file)) as source:
        rows: list[dict[str, Any]] = []
        for batch in _batches(source):
            rows += batch.slice(0, count + 1 - len(rows)).to_pylist()
            if len(rows) > count:
                return rows[:count], False
        return rows, True


def _batches(source: Any) -> Any:
    import pyarrow  # noqa: PLC0415

    try:
        opened = pyarrow.ipc.open_file(source)
    except pyarrow.ArrowInvalid:
        source.seek(0)
        yield from pyarrow.ipc.open_stream(source)
    else:
        for number in range(opened.num_record_batches):
            yield opened.get_batch(number)


def _foreign(value: object) -> dict[str, str]:
    """A value that JSON lacks (a time, bytes): an object, lest it be taken for text."""
    return {"type": type(value).__name__}


if __name__ == "__main__":
    raise SystemExit(main())
