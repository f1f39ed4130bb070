"""Tables of an estimate: in colours on a terminal, plain columns elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import cycle, zip_longest
from typing import TYPE_CHECKING

from pitchpipe_cli import columns, terminal
from pitchpipe_cli.estimate_tables import Mark, Table

if TYPE_CHECKING:
    from rich.console import RenderableType

_BAR = 24  # characters of the longest bar
_GAP = 2  # characters between columns
_BLOCK, _ASCII = "█", "#"
_ASCII_SIGNS = str.maketrans({"×": "x", "→": "->"})
_STYLES: dict[Mark, str] = {"good": "green", "open": "yellow", "bad": "red"}
_PARTS = ("blue", "magenta", "cyan", "green", "yellow", "red")


def show(tables: Iterable[Table]) -> None:
    """Writes them to stdout."""
    found = [table for table in tables if table.rows]
    if terminal.is_terminal(sys.stdout):
        _draw(found)
    else:
        terminal.out("\n".join(map(plain, found)))


def plain(table: Table) -> str:
    """One line a row, in ASCII where the output has nothing else."""
    bars = [_bar(share) for share in table.shares] or [""] * len(table.rows)
    rows = [(*row, bar) for row, bar in zip(table.rows, bars, strict=True)]
    lines = [table.header, *rows] if table.header else rows
    text = columns.aligned(lines, table.right) + "".join(f"{note}\n" for note in table.notes)
    return text if terminal.can_print(sys.stdout, text) else text.translate(_ASCII_SIGNS)


def _bar(share: float) -> str:
    block = _BLOCK if terminal.can_print(sys.stdout, _BLOCK) else _ASCII
    return block * round(_BAR * share)


def _draw(tables: list[Table]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    for number, table in enumerate(tables):
        if number:
            console.print()
        console.print(_drawn(table, bars=_width(table) + _BAR + _GAP <= console.width))
        for note in table.notes:
            console.print(note, style="dim", markup=False)


def _width(table: Table) -> int:
    """Of its widest rows, without bars."""
    cells = zip_longest(*table.rows, table.header, fillvalue="")
    return sum(max(map(len, column)) + _GAP for column in cells) - _GAP


def _drawn(table: Table, *, bars: bool) -> RenderableType:
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid.grid(padding=(0, _GAP))
    widest = max(map(len, table.rows))
    for column in range(widest):
        right = column in table.right
        # Numbers stay whole; what is said in words is folded on narrow terminals.
        grid.add_column(justify="right" if right else "left", no_wrap=right, overflow="fold")
    if table.shares and bars:
        grid.add_column(no_wrap=True, overflow="crop")
    if table.header:
        grid.add_row(*(Text(name, "bold") for name in table.header))
    colours = cycle(_PARTS)
    for number, row in enumerate(table.rows):
        mark = _STYLES[table.marks[number]] if table.marks else ""
        cells = [Text(row[0], "cyan"), *(Text(cell) for cell in row[1:])]
        if mark:
            cells[-1].stylize(mark)
        if table.shares and bars:
            cells.append(Text(_bar(table.shares[number]), mark or next(colours)))
        grid.add_row(*cells)
    return grid
