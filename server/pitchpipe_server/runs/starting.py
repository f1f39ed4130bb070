"""Starts the runner as a process that outlives the server."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache
from pathlib import Path

import pitchpipe_schemas
from pitchpipe.analyse import Analysis, analyse
from pitchpipe.findings import Finding, Severity
from pitchpipe.overrides import parse_setting
from pitchpipe.plan import Plan
from pitchpipe.schema import Schema
from pitchpipe_facts import calibration, run_folder, runner_process, runs, shipped
from pitchpipe_facts.reader import Reader
from pitchpipe_server.runs import resuming
from pitchpipe_server.runs.errors import CannotStart, reason

ELSEWHERE = "in the editor's setting `pitchpipe.python`"


@dataclass(frozen=True, slots=True)
class Started:
    """A process that works on a run folder.

    Its events begin at the byte `offset`, its output at the byte `output` of output.log. `new`: the
    folder was made for it. `warnings` are sentences for the user.
    """

    folder: Path
    process: subprocess.Popen[bytes]
    python: str
    offset: int
    output: int
    new: bool
    warnings: tuple[str, ...] = ()


def start(
    python: str | None,
    workflow: Path,
    *,
    smoke: bool = False,
    resume: str | None = None,
    overrides: Sequence[str] = (),
    trust_remote_code: bool = False,
    only: Sequence[str] = (),
    fresh: bool = False,
) -> Started:
    """Starts a run of the workflow file as it lies on the disk, or goes on with one of its runs.

    `python` is the interpreter that trains; None is the one in $PITCHPIPE_PYTHON, else this one.
    `resume` is a run's id or folder, "" means the newest that is not done. `overrides` are
    `key=value`, as behind `--set`. Reads data and may look at a model: to be called in a thread.

    Raises:
        CannotStart: its text says why not. A runner that ends before its first event, as where its
            packages are missing, is told by who follows it.
    """
    program = _program(python)
    if resume is None:
        text = _text(workflow)
        analysis = _analysed(program, workflow, text, overrides)
        plan = _planned(analysis, workflow, smoke, trust_remote_code)
        folder, warnings = _new(plan, text), ()
    else:
        if smoke or overrides:
            raise CannotStart("a run is gone on with as it was planned, with no other settings")
        plan, folder, warnings = resuming.found(workflow, resume, again=bool(only) or fresh)
        if plan.model.trust_remote_code and not trust_remote_code:
            raise CannotStart(_CONSENT, wants_consent=True, model=plan.model.name_or_path)
    line = runner_process.command(
        program,
        folder,
        only=only,
        fresh=fresh,
        resume=resume is not None,
        trust_remote_code=trust_remote_code,
    )
    calibration.catch_up()
    calibration.hand_over(folder)
    offset, output = _size(folder / runs.EVENTS), _size(folder / runs.OUTPUT)
    process = _process(line, folder, plan, new=resume is None)
    return Started(folder, process, program, offset, output, resume is None, warnings)


_CONSENT = (
    "`model.trust_remote_code` lets the model run its own code on this machine, which needs your "
    "consent"
)


def _program(python: str | None) -> str:
    """The interpreter's absolute path.

    Not resolved: a virtual environment is found by the path of its link.
    """
    named = python or os.environ.get(runner_process.PYTHON_VARIABLE) or sys.executable
    found = shutil.which(os.path.expanduser(named))  # noqa: PTH111  # Path's raises without a home
    if found is None:
        raise CannotStart(f"`{named}` is no program; name a Python {ELSEWHERE}")
    return str(Path(found).absolute())


# What is to be run


def _text(workflow: Path) -> str:
    try:
        return workflow.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise CannotStart(f"{workflow.name} is no UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise CannotStart(f"cannot read {workflow}: {reason(error)}") from error


def _analysed(python: str, workflow: Path, text: str, overrides: Sequence[str]) -> Analysis:
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
    return analyse(text, schema=_schema(), facts=facts, path=str(path), overrides=values)


def _planned(analysis: Analysis, workflow: Path, smoke: bool, consent: bool) -> Plan:
    errors = [f for f in analysis.findings if f.severity is Severity.ERROR]
    if errors:
        raise CannotStart(_complaint(workflow, analysis, errors), findings=tuple(errors))
    if analysis.wants_remote_code and not consent:
        model = analysis.context.effective(analysis.workflow.model.name_or_path)
        raise CannotStart(_CONSENT, wants_consent=True, model=str(model))
    return analysis.plan(smoke=smoke, trust_remote_code=consent)


@cache
def _schema() -> Schema:
    return Schema(pitchpipe_schemas.load("workflow"))


def _complaint(workflow: Path, analysis: Analysis, errors: list[Finding]) -> str:
    first = errors[0]
    line = analysis.document.lines.place(first.span).line
    others = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{workflow.name} has errors: line {line}: {first.message}{others}"


# Where it is run


def _new(plan: Plan, text: str) -> Path:
    try:
        return run_folder.create(plan, text, datetime.now(timezone.utc))
    except OSError as error:
        where = Path(plan.root, plan.output_dir)
        raise CannotStart(f"no run folder can be made in {where}: {reason(error)}") from error


def _process(
    line: Sequence[str], folder: Path, plan: Plan, *, new: bool
) -> subprocess.Popen[bytes]:
    root = Path(plan.root)
    where = root if root.is_dir() else folder
    try:
        return _detached(line, folder / runs.OUTPUT, where)
    except OSError as error:
        if new:
            run_folder.leave_nothing(folder)
        raise CannotStart(f"`{line[0]}` does not start: {reason(error)}") from error


def _detached(line: Sequence[str], output: Path, where: Path) -> subprocess.Popen[bytes]:
    """On POSIX in a session of its own, on Windows with a console of its own that nobody sees.

    That console is what a request to stop goes through. An editor may keep its processes in a job
    that ends with it; where the job lets it, the runner leaves that.
    """
    if sys.platform != "win32":
        return runner_process.start(line, output, folder=where)
    flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    with contextlib.suppress(PermissionError):
        apart = flags | subprocess.CREATE_BREAKAWAY_FROM_JOB
        return runner_process.start(line, output, folder=where, flags=apart)
    return runner_process.start(line, output, folder=where, flags=flags)


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
