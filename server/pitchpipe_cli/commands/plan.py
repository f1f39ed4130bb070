"""`pitchpipe plan`: every resolved value of a workflow, and where it came from."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import groupby
from typing import Any, cast

from pitchpipe.plan import Origin, Plan, to_json
from pitchpipe_cli import columns, listing, terminal, workflow_file
from pitchpipe_cli.errors import Exit

Row = tuple[str, str, str]


def execute(arguments: argparse.Namespace) -> Exit:
    overrides = workflow_file.overrides(arguments.overrides)
    checked = workflow_file.check(arguments.file, overrides)
    listing.tell(checked)
    if checked.analysis is None or checked.has_errors:
        return Exit.WRONG_FILE
    plan = checked.analysis.plan()
    if arguments.format == "json":
        terminal.out_json(to_json(plan))
    elif terminal.is_terminal(sys.stdout):
        _draw(plan, rows(plan, checked.name))
    else:
        terminal.out(columns.aligned(rows(plan, checked.name)))
    return Exit.DONE


def rows(plan: Plan, file: str) -> list[Row]:
    """Key path, value and origin of every value that a file can set, in the schema's order."""
    whole = to_json(plan)
    names = [*workflow_file.schema().keys(())]
    found = ((path, value) for name in names for path, value in _leaves(name, whole[name]))
    return [(path, _shown(value), _origin(plan.origins, path, file)) for path, value in found]


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in cast("dict[str, Any]", value).items():
            yield from _leaves(f"{path}.{key}", inner)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for index, inner in enumerate(cast("list[Any]", value)):
            yield from _leaves(f"{path}[{index}]", inner)
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
    return {None: "null", True: "true", False: "false"}.get(value, f"{value:.10g}")


def _origin(origins: dict[str, Origin], path: str, file: str) -> str:
    """The value's own origin, or that of what it lies in."""
    while path not in origins and (cut := max(path.rfind("."), path.rfind("["))) > 0:
        path = path[:cut]
    origin = origins.get(path)
    if origin is None or origin.kind == "default":
        return "default"
    return f"{file}:{origin.line}" if origin.kind == "file" else f"--set {path}={origin.text}"


def _draw(plan: Plan, found: list[Row]) -> None:
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

    tree = Tree(Text.assemble((plan.name, "bold"), "  ", (plan.root, "dim")), guide_style="dim")
    width = max(len(path.partition(".")[2] or path) for path, _, _ in found)
    for section, members in groupby(found, key=lambda row: row[0].partition(".")[0]):
        members = list(members)
        single = members[0][0] == section and len(members) == 1
        branch = tree if single else tree.add(Text(section, "bold"))
        for path, value, origin in members:
            name = path if single else path[len(section) :].lstrip(".")
            style = "dim" if origin == "default" else "green"
            branch.add(Text.assemble((f"{name:{width}}", "cyan"), f"  {value}  ", (origin, style)))
    Console().print(tree)
