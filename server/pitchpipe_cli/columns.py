"""Rows of text set in columns, for where the output is not a terminal."""

from __future__ import annotations

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """One line a row, columns two spaces apart; those numbered in `right` are set to the right."""
    count = max(map(len, rows), default=0)
    widths = [max((len(row[i]) for row in rows if i < len(row)), default=0) for i in range(count)]
    lines = (
        "  ".join(_cell(row[i], widths[i], i in right) for i in range(len(row))) for row in rows
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _cell(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)
