"""`pitchpipe preview`: rows as the model will see them."""

from __future__ import annotations

import argparse
import sys
import unicodedata

from pitchpipe import preview
from pitchpipe.plan import to_json
from pitchpipe.preview import Preview, Row
from pitchpipe_cli import interpreter, listing, terminal, workflow_file
from pitchpipe_cli.errors import CommandError, Exit
from pitchpipe_facts import previews
from pitchpipe_facts.previews import NoPreview

VERSION = 1


def execute(arguments: argparse.Namespace) -> Exit:
    checked = workflow_file.check(arguments.file, workflow_file.overrides(arguments.overrides))
    listing.tell(checked)
    if checked.analysis is None or not checked.can_run:
        return checked.refusal
    python = interpreter.find(arguments.python)
    plan = checked.analysis.plan(trust_remote_code=arguments.trust_remote_code)
    shown = previews.show(plan, python, rows=arguments.rows, skip=arguments.skip)
    if isinstance(shown, NoPreview):
        code = Exit.WRONG_FILE if shown.file_is_wrong else Exit.WRONG_ENVIRONMENT
        raise CommandError(shown.message, code)
    if arguments.format == "json":
        terminal.out_json({"version": VERSION, **to_json(shown)})
    else:
        terminal.out(text(shown))
    return Exit.DONE


def text(shown: Preview) -> str:
    """Learnt tokens are green and the others dim; without colours, marks stand around the first."""
    paint = terminal.painter(sys.stdout)
    coloured = paint("green", "") != ""
    blocks = [
        "\n".join([
            paint("bold", preview.heading(row)),
            *([_coloured(row, paint) if coloured else _marked(row)] if row.tokens else []),
        ])
        for row in shown.rows
    ]
    how = (
        f"{paint('green', 'learnt')} and {paint('dim', 'given')}"
        if coloured
        else f"learnt in {_printable(preview.OPEN)}{_printable(preview.CLOSE)}"
    )
    return "\n\n".join([*blocks, f"{preview.closing(shown)}; {how}"]) + "\n"


def _coloured(row: Row, paint: terminal.Paint) -> str:
    """Line by line, so that a pager that starts anew at each keeps the colours."""
    return "".join(
        "\n".join(paint("green" if learnt else "dim", line) if line else "" for line in lines)
        for learnt, part in row.stretches
        for lines in [_harmless(part).split("\n")]
    )


def _marked(row: Row) -> str:
    return "".join(
        f"{_printable(preview.OPEN)}{part}{_printable(preview.CLOSE)}" if learnt else part
        for learnt, text in row.stretches
        for part in [_harmless(text)]
    )


def _printable(mark: str) -> str:
    if terminal.can_print(sys.stdout, mark):
        return mark
    return {preview.OPEN: "[[", preview.CLOSE: "]]"}[mark]


def _harmless(text: str) -> str:
    """Control characters of the data, which a terminal would obey, become their escapes."""
    return "".join(f"\\x{ord(c):02x}" if _is_control(c) else c for c in text)


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc" and character not in "\n\t"
