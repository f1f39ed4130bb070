"""Surveys of data files: made once for each state of a file, and kept in the user's cache folder.

`python -m pitchpipe_facts.surveys` makes one in a process of its own: it reads a question from
standard input, as `asked` writes it, and prints the survey as JSON.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from pitchpipe import splits
from pitchpipe.facts import FACTS_VERSION, HEAD_ROWS, NotRead
from pitchpipe.survey import Survey, View
from pitchpipe.surveying import Surveyor
from pitchpipe_facts import columnar, row_stream, runner_python
from pitchpipe_facts.runner_python import Stop
from pitchpipe_facts.tables import Broken

# Small files need little of this, and importing all takes longer than going through one.
# ruff: noqa: PLC0415

LARGEST = 2**30  # bytes that are gone through; they take up to a minute
SMALL = 2**20  # bytes; a file up to this size is gone through sooner than an answer is kept
_PATIENCE = 600.0  # seconds
_MOST_KEPT = 100  # answers, of a few MB at most


def survey(
    file: Path, view: View, python: str | None, cache: Path | None = None
) -> Survey | NotRead:
    """What the rows of `view` hold, of which all are read. `cache` as in `kept`.

    `python` is the interpreter of the runner's environment, which reads Parquet and Arrow.

    Raises:
        OSError: the file can't be read.
    """
    if known := kept(file, view, cache):
        return known
    if file.suffix.lower() in columnar.FORMATS:
        found = _by_runner(file, view, python)
    else:
        found = _made(file, view)
    if isinstance(found, Survey):
        keep(file, view, found, cache)
    return found


def head(file: Path, view: View) -> Survey | NotRead:
    """What the first rows hold, as many as a table keeps.

    Only of text files, and of splits for which no rows need be counted.

    Raises:
        OSError: the file can't be read.
    """
    if not row_stream.knows(file) or not splits.parse(view.split).from_the_start:
        return NotRead("where its rows begin is not known yet")
    bounds = _bounds(file, view)
    if isinstance(bounds, NotRead):
        return bounds
    return _surveyed(file, view, bounds, HEAD_ROWS)


def kept(file: Path, view: View, cache: Path | None = None) -> Survey | None:
    """An earlier answer about the file as it is; None where there is none.

    `cache` is the folder where answers are kept (None: the user's cache folder). It can be deleted
    at any time. Of small files none is kept.

    Raises:
        OSError: there is no such file.
    """
    if _is_small(file):
        return None
    from pitchpipe.survey_json import from_json

    try:
        return from_json(json.loads(_entry(file, view, cache).read_text(encoding="utf-8")))
    except (OSError, KeyError, TypeError, ValueError):
        return None


def keep(file: Path, view: View, found: Survey, cache: Path | None = None) -> None:
    """Keeps an answer, if the file is not small and the folder can be written."""
    with contextlib.suppress(OSError):
        if _is_small(file):
            return
        from pitchpipe.survey_json import to_json
        from pitchpipe_facts.run_index import write_atomically

        entry = _entry(file, view, cache)
        entry.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(entry, json.dumps(to_json(found)))
        _prune(entry.parent)


def _is_small(file: Path) -> bool:
    return file.stat().st_size <= SMALL and file.suffix.lower() not in columnar.FORMATS


def elsewhere(file: Path, view: View, stop: Stop) -> Survey | NotRead:
    """The same as `survey` of a text file, made by another process, which `stop` ends."""
    answer = runner_python.ask(
        sys.executable,
        __name__,
        (),
        doing="look through it",
        patience=_PATIENCE,
        given=asked(file, view),
        stop=stop,
    )
    return answer if isinstance(answer, NotRead) else _understood(answer)


def is_text(file: Path) -> bool:
    """Whether a file is gone through without the runner's interpreter, by its name."""
    return row_stream.knows(file)


def asked(file: Path, view: View) -> str:
    """The question for another process."""
    return json.dumps({"file": str(file.absolute()), "view": asdict(view)})


def _made(file: Path, view: View) -> Survey | NotRead:
    size = file.stat().st_size
    if not row_stream.knows(file):
        return NotRead(f"rows of `{file.suffix}` files are not looked through")
    if size > LARGEST:
        from pitchpipe import amounts

        return NotRead(f"it has {amounts.size(size)}")
    bounds = _bounds(file, view)
    return bounds if isinstance(bounds, NotRead) else _surveyed(file, view, bounds, None)


def _bounds(file: Path, view: View) -> tuple[int, int | None] | NotRead:
    """The rows `[first, last)` that the split takes; those are counted where it goes by it."""
    try:
        split = splits.parse(view.split)
    except splits.SplitError as error:
        return NotRead(str(error))
    if split.from_the_start:
        last = split.stop.number if split.stop else None
        return (split.start.number if split.start else 0), last
    from pitchpipe_facts import row_counts

    count = row_counts.count(file)
    return count if isinstance(count, NotRead) else split.bounds(count)


def _surveyed(
    file: Path, view: View, bounds: tuple[int, int | None], most: int | None
) -> Survey | NotRead:
    """Of the rows within `bounds`, no more than the first `most`."""
    surveyor = Surveyor(view, by_line=True)
    first, last = bounds
    if most is not None:
        last = first + most if last is None else min(last, first + most)
    try:
        rows = row_stream.rows(file)
        for line, row in islice(rows, first, last):
            surveyor.add(row, line)
        whole = most is None or next(rows, None) is None
        return surveyor.survey(whole=whole)
    except Broken as broken:
        return surveyor.survey(whole=False, problem=broken.problem)
    except row_stream.TooLong:
        return NotRead(f"a row is longer than {row_stream.LONGEST // 2**20} MB")


def _by_runner(file: Path, view: View, python: str | None) -> Survey | NotRead:
    if python is None:
        return NotRead("the runner's Python, which reads it, is not known")
    answer = runner_python.ask(
        python,
        "pitchpipe_runner.survey",
        (),
        doing="look through it",
        patience=_PATIENCE,
        given=asked(file, view),
    )
    return answer if isinstance(answer, NotRead) else _understood(answer)


def _understood(answer: dict[str, Any]) -> Survey | NotRead:
    from pitchpipe.survey_json import from_json

    try:
        return from_json(answer["survey"])
    except (KeyError, TypeError, ValueError):
        return NotRead("the other Python holds another version of Pitchpipe")


def _entry(file: Path, view: View, cache: Path | None) -> Path:
    from platformdirs import user_cache_path

    from pitchpipe.survey_json import SURVEY_VERSION

    found = file.stat()
    state = [SURVEY_VERSION, str(file.resolve()), found.st_size, found.st_mtime_ns, asdict(view)]
    digest = hashlib.sha256(json.dumps(state).encode("utf-8", "surrogatepass")).hexdigest()
    folder = cache or user_cache_path("pitchpipe", appauthor=False) / "surveys"
    return folder / f"{digest[:32]}.json"


def _prune(folder: Path) -> None:
    """Forgets the oldest answers: most of them are of files that are others by now."""
    entries = sorted(folder.glob("*.json"), key=lambda e: e.stat().st_mtime, reverse=True)
    for entry in entries[_MOST_KEPT:]:
        entry.unlink(missing_ok=True)


def main() -> int:
    """Answers the question on standard input; the exit code is 0."""
    from pitchpipe.survey_json import to_json

    question: Any = json.load(sys.stdin.buffer)
    try:
        found = _made(Path(question["file"]), View.of(question["view"]))
    except OSError as error:
        found = NotRead((error.strerror or type(error).__name__).lower())
    answer = (
        {"not_read": found.reason} if isinstance(found, NotRead) else {"survey": to_json(found)}
    )
    json.dump({"version": FACTS_VERSION, **answer}, sys.stdout)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
