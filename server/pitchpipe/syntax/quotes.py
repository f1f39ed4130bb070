"""The content of quoted scalars."""

from __future__ import annotations

import re

from pitchpipe.syntax.characters import BLANKS, BREAK, breaks, folded, folded_run

_ESCAPES = {
    "0": "\0",
    "a": "\x07",
    "b": "\x08",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\x0b",
    "f": "\x0c",
    "r": "\r",
    "e": "\x1b",
    " ": " ",
    '"': '"',
    "/": "/",
    "\\": "\\",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
}
_DOUBLE = re.compile(
    rf"\\(?:x(?P<x>[0-9a-fA-F]{{2}})|u(?P<u>[0-9a-fA-F]{{4}})|U(?P<U>[0-9a-fA-F]{{8}}))"
    rf"|\\(?P<skipped>{BREAK}[{BLANKS}]*)"
    r"|\\(?P<one>.)"
    rf"|(?P<run>[{BLANKS}]+)",
    re.DOTALL,
)
_LAST_CHARACTER = 0x10FFFF


def single(content: str) -> str:
    """What stands between single quotes, as a string."""
    return folded(content).replace("''", "'")


def double(content: str) -> str:
    """What stands between double quotes, as a string; escapes that YAML doesn't know stay."""
    return _DOUBLE.sub(_unescaped, content)


def _unescaped(match: re.Match[str]) -> str:
    if match["run"]:
        return folded_run(match["run"])
    if match["skipped"]:
        return breaks(match["skipped"])[1:]
    if match["one"]:
        return _ESCAPES.get(match["one"], match.group())
    code = int(match["x"] or match["u"] or match["U"], 16)
    if code > _LAST_CHARACTER or 0xD800 <= code <= 0xDFFF:
        return match.group()
    return chr(code)
