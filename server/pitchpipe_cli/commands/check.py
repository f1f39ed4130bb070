"""`pitchpipe check`: everything that is wrong with workflow files."""

from __future__ import annotations

import argparse
import sys

from pitchpipe_cli import listing, terminal, workflow_file
from pitchpipe_cli.errors import CommandError, Exit
from pitchpipe_cli.workflow_file import Checked


def execute(arguments: argparse.Namespace) -> Exit:
    """Warnings don't fail; a file that can't be read outweighs findings in the others."""
    files, unreadable = _check(sorted(dict.fromkeys(arguments.files)))
    if arguments.format == "json":
        terminal.out_json(listing.as_json(files, unreadable))
    else:
        _print(files, unreadable)
    if unreadable:
        return Exit.WRONG_ENVIRONMENT
    return max((c.verdict for c in files), default=Exit.DONE)


def _check(names: list[str]) -> tuple[list[Checked], dict[str, str]]:
    files: list[Checked] = []
    unreadable: dict[str, str] = {}
    for name in names:
        checked = _checked(name)
        if isinstance(checked, str):
            unreadable[name] = checked
        else:
            files.append(checked)
    return files, unreadable


def _checked(name: str) -> Checked | str:
    """The checked file, or why it can't be read."""
    try:
        return workflow_file.check(name)
    except CommandError as error:
        return str(error)


def _print(files: list[Checked], unreadable: dict[str, str]) -> None:
    paint = terminal.painter(sys.stdout)
    details = terminal.is_terminal(sys.stdout)
    for checked in files:
        terminal.out(listing.text(checked, paint, details))
    for message in unreadable.values():
        terminal.err(f"pitchpipe: {message}\n")
    terminal.out(f"{listing.summary(files)}\n" if files else "")
