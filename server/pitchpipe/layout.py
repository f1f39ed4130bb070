"""How a document is laid out, so that what is inserted looks like what is there."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LOOKED_AT = 20_000  # code points from the start
_KEY = r"^( *)[^\s#-][^\n#]*:[ \t]*(?:#[^\n]*)?\r?\n(?:[ \t]*\r?\n)*"
_NESTED = re.compile(_KEY + r"( +)[^\s#-]", re.MULTILINE)
_LISTED = re.compile(_KEY + r"( *)-[ \t]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Layout:
    """`unit`: columns from a key to those below it; `dash`: from a key to its list's dashes."""

    unit: int = 2
    dash: int = 2
    newline: str = "\n"


def layout(text: str) -> Layout:
    """What the beginning of a text shows; the usual where it shows nothing."""
    head = text[:_LOOKED_AT]
    units = (len(m[2]) - len(m[1]) for m in _NESTED.finditer(head))
    dashes = (len(m[2]) - len(m[1]) for m in _LISTED.finditer(head))
    unit = next((step for step in units if step > 0), 2)
    dash = next((step for step in dashes if step >= 0), 2)
    return Layout(unit, dash, "\r\n" if "\r\n" in head else "\n")
