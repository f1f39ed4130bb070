"""`pitchpipe estimate`: the memory, steps and time of a workflow before it runs."""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from pitchpipe.analyse import Analysis
from pitchpipe.costs.cost import Cost
from pitchpipe.facts import NotRead
from pitchpipe.plan import Plan, to_json
from pitchpipe.suggest import all_of
from pitchpipe_cli import (
    costing,
    estimate_tables,
    estimate_view,
    interpreter,
    listing,
    spreading,
    terminal,
    together,
)
from pitchpipe_cli.errors import CommandError, Exit, reason
from pitchpipe_cli.estimate_tables import Asked
from pitchpipe_cli.workflow_file import Checked
from pitchpipe_facts.token_counts import TokenCounts

VERSION = 1

# What many have, and what many rent.
_COMMON = (
    *("RTX 3060", "RTX 4060 Ti 16GB", "RTX 4090", "RTX 5090", "L4", "L40S"),
    *("A100 40GB", "A100 80GB", "H100 SXM", "H200"),
)
_SHOWN_BELOW = "does-not-fit"  # for this machine, whatever devices are asked about
_OWN = "pitchpipe: "  # begins what the runner says
_PATIENCE = 900.0  # seconds for a traced step


def execute(arguments: argparse.Namespace) -> Exit:
    both = together.of_arguments(arguments)
    checked = both.whole
    for one in both.files:
        told = tuple(f for f in one.findings if f.code != _SHOWN_BELOW)
        listing.tell(replace(one, findings=told))
    if checked.analysis is None:
        return both.verdict
    plan = checked.analysis.plan() if both.can_run else None
    if plan is not None and (arguments.count_tokens or arguments.exact):
        _count(plan, interpreter.find(arguments.python))
    devices: list[str] = arguments.device
    try:
        found = costing.cost_of(checked.analysis, devices[0] if devices else None)
    except CommandError as error:
        if plan is not None:
            raise
        # What is to be mended has been said, but not why there is no estimate of the rest.
        terminal.err(f"pitchpipe: nothing is estimated: {error}\n")
        return both.verdict
    if plan is None:
        terminal.err(f"pitchpipe: {_provisional(found, arguments)}\n")
    asked = _asked(arguments, checked.analysis, found, plan)
    if arguments.format == "json":
        terminal.out_json(as_json(found, asked, checked))
    else:
        estimate_view.show(estimate_tables.tables(found, asked))
    return both.verdict


def _asked(
    arguments: argparse.Namespace, analysis: Analysis, found: Cost, plan: Plan | None
) -> Asked:
    count = arguments.devices or found.machine.count
    several = count > 1 or arguments.sharding is not None
    traced = None
    if arguments.exact and plan is not None:
        traced = _traced(plan, found, interpreter.find(arguments.python))
    return Asked(
        others=costing.elsewhere(analysis, arguments.device[1:] or _COMMON),
        compared=arguments.compare,
        spread=spreading.spread(found, count, arguments.sharding) if several else None,
        count=count,
        traced=traced,
    )


def _provisional(found: Cost, arguments: argparse.Namespace) -> str:
    """What the estimate of a file with errors takes for granted."""
    said = "the file has errors, so this is what it comes to as far as it can be read"
    if found.settings.wrong:
        said += f"; defaults stand in for {all_of(found.settings.wrong)}"
    if arguments.exact or arguments.count_tokens:
        said += "; no tokens were counted and no step was traced"
    return said


def _count(plan: Plan, python: str) -> None:
    terminal.err("counting tokens …\n")
    counted = TokenCounts().count(plan, python)
    if isinstance(counted, NotRead):
        terminal.err(f"pitchpipe: tokens were not counted: {counted.reason}\n")


def _traced(plan: Plan, found: Cost, python: str) -> dict[str, Any]:
    """The same batch, traced in the runner's environment."""
    terminal.err("tracing a step …\n")
    step = found.step
    with tempfile.TemporaryDirectory(prefix="pitchpipe-") as folder:
        file = Path(folder, "plan.json")
        file.write_text(json.dumps(to_json(plan)), encoding="utf-8")
        command = [python, "-m", "pitchpipe_runner", "trace", str(file)]
        command += ["--batch", str(step.batch_size), "--length", str(step.length)]
        learnt = round((step.learnt_tokens or step.tokens) / step.batch_size)
        command += ["--learnt", str(max(1, learnt)), "--device", step.device]
        command += [] if step.padding or plan.data.packing else ["--even"]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=_PATIENCE, check=False, cwd=folder
            )
        except subprocess.TimeoutExpired as error:
            raise CommandError(f"no step was traced within {_PATIENCE:.0f} s") from error
        except OSError as error:
            raise CommandError(f"no step could be traced: {reason(error)}") from error
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise CommandError(f"no step could be traced: {_why(done)}") from error


def _why(done: subprocess.CompletedProcess[str]) -> str:
    """What the runner says of its own accord, else the last that is written of it."""
    lines = done.stderr.strip().splitlines() or [f"it exited with {done.returncode}"]
    own = [line.removeprefix(_OWN) for line in lines if line.startswith(_OWN)]
    return "; ".join(own) or lines[-1]


# For programs


def as_json(found: Cost, asked: Asked, checked: Checked) -> dict[str, Any]:
    """What `--format json` prints; docs/commands.md describes it."""
    machine, spread = found.machine, asked.spread
    methods = estimate_tables.methods(found) if asked.compared else None
    return {
        "version": VERSION,
        "errors": checked.has_errors,
        "assumed": list(found.settings.wrong),
        "model": {
            "class": found.shape.class_name,
            "parameters": found.shape.numel,
            "exact": found.shape.exact,
            "source": found.shape.source.detail,
        },
        "trainable": estimate_tables.trainable(found),
        "machine": {"kind": machine.kind, "name": machine.name, "memory": machine.memory},
        "data": to_json(found.data),
        "step": to_json(found.step),
        "estimate": to_json(found.estimate),
        "work": to_json(found.work),
        "flops": to_json(found.flops),
        "seconds": None if found.time is None else to_json(found.time.seconds),
        "calibration": {
            "overhead": to_json(found.overhead),
            "speed": None if found.time is None else to_json(found.time.learnt),
        },
        "savings": [
            {"change": s.change.text, "bytes": s.bytes, "cost": s.change.cost}
            for s in estimate_tables.savings(found)
        ],
        "methods": to_json(methods),
        "devices": None if spread is None else {"count": asked.count, "each": to_json(spread)},
        "traced": asked.traced,
    }
