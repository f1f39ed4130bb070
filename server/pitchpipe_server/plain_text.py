"""Markdown for clients that show text alone."""

from __future__ import annotations

import re

_LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
_MARKS = re.compile(r"\*\*|`|^#+ ", re.MULTILINE)
_RULE = re.compile(r"^\|(?:\s*:?-+:?\s*\|)+\s*$")


def plain_text(text: str) -> str:
    """The words of a Markdown text: without marks, tables as columns, links as their text."""
    lines: list[str] = []
    fenced = False
    for line in text.split("\n"):
        if line.startswith("```"):
            fenced = not fenced
        elif fenced:
            lines.append(line)
        elif line.startswith("|"):
            if not _RULE.match(line) and (cells := _cells(line)):
                lines.append("  ".join(cells))
        else:
            lines.append(_MARKS.sub("", _LINK.sub(r"\1", line)))
    return "\n".join(lines).strip() + "\n"


def _cells(line: str) -> list[str]:
    cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
    found = [_MARKS.sub("", _LINK.sub(r"\1", cell)).replace("\\|", "|").strip() for cell in cells]
    return [cell for cell in found if cell]
