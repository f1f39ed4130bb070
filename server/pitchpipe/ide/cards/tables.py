"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """Two columns without a heading."""
    return grid(("", ""), rows)


def grid(header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> str:
    """A table; the columns in `right` are numbers."""
    rules = ["---:" if column in right else "---" for column in range(len(header))]
    lines = [_row(header), f"|{'|'.join(rules)}|", *map(_row, rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    escaped = (cell.replace("|", "\\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(escaped)} |"
