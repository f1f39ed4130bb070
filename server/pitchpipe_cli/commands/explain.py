"""`pitchpipe explain`: a check, a key or a workflow file in plain words."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import pitchpipe_schemas
from pitchpipe import amounts, key_page
from pitchpipe.analyse import Analysis
from pitchpipe.costs.cost import Cost
from pitchpipe.keypath import KeyPath, dotted, parse_dotted
from pitchpipe.suggest import nearest, one_of
from pitchpipe_cli import costing, listing, terminal, workflow_file
from pitchpipe_cli.errors import CommandError, Exit

_LEARNERS = {
    "full": "All weights of {} learn",
    "lora": "A LoRA adapter of {} learns",
    "qlora": "A LoRA adapter learns beside a quantized {}",
}


def execute(arguments: argparse.Namespace) -> Exit:
    what: str = arguments.what
    if page := pitchpipe_schemas.page(what):
        _show(page)
        return Exit.DONE
    if _is_file(what):
        return _file(what)
    places = _places(what)
    if not places:
        raise CommandError(_unknown(what))
    _show(_keys(places))
    return Exit.DONE


def _is_file(what: str) -> bool:
    """A name without an ending or a folder is a key, also where a file is called so."""
    named_so = what.lower().endswith((".yaml", ".yml")) or any(c in what for c in "/\\")
    return what == workflow_file.STDIN or named_so


def _file(name: str) -> Exit:
    checked = workflow_file.check(name)
    listing.tell(checked)
    if checked.analysis is None or not checked.can_run:
        return checked.refusal
    _show(_told(checked.analysis, checked.name))
    return Exit.DONE


def _told(analysis: Analysis, name: str) -> str:
    plan = analysis.plan()
    try:
        found = costing.cost_of(analysis)
    except CommandError as error:
        costs = f"- what it takes is not known: {error}"
    else:
        costs = "".join(f"- {line}\n" for line in _costs(found)).rstrip()
    sources = ", ".join(f"`{s.path or s.dataset_name}`" for s in plan.data.train)
    who = _LEARNERS[plan.method.type].format(f"`{plan.model.name_or_path}`")
    own = [(path, o.text) for path, o in plan.origins.items() if o.kind == "file"]
    changed = "".join(f"- `{path}`" + (f": {text}\n" if text else "\n") for path, text in own)
    task = "to answer with a label" if plan.task == "classification" else "to generate text"
    return (
        f"# {plan.name}\n\n{who} {task} from {sources}.\n\n"
        f"{costs}\n- {amounts.plural(len(analysis.findings), 'finding')} in `{name}`\n\n"
        f"## What the file sets\n\n{changed}"
    )


def _costs(found: Cost) -> Iterator[str]:
    cost, work = found.estimate, found.work
    if work.steps is not None:
        yield f"about {work.steps.likely:,} steps of {work.effective_batch} sequences"
    if found.targets is not None:
        leaves = [a.group.leaf for a in found.targets.modules]
        leaves += [f"{a.group.leaf}.{a.parameter.name}" for a in found.targets.parameters]
        said = ", ".join(f"`{leaf}`" for leaf in dict.fromkeys(leaves))
        yield f"adapted modules: {said or 'none'}"
    yield f"{cost.trainable:,} of {cost.parameters:,} parameters are trained"
    low, high = amounts.size(cost.total.low), amounts.size(cost.total.high)
    yield f"memory on {found.machine.name}: {low} to {high}"
    if found.time is not None:
        ends = found.time.seconds
        yield f"time: {amounts.seconds(ends.low)} to {amounts.seconds(ends.high)}"


def _places(what: str) -> list[KeyPath]:
    try:
        return key_page.find(workflow_file.schema(), parse_dotted(what))
    except ValueError:
        return []


def _keys(places: list[KeyPath]) -> str:
    """The key's page; where it may be one of several, their list."""
    schema = workflow_file.schema()
    if len(places) == 1:
        return key_page.page(schema, places[0])
    name = places[0][-1]
    rows = (
        f"- `{dotted(path)}`: "
        + key_page.first_sentence(str((schema.at(path) or {}).get("description", "")))
        for path in places
    )
    return f"# `{name}`\n\nA key of several sections:\n\n" + "\n".join(rows) + "\n"


def _unknown(what: str) -> str:
    """Says what is near: a code, a key, or a file in this folder."""
    schema = workflow_file.schema()
    try:
        key = key_page.near(schema, parse_dotted(what))
    except ValueError:
        key = None
    code = nearest(what, pitchpipe_schemas.pages())
    near = [name for name in (code, key) if name]
    if _is_there(what):
        return f"`{what}` is no check's code and no key; a workflow file ends in .yaml or .yml"
    advice = f"; did you mean {one_of(near)}?" if near else ""
    return f"there is no check, key or workflow file `{what}`{advice}"


def _is_there(name: str) -> bool:
    try:
        return Path(name).is_file()
    except OSError:  # such as a name that no file can have
        return False


def _show(markdown: str) -> None:
    """Drawn on a terminal; the Markdown itself elsewhere."""
    if not terminal.is_terminal(sys.stdout):
        terminal.out(markdown)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(markdown))
