"""A model's modules as people see them: a tree on a terminal, a line a row in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pitchpipe import amounts
from pitchpipe_cli import columns, terminal
from pitchpipe_cli.module_rows import RoleTotal, Row, Trained, places

if TYPE_CHECKING:
    from rich.table import Table

_WIDE = 100  # characters, from which on kinds and roles have columns of their own
_LINES = ("├── ", "└── ", "│   ", "    ")
_ASCII_LINES = ("|-- ", "`-- ", "|   ", "    ")

_SIGNS = "→×…"
_PLAIN = str.maketrans({"→": "->", "×": "x", "…": "..."})

_HEADER = ("MODULES", "KIND", "ROLE", "SHAPE", "COUNT", "PARAMETERS", "TRAINED")
_TOTALS = ("ROLE", "MODULES", "PARAMETERS", "SHARE", "TRAINED", "TRAINED PARAMETERS")
_NUMBERS = (4, 5)


class _Line(NamedTuple):
    name: str
    row: Row | None


@dataclass(slots=True)
class _Node:
    row: list[Row] = field(default_factory=list[Row])
    below: dict[str, _Node] = field(default_factory=dict[str, "_Node"])


def lines(found: Sequence[Row]) -> str:
    """One line a row, for pipes: whole paths, columns aligned."""
    return columns.aligned([_HEADER, *map(_cells, found)], _NUMBERS)


def total_lines(found: Sequence[RoleTotal]) -> str:
    return columns.aligned([_TOTALS, *_total_cells(found)], (1, 2, 3, 4, 5))


def draw(found: Sequence[Row], totals: Sequence[RoleTotal]) -> None:
    """The tree, and the totals below it, as wide as the terminal."""
    from rich.console import Console

    console = Console(highlight=False)
    console.print(_tree(found, console.width))
    console.print()
    console.print(_total_table(totals))


def _tree(found: Sequence[Row], width: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    any_trained = any(row.trained for row in found)
    wide = width >= _WIDE
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, overflow="ellipsis")
    for right in (False, False, False, True, True) if wide else (False, True):
        table.add_column(no_wrap=True, overflow="ellipsis", justify="right" if right else "left")
    if any_trained:
        table.add_column(no_wrap=True, overflow="ellipsis")
    for line in _drawn(_rooted(found), "", _guides()):
        if line.row is None:
            table.add_row(Text(line.name, "dim" if line.name.isspace() else ""))
            continue
        _, kind, role, size, count, parameters, trained = _cells(line.row)
        times = printable(f"×{count}") if count != "1" else ""
        if line.row.tied_to:
            parameters = "tied"
        shown = [kind, role, size, times, parameters] if wide else [size, parameters]
        style = "green" if line.row.trained else ""
        cells = [Text(line.name, style), *(Text(cell, style or "dim") for cell in shown)]
        table.add_row(*cells, *([Text(trained, style)] if any_trained else []))
    return table


def _total_table(totals: Sequence[RoleTotal]) -> Table:
    from rich import box
    from rich.table import Table

    any_trained = any(total.trained for total in totals)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    shown = len(_TOTALS) if any_trained else 4
    for number, name in enumerate(_TOTALS[:shown]):
        table.add_column(name.capitalize(), justify="right" if number else "left")
    for cells in _total_cells(totals):
        table.add_row(*cells[:shown])
    return table


def _total_cells(totals: Sequence[RoleTotal]) -> Iterator[tuple[str, ...]]:
    whole = sum(total.parameters for total in totals)
    for total in totals:
        yield (
            total.role,
            f"{total.modules:,}",
            f"{total.parameters:,}",
            percent(total.parameters, whole),
            f"{total.trained:,}" if total.trained else "",
            f"{total.trained_parameters:,}" if total.trained else "",
        )


def percent(part: int, whole: int) -> str:
    """`12.3 %`, `0.064 %`; "" of nothing."""
    if not whole:
        return ""
    value = 100 * part / whole
    return f"{value:.1f} %" if value >= 10 or not part else f"{value:.2g} %"


def _cells(row: Row) -> tuple[str, ...]:
    """Of each column of the header."""
    return tuple(map(printable, _texts(row)))


def printable(text: str) -> str:
    """`text`, in ASCII where the output has nothing else."""
    return text if terminal.can_print(sys.stdout, _SIGNS) else text.translate(_PLAIN)


def _texts(row: Row) -> tuple[str, ...]:
    group = row.group
    parameters = f"tied to {row.tied_to}" if row.tied_to and not row.numel else f"{row.numel:,}"
    return (
        row.path or "(the model itself)",
        group.kind,
        group.role,
        row.size,
        str(group.count),
        parameters,
        _trained(row.trained, group.count),
    )


def _trained(trained: Trained | None, count: int) -> str:
    if trained is None:
        return ""
    part = f" in {trained.modules} of {count}" if trained.modules < count else ""
    return f"{trained.how}{part}: {amounts.number(trained.parameters)}"


# The tree


def _rooted(found: Sequence[Row]) -> _Node:
    root = _Node()
    for row in found:
        node = root
        for part in _parts(row):
            node = node.below.setdefault(part, _Node())
        node.row.append(row)
    return root


def _parts(row: Row) -> Iterator[str]:
    """The names on the path; a list and its layers are one: `layers.{0..31}`."""
    filled = iter(places(row.group.at))
    held = ""
    for part in row.group.path.split("."):
        if part == "{}":
            held = f"{held}.{next(filled)}" if held else next(filled)
            continue
        if held:
            yield held
        held = part
    if held:
        yield held


def _drawn(node: _Node, lead: str, guides: Sequence[str]) -> Iterator[_Line]:
    """The lines below `node`. A name that holds nothing but another is written with it."""
    fork, last, through, blank = guides
    count = len(node.below)
    for number, (name, child) in enumerate(node.below.items(), start=1):
        while not child.row and len(child.below) == 1:
            ((inner, child),) = child.below.items()
            name = f"{name}.{inner}"
        here = last if number == count else fork
        first, *others = child.row or [None]
        yield _Line(f"{lead}{here}{name}", first)
        further = lead + (blank if number == count else through)
        yield from (_Line(f"{further}{name}", row) for row in others)
        yield from _drawn(child, further, guides)


def _guides() -> Sequence[str]:
    return _LINES if terminal.can_print(sys.stdout, _LINES[0]) else _ASCII_LINES
