"""`pitchpipe estimate`: the memory, steps and time of a workflow before it runs."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pitchpipe import amounts
from pitchpipe.costs.changing import best_savings
from pitchpipe.costs.cost import Cost
from pitchpipe.estimate import Interval
from pitchpipe.estimate.choices import Saving, compare, fits, largest
from pitchpipe.facts import NotRead
from pitchpipe.plan import Plan, to_json
from pitchpipe_cli import columns, costing, interpreter, listing, terminal, workflow_file
from pitchpipe_cli.errors import CommandError, Exit, reason
from pitchpipe_facts.token_counts import TokenCounts

VERSION = 1
_COMMON = ("RTX 3060", "RTX 4060 Ti 16GB", "RTX 4090", "RTX 5090", "L4", "L40S")
_LARGE = ("A100 40GB", "A100 80GB", "H100 SXM", "H200")
_BAR = 24  # characters of the longest bar
_PATIENCE = 900.0  # seconds for a traced step


def execute(arguments: argparse.Namespace) -> Exit:
    overrides = workflow_file.overrides(arguments.overrides)
    checked = workflow_file.check(arguments.file, overrides)
    listing.tell(checked)
    if checked.analysis is None or checked.has_errors:
        return checked.verdict
    plan = checked.analysis.plan()
    if arguments.count_tokens or arguments.exact:
        _count(plan, interpreter.find(arguments.python))
    devices: list[str] = arguments.device
    found = costing.cost_of(checked.analysis, devices[0] if devices else None)
    traced = _traced(plan, found, interpreter.find(arguments.python)) if arguments.exact else None
    if arguments.format == "json":
        terminal.out_json(as_json(found, traced, compared=arguments.compare))
        return Exit.DONE
    terminal.out("\n".join(_sections(found, traced, devices, compared=arguments.compare)))
    return Exit.DONE


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
        said = (done.stderr.strip().splitlines() or [f"it exited with {done.returncode}"])[-1]
        raise CommandError(f"no step could be traced: {said}") from error


# For people


def _sections(
    found: Cost, traced: dict[str, Any] | None, devices: list[str], *, compared: bool
) -> Iterator[str]:
    yield _head(found, traced)
    yield _breakdown(found)
    yield columns.aligned(list(_work(found)))
    yield _fits(found, devices)
    yield _savings(found)
    if compared:
        yield _compared(found)


def _head(found: Cost, traced: dict[str, Any] | None) -> str:
    cost, peak = found.estimate, found.estimate.peak
    shape = found.shape
    rows = [("model", f"{shape.class_name}, {shape.numel:,} parameters ({shape.source.detail})")]
    share = 100 * cost.trainable / max(cost.parameters, 1)
    rows.append(("trained", f"{cost.trainable:,} parameters ({share:.2f} %)"))
    rows.append(("computed on", f"{found.machine.name}, {found.machine.source}"))
    batch = f"{found.step.batch_size} × {found.step.length:,} tokens"
    rows.append(("largest batch", f"{batch}, {found.data.detail}"))
    rows.append(("tensors", span(cost.allocated)))
    if cost.reserved is not None:
        rows.append(("reserved", f"{span(cost.reserved)}, and {amounts.size(cost.context)} beside"))
    rows.append(("needed in all", span(cost.total)))
    where = f", {peak.where}" if peak.where else ""
    rows.append(("peak", f"{peak.moment}{where}"))
    if traced is not None:
        rows.append(("traced", amounts.size(traced["allocated_peak_bytes"])))
    rows += [("not known", reason) for reason in cost.allocated.reasons]
    return columns.aligned(rows)


def span(found: Interval) -> str:
    """`1.9 GB (1.8 to 2.1 GB)`."""
    likely = amounts.size(found.likely)
    return f"{likely} ({amounts.size(found.low)} to {amounts.size(found.high)})"


def _breakdown(found: Cost) -> str:
    parts = sorted((p for p in found.estimate.peak.parts if p.bytes), key=lambda p: -p.bytes)
    most = max((p.bytes for p in parts), default=1)
    block = "█" if terminal.can_print(sys.stdout, "█") else "#"
    whole = max(found.estimate.peak.bytes, 1)
    rows = [
        (
            p.name,
            amounts.size(p.bytes),
            f"{100 * p.bytes / whole:.0f} %",
            block * round(_BAR * p.bytes / most),
        )
        for p in parts
    ]
    return columns.aligned(rows, right=(1, 2))


def _work(found: Cost) -> Iterator[tuple[str, str]]:
    work = found.work
    yield "effective batch", amounts.plural(work.effective_batch, "sequence")
    if work.steps is None:
        yield "steps", f"not known: {found.data.detail}"
    else:
        yield "steps", _counted(work.steps)
    if work.tokens is not None:
        yield "tokens", _counted(work.tokens)
    if found.flops is not None:
        yield "operations", f"{found.flops.likely:.2e} FLOP"
    if found.time is not None:
        low, high = (amounts.seconds(s) for s in (found.time.seconds.low, found.time.seconds.high))
        yield "time", f"{low} to {high}, evaluations left out"
    else:
        yield "time", "not known; a first run teaches this machine's speed, `--device` has others'"
    disk = found.estimate.disk
    kept = work.checkpoints.likely if work.checkpoints else 1
    written = amounts.size(kept * disk.checkpoint)
    yield "disk", f"{written} for checkpoints, {amounts.size(disk.exported)} merged"


def _counted(found: Interval) -> str:
    if found.low == found.high:
        return f"{found.likely:,}"
    return f"{found.likely:,} ({found.low:,} to {found.high:,})"


def _fits(found: Cost, devices: list[str]) -> str:
    if found.machine.kind == "cpu" and not devices:
        return _held(found)
    rows: list[tuple[str, str, str]] = []
    for name in devices or (*_COMMON, *_LARGE):
        machine = costing.machine_named(name)
        answer = fits(found.estimate, machine.memory or 0)
        said = {True: "fits", False: "does not fit", None: "may fit"}[answer]
        rows.append((machine.name, amounts.size(machine.memory or 0), said))
    return columns.aligned(rows, right=(1,)) + _held(found)


def _held(found: Cost) -> str:
    memory = found.machine.memory
    if memory is None:
        return ""
    records = costing.records(found.shape.model_type)
    most = largest(found.shape, found.step, records, memory)
    name = found.machine.name
    return (
        f"{name} ({amounts.size(memory)}) likely holds {most.batch_size:,} rows of "
        f"{found.step.length:,} tokens, or {found.step.batch_size:,} of {most.length:,}\n"
    )


def _savings(found: Cost) -> str:
    rows = [
        (s.change.text, f"saves {amounts.size(s.bytes)}", s.change.cost) for s in _possible(found)
    ]
    return columns.aligned(rows)


def _possible(found: Cost) -> tuple[Saving, ...]:
    records = costing.records(found.shape.model_type)
    return best_savings(found, records, workflow_file.schema())


def _compared(found: Cost) -> str:
    records = costing.records(found.shape.model_type)
    rows = [("method", "trained", "tensors", "needed in all")]
    for name, cost in compare(found.shape, found.step, records).items():
        total = amounts.size(cost.total.likely)
        rows.append((name, f"{cost.trainable:,}", amounts.size(cost.allocated.likely), total))
    return columns.aligned(rows, right=(1, 2, 3))


# For programs


def as_json(found: Cost, traced: dict[str, Any] | None, *, compared: bool) -> dict[str, Any]:
    """What `--format json` prints; docs/commands.md describes it."""
    records = costing.records(found.shape.model_type)
    machine = found.machine
    return {
        "version": VERSION,
        "model": {
            "class": found.shape.class_name,
            "parameters": found.shape.numel,
            "source": found.shape.source.detail,
        },
        "machine": {"kind": machine.kind, "name": machine.name, "memory": machine.memory},
        "data": to_json(found.data),
        "step": to_json(found.step),
        "estimate": to_json(found.estimate),
        "work": to_json(found.work),
        "flops": to_json(found.flops),
        "seconds": None if found.time is None else to_json(found.time.seconds),
        "savings": [
            {"change": s.change.text, "bytes": s.bytes, "cost": s.change.cost}
            for s in _possible(found)
        ],
        "methods": {
            name: to_json(cost) for name, cost in compare(found.shape, found.step, records).items()
        }
        if compared
        else None,
        "traced": traced,
    }
