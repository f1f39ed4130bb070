"""From a workflow's text to a plan, in a thread that may take its time."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pitchpipe_schemas
from pitchpipe.analyse import Analysis, analyse
from pitchpipe.findings import Finding, Severity
from pitchpipe.overrides import parse_setting
from pitchpipe.plan import Plan
from pitchpipe.schema import Schema
from pitchpipe_facts import runner_process, shipped
from pitchpipe_facts.reader import Reader
from pitchpipe_server.runs.errors import CannotStart

ELSEWHERE = "in the editor's setting `pitchpipe.python`"

_CONSENT = (
    "`model.trust_remote_code` lets the model run its own code on this machine, which needs your "
    "consent"
)


def program(python: str | None) -> str:
    """The absolute path of the interpreter that trains, as `start` chooses it.

    Not resolved: a virtual environment is found by the path of its link.

    Raises:
        CannotStart: there is no such program.
    """
    named = python or os.environ.get(runner_process.PYTHON_VARIABLE) or sys.executable
    found = shutil.which(os.path.expanduser(named))  # noqa: PTH111  # Path's raises without a home
    if found is None:
        raise CannotStart(f"`{named}` is no program; name a Python {ELSEWHERE}")
    return str(Path(found).absolute())


def analysed(
    python: str,
    workflow: Path,
    text: str,
    overrides: Sequence[str] = (),
    start: str | None = None,
) -> Analysis:
    """The text with what it asks of the world, for which nobody waits.

    `start` is the folder that the paths of another tool's file start from; None: its own.

    Raises:
        CannotStart: one of `overrides` is no setting.
    """
    try:
        values = dict(parse_setting(setting, _schema()) for setting in overrides)
    except ValueError as error:
        raise CannotStart(str(error)) from error
    path = Path(os.path.abspath(workflow))  # noqa: PTH100  # without `..`, links left alone
    facts = Reader(
        path.parent,
        python=python,
        models=shipped.shapes(),
        devices=shipped.devices,
        machine=shipped.this_machine,
        records=shipped.records,
    )
    return analyse(
        text, schema=_schema(), facts=facts, path=str(path), overrides=values, start=start
    )


# What keeps a sound file from being run, unless a comment silences that.
_STOPPING = {"runner-cannot", "incomplete-workflow"}


def demand_no_errors(analysis: Analysis, workflow: Path) -> None:
    """Passes a file that has a plan.

    Raises:
        CannotStart: it has errors.
    """
    errors = [f for f in analysis.findings if f.severity is Severity.ERROR]
    if errors:
        raise CannotStart(_complaint(workflow, analysis, errors), findings=tuple(errors))
    if not analysis.can_run:
        stopping = tuple(f for f in analysis.findings if f.code in _STOPPING)
        why = ""
        if stopping:
            line = analysis.document.lines.place(stopping[0].span).line
            why = f": line {line}: {stopping[0].message}"
        raise CannotStart(f"{workflow.name} can't be run here{why}", findings=stopping)


def planned(analysis: Analysis, workflow: Path, smoke: bool, consent: bool) -> Plan:
    """The plan of a run.

    Raises:
        CannotStart: the file has errors, or the user has not consented to what it asks for.
    """
    demand_no_errors(analysis, workflow)
    if analysis.wants_remote_code and not consent:
        model = analysis.context.effective(analysis.workflow.model.name_or_path)
        raise CannotStart(_CONSENT, wants_consent=True, model=str(model))
    return analysis.plan(smoke=smoke, trust_remote_code=consent)


def demand_consent(plan: Plan, consent: bool) -> None:
    """Passes what a run may do that goes on.

    Raises:
        CannotStart: the user has not consented to the model's own code.
    """
    if plan.model.trust_remote_code and not consent:
        raise CannotStart(_CONSENT, wants_consent=True, model=plan.model.name_or_path)


@cache
def _schema() -> Schema:
    return Schema(pitchpipe_schemas.load("workflow"), others=pitchpipe_schemas.dialect)


def _complaint(workflow: Path, analysis: Analysis, errors: list[Finding]) -> str:
    first = errors[0]
    line = analysis.document.lines.place(first.span).line
    others = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{workflow.name} has errors: line {line}: {first.message}{others}"
