"""What commands cost that a benchmark starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def cpu_seconds(command: list[str], cwd: Path) -> float:
    """What one run of `command` takes, its children included."""
    # As for users, whose Python keeps the byte code.
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before = _of_children()
    subprocess.run(command, cwd=cwd, env=variables, stdout=subprocess.DEVNULL, check=False)
    return _of_children() - before


def _of_children() -> float:
    if sys.platform == "win32":
        raise SystemExit("Windows does not count the time of ended child processes")
    import resource

    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
