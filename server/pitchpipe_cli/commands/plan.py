"""`pitchpipe plan`: every resolved value of a workflow, and where it came from."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from itertools import groupby
from typing import Any, cast

from pitchpipe.keypath import KeyPath, dotted
from pitchpipe.plan import Origin, Plan, to_json
from pitchpipe_cli import columns, terminal, together, workflow_file
from pitchpipe_cli.errors import Exit
from pitchpipe_cli.together import Together

Row = tuple[str, str, str]

_DEFAULT = "default"
_LOOKED_UP = "looked up"  # a fact of this machine, which no file can set


def execute(arguments: argparse.Namespace) -> Exit:
    found = together.of_arguments(arguments)
    checked = found.whole
    found.tell()
    if checked.analysis is None or not found.can_run:
        return found.refusal
    plan = checked.analysis.plan()
    if arguments.format == "json":
        terminal.out_json(to_json(plan))
    elif terminal.is_terminal(sys.stdout):
        _draw(plan, rows(plan, found))
    else:
        terminal.out(columns.aligned(rows(plan, found)))
    return Exit.DONE


def rows(plan: Plan, read: Together) -> list[Row]:
    """Key path, value and origin of every value that a file can set, in the schema's order."""
    whole = to_json(plan)
    names = [*workflow_file.schema().keys(())]
    found = ((path, value) for name in names for path, value in _leaves((name,), whole[name]))
    return [
        (dotted(path), _shown(value), _origin(plan.origins, path, read)) for path, value in found
    ]


def _leaves(path: KeyPath, value: Any) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in cast("dict[str, Any]", value).items():
            yield from _leaves((*path, key), inner)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for index, inner in enumerate(cast("list[Any]", value)):
            yield from _leaves((*path, index), inner)
    else:
        yield path, value


def _shown(value: Any) -> str:
    """As YAML would have it on one line."""
    if isinstance(value, list):
        return f"[{', '.join(_shown(item) for item in cast('list[Any]', value))}]"
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, str):
        return value if value and value.isprintable() else repr(value)
    return f"{value:.10g}" if type(value) is float else json.dumps(value)


def _origin(origins: dict[str, Origin], path: KeyPath, read: Together) -> str:
    """The value's own origin, or that of what it lies in."""
    if workflow_file.schema().at(path) is None:
        return _LOOKED_UP
    owners = (dotted(path[:length]) for length in range(len(path), 0, -1))
    name = next((owner for owner in owners if owner in origins), "")
    origin = origins.get(name)
    if origin is None or origin.kind == "default":
        return _DEFAULT
    if origin.kind == "file":
        return f"{read.whole.name}:{origin.line}"
    if read.part is not None and name in read.laid:
        return read.part.name
    return f"--set {name}={origin.text}"


def _draw(plan: Plan, found: list[Row]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True)
    for section, members in groupby(found, key=lambda row: row[0].partition(".")[0]):
        rows = list(members)
        single = rows[0][0] == section and len(rows) == 1
        if not single:
            table.add_row(Text(section, "bold"))
        for path, value, origin in rows:
            name = path if single else f"  {path[len(section) + 1 :]}"
            style = "dim" if origin in {_DEFAULT, _LOOKED_UP} else "green"
            table.add_row(Text(name, "cyan"), Text(value), Text(origin, style))
    console = Console()
    console.print(Text.assemble((plan.name, "bold"), "  ", (plan.root, "dim")), soft_wrap=True)
    console.print(table)
