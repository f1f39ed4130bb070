"""The two output streams: colours, characters that they can't print, and readers that hang up."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

from pitchpipe_cli.errors import CommandError, reason

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}

# A pipe without a reader (on Windows the last one), and a terminal that is gone.
_HUNG_UP = {errno.EPIPE, errno.EIO, errno.EINVAL}

Paint = Callable[[str, str], str]


def prepare() -> None:
    """Characters that a stream's encoding lacks become `?` instead of an exception."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def out(text: str) -> None:
    """Writes to stdout at once."""
    _write(sys.stdout, text)


def err(text: str) -> None:
    """Writes to stderr at once."""
    _write(sys.stderr, text)


def out_json(value: Any) -> None:
    """Writes `value` to stdout as indented JSON, in ASCII where the stream is not UTF-8."""
    out(json.dumps(value, indent=2, ensure_ascii=not _is_utf8(sys.stdout)) + "\n")


def out_bytes(data: bytes) -> None:
    """Writes UTF-8 bytes to stdout, unchanged whatever its encoding."""
    sys.stdout.flush()
    _guarded(sys.stdout, lambda: (sys.stdout.buffer.write(data), sys.stdout.buffer.flush()))


def _write(stream: TextIO, text: str) -> None:
    _guarded(stream, lambda: (stream.write(text), stream.flush()))


def _guarded(stream: TextIO, write: Callable[[], object]) -> None:
    """A reader that hangs up (`| head`) ends the output, not the command with its exit code.

    Raises:
        CommandError: the output can't be written for another reason, such as a full disk.
    """
    try:
        write()
    except OSError as error:
        # What is still in the buffer must go somewhere, or Python complains at its end.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
        if error.errno not in _HUNG_UP:
            raise CommandError(f"the output could not be written: {reason(error)}") from error


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at `stream` on a screen that can move its cursor."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def painter(stream: TextIO) -> Paint:
    """`paint(style, text)` for `stream`; it leaves the text as it is where colours are unwelcome.

    https://no-color.org: NO_COLOR turns them off; FORCE_COLOR turns them on where no terminal is.
    """
    wanted = bool(os.environ.get("FORCE_COLOR")) or (is_terminal(stream) and _understands_escapes())
    if os.environ.get("NO_COLOR") or not wanted:
        return lambda style, text: text
    return lambda style, text: f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def _understands_escapes() -> bool:
    """Windows' console has to be asked for it."""
    if sys.platform != "win32":
        return True
    import ctypes

    kernel, enable = ctypes.windll.kernel32, 0x0004  # ENABLE_VIRTUAL_TERMINAL_PROCESSING
    mode = ctypes.c_uint32()
    handle = kernel.GetStdHandle(-11)  # STD_OUTPUT_HANDLE
    if not kernel.GetConsoleMode(handle, ctypes.byref(mode)):
        return False
    return bool(kernel.SetConsoleMode(handle, mode.value | enable))


def can_print(stream: TextIO, text: str) -> bool:
    """Whether the stream's encoding has every character of `text`."""
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _is_utf8(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "") == "utf8"
