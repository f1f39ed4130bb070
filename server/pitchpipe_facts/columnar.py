"""Heads of Parquet and Arrow files.

The runner's interpreter reads them, for the light install has no pyarrow.
"""

from __future__ import annotations

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
)
from pitchpipe_facts import runner_python

FORMATS: dict[str, TableFormat] = {".parquet": "parquet", ".arrow": "arrow"}

_PATIENCE = 60.0  # seconds; importing pyarrow takes one or two


def head(file: Path, python: str | None) -> Table:
    """The first rows of `file`, read by `python -m pitchpipe_runner.peek`."""
    kind = FORMATS[file.suffix.lower()]
    if python is None:
        return NotRead(f"the runner's Python, which reads {kind.capitalize()}, is not known")
    arguments = [str(file.resolve()), "--rows", str(HEAD_ROWS)]
    answer = runner_python.ask(
        python, "pitchpipe_runner.peek", arguments, doing="read it", patience=_PATIENCE
    )
    return answer if isinstance(answer, NotRead) else _table(kind, answer)


def _table(kind: TableFormat, answer: dict[str, Any]) -> Table:
    problem = TableProblem(answer["problem"]) if answer.get("problem") else None
    rows = tuple(cast("list[dict[str, Any]]", answer["rows"]))
    return TableFact(kind, columns_of(rows), rows, answer["complete"], problem)
