"""What ends a command early."""

from __future__ import annotations

import enum


class Exit(enum.IntEnum):
    """What the exit codes mean, everywhere in Pitchpipe."""

    DONE = 0
    WRONG_FILE = 1
    WRONG_ENVIRONMENT = 2
    RUN_FAILED = 3
    INTERRUPTED = 130


class CommandError(Exception):
    """The command can't go on. Its text is a sentence for people, without a full stop."""

    def __init__(self, message: str, code: Exit = Exit.WRONG_ENVIRONMENT) -> None:
        super().__init__(message)
        self.code = code


def reason(error: OSError | ValueError) -> str:
    """Why the system refused, without the error number and the path."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return str(error)
