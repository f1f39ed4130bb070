"""Which Python trains: the runner may live in another environment than this command."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from pitchpipe_cli.errors import CommandError
from pitchpipe_facts import runner_process

VARIABLE = runner_process.PYTHON_VARIABLE


def find(option: str | None) -> str:
    """The absolute path of the interpreter that the user named, else of this command's own.

    Raises:
        CommandError: there is no such program.
    """
    program = option or named()
    found = shutil.which(os.path.expanduser(program))  # noqa: PTH111  # Path's raises without a home
    if found is None:
        source = "--python" if option else f"${VARIABLE}"
        raise CommandError(f"{source} names {program}, which is no program")
    # Not resolved: a virtual environment is found by the path of its link.
    return str(Path(found).absolute())


def named() -> str:
    """The interpreter that nothing on the command line overrides; it need not exist."""
    return os.environ.get(VARIABLE) or sys.executable
