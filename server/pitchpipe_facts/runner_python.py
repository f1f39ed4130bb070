"""Questions that only the runner's environment can answer: put to its Python, answered in JSON."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from pitchpipe.facts import FACTS_VERSION, NotRead


def ask(
    python: str,
    module: str,
    arguments: Sequence[str],
    *,
    doing: str,
    patience: float,
    given: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> dict[str, Any] | NotRead:
    """What `python -m module arguments…` prints, if it is an object of this version of the facts.

    `doing` completes "the runner's Python can't …"; `given` is its standard input, `variables` are
    added to its environment; `patience` is in seconds.
    """
    command = [python, "-m", module, *arguments]
    try:
        # Not the workspace's folder, lest `-m` finds a module in it.
        done = subprocess.run(
            command,
            cwd=Path(python).parent if Path(python).is_absolute() else None,
            env={
                **os.environ,
                "PYTHONSAFEPATH": "1",
                "PYTHONIOENCODING": "utf-8",
                **(variables or {}),
            },
            capture_output=True,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            encoding="utf-8",
            errors="replace",
            timeout=patience,
            check=False,
        )
    except OSError as error:
        return NotRead(f"`{python}` does not start: {(error.strerror or '').lower()}")
    except subprocess.TimeoutExpired:
        return NotRead(f"`{python}` took longer than {patience:.0f} s to {doing}")
    try:
        answer: Any = json.loads(done.stdout)
    except (ValueError, RecursionError):
        last = (done.stderr.strip().splitlines() or [f"it exited with code {done.returncode}"])[-1]
        return NotRead(f"the runner's Python can't {doing}: {last}")
    found = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
    if found.get("version") != FACTS_VERSION:
        return NotRead("the runner's Python holds another version of Pitchpipe")
    return NotRead(str(found["not_read"])) if "not_read" in found else found
