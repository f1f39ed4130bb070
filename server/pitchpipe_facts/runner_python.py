"""Questions that only the runner's environment can answer: put to its Python, answered in JSON."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from pitchpipe.facts import FACTS_VERSION, NotRead


class Stop:
    """Ends questions that nobody wants answered any more; from any thread, at any time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self.asked = False

    def stop(self) -> None:
        """Kills the process that works on the answer, or that would begin to."""
        with self._lock:
            self.asked = True
            self._kill()

    def holds(self, process: subprocess.Popen[str]) -> None:
        """From here on it is this process that is killed."""
        with self._lock:
            self._process = process
            if self.asked:
                self._kill()

    def _kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(OSError):  # it has ended
                self._process.kill()


def ask(
    python: str,
    module: str,
    arguments: Sequence[str],
    *,
    doing: str,
    patience: float,
    given: str | None = None,
    variables: Mapping[str, str] | None = None,
    stop: Stop | None = None,
) -> dict[str, Any] | NotRead:
    """What `python -m module arguments…` prints, if it is an object of this version of the facts.

    `doing` completes "the runner's Python can't …"; `given` is its standard input, `variables` are
    added to its environment; `patience` is in seconds. `stop` can end it earlier.
    """
    command = [python, "-m", module, *arguments]
    try:
        # Not the workspace's folder, lest `-m` finds a module in it.
        process = subprocess.Popen(
            command,
            cwd=Path(python).parent if Path(python).is_absolute() else None,
            env={
                **os.environ,
                "PYTHONSAFEPATH": "1",
                "PYTHONIOENCODING": "utf-8",
                **(variables or {}),
            },
            stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        return NotRead(f"`{python}` does not start: {(error.strerror or '').lower()}")
    if stop is not None:
        stop.holds(process)
    with process:
        try:
            output, said = process.communicate(given, patience)
        except subprocess.TimeoutExpired:
            process.kill()
            return NotRead(f"`{python}` took longer than {patience:.0f} s to {doing}")
        except BaseException:
            process.kill()
            raise
    if stop is not None and stop.asked:
        return NotRead("nobody waits for it any more")
    try:
        answer: Any = json.loads(output)
    except (ValueError, RecursionError):
        last = (said.strip().splitlines() or [f"it exited with code {process.returncode}"])[-1]
        return NotRead(f"the runner's Python can't {doing}: {last}")
    found = cast("dict[str, Any]", answer) if isinstance(answer, dict) else {}
    if found.get("version") != FACTS_VERSION:
        return NotRead("the runner's Python holds another version of Pitchpipe")
    return NotRead(str(found["not_read"])) if "not_read" in found else found
