"""The characters that YAML's grammar is made of, for use in regular expressions."""

from __future__ import annotations

import re

BLANKS = " \t\r\n\x85\u2028\u2029"
"""What separates tokens. libyaml holds to YAML 1.1, where the last three end lines too."""
BREAK = "(?:\r\n|[\r\n\x85\u2028\u2029])"
NOT_BREAK = "[^\r\n\x85\u2028\u2029]"
ENDS = rf"(?=[{BLANKS}]|\Z)"
"""Behind the indicators that need a blank: `-`, `?`, `:`."""
SKIPPED = rf"(?:[{BLANKS}]+#{NOT_BREAK}*(?={BREAK}|\Z))*[{BLANKS}]*"
"""Blanks and whole comments, perhaps none."""
NAME = rf"[0-9A-Za-z_-]+(?=[{BLANKS}?:,\]}}%@`]|\Z)"
"""The name of an anchor or an alias."""
PROPERTY = rf"(?:&{NAME}|!<[^>\r\n]*>|![^{BLANKS},\[\]{{}}]*)"
"""An anchor or a tag."""

_RUN = re.compile(f"[{BLANKS}]+")
_ANY_BREAK = re.compile(BREAK)


def folded(text: str) -> str:
    """A plain or quoted scalar of several lines as one string: breaks become blanks."""
    return _RUN.sub(lambda run: folded_run(run.group()), text) if _ANY_BREAK.search(text) else text


def folded_run(run: str) -> str:
    """What a run of blanks and line breaks inside a scalar stands for."""
    found = breaks(run)
    if not found:
        return run
    if found[0] != "\n":
        return found
    return found[1:] or " "


def breaks(run: str) -> str:
    """The line breaks of a run of blanks, as YAML's readers hand them on."""
    found = _ANY_BREAK.findall(run)
    return "".join(each if each in "\u2028\u2029" else "\n" for each in found)
