"""`pitchpipe convert`: writes a file anew in another tool's format, or in our own."""

from __future__ import annotations

import argparse
from pathlib import Path

from pitchpipe.converting import Conversion, convert
from pitchpipe_cli import listing, terminal, workflow_file
from pitchpipe_cli.errors import CommandError, Exit, reason
from pitchpipe_facts import run_index


def execute(arguments: argparse.Namespace) -> Exit:
    target = Path(arguments.output) if arguments.output else None
    if target is not None and target.exists() and not arguments.force:
        raise CommandError(f"{target} exists already; `--force` overwrites it")
    checked = workflow_file.check(arguments.file, dialect=arguments.dialect)
    listing.tell(checked)
    if checked.analysis is None or checked.has_errors:
        return checked.verdict
    # What is printed is likely put into a file here.
    folder = str(Path.cwd() if target is None else target.absolute().parent)
    found = convert(checked.analysis, arguments.to, folder)
    if target is None:
        terminal.out(found.text)
    else:
        try:
            run_index.write_atomically(target, found.text)
        except OSError as error:
            raise CommandError(f"cannot write {target}: {reason(error)}") from error
        terminal.out(f"wrote {target}\n")
    _report(found)
    return Exit.DONE


def _report(found: Conversion) -> None:
    """What the new file doesn't say."""
    if found.losses:
        terminal.err("pitchpipe: not carried over:\n")
        for loss in found.losses:
            terminal.err(f"  {loss.key}: {loss.reason}\n")
