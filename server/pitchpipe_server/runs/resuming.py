"""Finds the run that is to be gone on with."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pitchpipe.plan import Plan, from_json
from pitchpipe_facts import nearby, run_index, runs
from pitchpipe_facts.runs import RunInfo
from pitchpipe_server.runs.errors import CannotStart, reason


def found(workflow: Path, name: str, *, again: bool) -> tuple[Plan, Path, tuple[str, ...]]:
    """The plan and the folder of the run that `name` means, and what the user should know.

    "" means the workflow's newest run that is not done. `again`: one that is done will do.

    Raises:
        CannotStart: there is none, or it can't be gone on with.
    """
    run = _meant(workflow, name)
    if runs.is_locked(run.folder):
        raise CannotStart(f"run {run.id} is in progress: another process works on it")
    if not run.unfinished and not again:
        raise CannotStart(f"run {run.id} is done, there is nothing to resume")
    try:
        plan = from_json(json.loads((run.folder / runs.PLAN).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise CannotStart(f"the plan of run {run.id} can't be read: {reason(error)}") from error
    return plan, run.folder, _warnings(plan)


def _meant(workflow: Path, name: str) -> RunInfo:
    if name:
        run = run_index.find(name, nearby.output_dirs(workflow.parent))
        if run is None:
            raise CannotStart(f"there is no run {name}")
        return run
    target = workflow.resolve()
    its = [
        run
        for run in run_index.gather(nearby.output_dirs(target.parent))
        if run.workflow is not None and run.workflow.resolve() == target
    ]
    if not its:
        raise CannotStart(f"{workflow.name} has no run yet")
    return next((run for run in its if run.unfinished), its[0])


def _warnings(plan: Plan) -> tuple[str, ...]:
    try:
        data = Path(plan.root, plan.workflow).read_bytes()
    except OSError:
        return ()
    if hashlib.sha256(data).hexdigest() == plan.workflow_sha256:
        return ()
    return (f"{plan.workflow} has changed since; the run goes on with its own plan",)
