"""`pitchpipe completion`: static scripts made from the parser, so that they know every option."""

from __future__ import annotations

import argparse

from pitchpipe.keypath import dotted
from pitchpipe_cli import choosing, shells, terminal, workflow_file
from pitchpipe_cli.errors import Exit
from pitchpipe_cli.parser import build


def execute(arguments: argparse.Namespace) -> Exit:
    schema = workflow_file.schema()
    keys = [dotted(path) for path in schema.leaves() if not schema.keys((*path, 0))]
    terminal.out(shells.script(arguments.shell, shells.grammar(build(), keys, choosing.codes())))
    return Exit.DONE
