"""What a finished run leaves on the screen: the evaluation, its cost, where the results lie."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pitchpipe_cli import columns, forecast, scores, terminal
from pitchpipe_cli.scores import Scores
from pitchpipe_cli.view import words
from pitchpipe_facts.runs import RunInfo


def show(run: RunInfo) -> None:
    """Prints the evaluation and what training took, as far as known, and the results' paths."""
    found = scores.read(run.folder)
    if found is not None:
        terminal.out("\n")
        _show_scores(found)
    if cost := forecast.table(run):
        terminal.out("\n")
        _show_cost(cost)
    terminal.out("\n" + columns.aligned(paths(run)))


def paths(run: RunInfo) -> list[tuple[str, str]]:
    """What can be opened or used, by name."""
    rows = [(name, words.shown(path)) for name, path in run.artifacts.items()]
    if run.report is not None and run.report not in run.artifacts.values():
        rows.append(("report", words.shown(run.report)))
    return rows or [("run folder", words.shown(run.folder))]


def _show_cost(rows: list[tuple[str, ...]]) -> None:
    if terminal.is_terminal(sys.stdout):
        _draw("training, as predicted and measured", forecast.HEADER, rows)
        return
    right = range(1, len(forecast.HEADER))
    terminal.out(f"training\n{columns.aligned((forecast.HEADER, *rows), right=right)}")


def _show_scores(found: Scores) -> None:
    if terminal.is_terminal(sys.stdout):
        _draw_scores(found)
        return
    terminal.out(text(found))


def text(found: Scores) -> str:
    """The scores without a terminal's means."""
    right = range(1, len(found.header))
    rows = columns.aligned((found.header, *found.rows), right=right)
    return f"{found.title}\n{rows}" + "".join(f"{note}\n" for note in found.notes)


def _draw_scores(found: Scores) -> None:
    _draw(found.title, found.header, found.rows, found.notes)


def _draw(
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    notes: Sequence[str] = (),
) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for number, name in enumerate(header):
        table.add_column(name, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    console = Console()
    console.print(table)
    for note in notes:
        console.print(note, highlight=False)
