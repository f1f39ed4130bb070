"""`pitchpipe completion`: static scripts made from the parser, so that they know every option."""

from __future__ import annotations

import argparse

from pitchpipe_cli import shells, terminal
from pitchpipe_cli.errors import Exit
from pitchpipe_cli.parser import build


def execute(arguments: argparse.Namespace) -> Exit:
    terminal.out(shells.script(arguments.shell, shells.grammar(build())))
    return Exit.DONE
