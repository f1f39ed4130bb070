"""`pitchpipe lsp`: the language server, in this process's place."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence


def execute(arguments: argparse.Namespace) -> int:
    return become(arguments.wire)


def become(wire: Sequence[str]) -> int:
    """Starts the server with these arguments; on Windows, which can't, waits for its end."""
    command = [sys.executable, "-m", "pitchpipe_server", *wire]
    if sys.platform != "win32":
        os.execv(sys.executable, command)
    return subprocess.call(command)
