"""The entry point: reads the command line, runs the command, gives its exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    given = sys.argv[1:] if argv is None else argv
    if given[:1] == ["lsp"]:
        # An editor waits: nothing of this package is imported for it.
        return int(import_module("pitchpipe_cli.commands.lsp").become(given[1:]))
    return _command(given)


def _command(argv: Sequence[str]) -> int:
    from pitchpipe_cli import terminal  # see above
    from pitchpipe_cli.errors import CommandError, Exit
    from pitchpipe_cli.parser import build

    terminal.prepare()
    try:
        arguments = build(argv[0] if argv else None).parse_args(argv)
        command = import_module(f"pitchpipe_cli.commands.{arguments.command}")
        return int(command.execute(arguments))
    except CommandError as error:
        terminal.err(f"pitchpipe: {error}\n")
        return error.code
    except KeyboardInterrupt:
        terminal.err("pitchpipe: interrupted\n")
        return Exit.INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
