"""Heads of Parquet and Arrow files.

The runner's interpreter reads them, for the light install has no pyarrow.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, cast

from pitchpipe.facts import (
    FACTS_VERSION,
    HEAD_ROWS,
    NotRead,
    Table,
    TableFact,
    TableFormat,
    TableProblem,
    columns_of,
)

FORMATS: dict[str, TableFormat] = {".parquet": "parquet", ".arrow": "arrow"}

_PATIENCE = 60.0  # seconds; importing pyarrow takes one or two


def head(file: Path, python: str | None) -> Table:
    """The first rows of `file`, read by `python -m pitchpipe_runner.peek`."""
    kind = FORMATS[file.suffix.lower()]
    if python is None:
        return NotRead(f"the runner's Python, which reads {kind.capitalize()}, is not known")
    command = [python, "-m", "pitchpipe_runner.peek", str(file.resolve()), "--rows", str(HEAD_ROWS)]
    try:
        # Not the workspace's folder, lest `-m` finds a module in it.
        done = subprocess.run(
            command,
            cwd=Path(python).parent if Path(python).is_absolute() else None,
            env={**os.environ, "PYTHONSAFEPATH": "1", "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except OSError as error:
        return NotRead(f"`{python}` does not start: {(error.strerror or '').lower()}")
    except subprocess.TimeoutExpired:
        return NotRead(f"`{python}` took longer than {_PATIENCE:.0f} s to read it")
    try:
        answer: Any = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or [f"it exited with code {done.returncode}"])[-1]
        return NotRead(f"the runner's Python can't read it: {last}")
    return _table(kind, cast("dict[str, Any]", answer))


def _table(kind: TableFormat, answer: dict[str, Any]) -> Table:
    if answer.get("version") != FACTS_VERSION:
        return NotRead("the runner's Python holds another version of Pitchpipe")
    if "not_read" in answer:
        return NotRead(answer["not_read"])
    problem = TableProblem(answer["problem"]) if answer.get("problem") else None
    rows = tuple(cast("list[dict[str, Any]]", answer["rows"]))
    return TableFact(kind, columns_of(rows), rows, answer["complete"], problem)
