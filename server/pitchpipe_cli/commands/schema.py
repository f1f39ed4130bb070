"""`pitchpipe schema`: the contracts, for editors and scripts."""

from __future__ import annotations

import argparse

import pitchpipe_schemas
from pitchpipe_cli import terminal
from pitchpipe_cli.errors import Exit


def execute(arguments: argparse.Namespace) -> Exit:
    terminal.out_bytes(pitchpipe_schemas.text(arguments.name).encode("utf-8"))
    return Exit.DONE
