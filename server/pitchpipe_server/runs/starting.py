"""Starts the runner as a process that outlives the server."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from pitchpipe.plan import Plan
from pitchpipe_facts import calibration, run_folder, runner_process, runs
from pitchpipe_server.runs import planning, resuming
from pitchpipe_server.runs.errors import CannotStart, reason


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
    origin: str | None = None,
) -> Started:
    """Starts a run of the workflow file as it lies on the disk, or goes on with one of its runs.

    `python` is the interpreter that trains; None is the one in $PITCHPIPE_PYTHON, else this one.
    `origin` is the folder that the paths of another tool's file start from; None: its own.
    `resume` is a run's id or folder, "" means the newest that is not done. `overrides` are
    `key=value`, as behind `--set`. Reads data and may look at a model: to be called in a thread.

    Raises:
        CannotStart: its text says why not. A runner that ends before its first event, as where its
            packages are missing, is told by who follows it.
    """
    program = planning.program(python)
    if resume is None:
        text = _text(workflow)
        analysis = planning.analysed(program, workflow, text, overrides, origin)
        plan = planning.planned(analysis, workflow, smoke, trust_remote_code)
        folder, warnings = _new(plan, text), ()
    else:
        if smoke or overrides:
            raise CannotStart("a run is gone on with as it was planned, with no other settings")
        plan, folder, warnings = resuming.found(workflow, resume, again=bool(only) or fresh)
        planning.demand_consent(plan, trust_remote_code)
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


# What is to be run


def _text(workflow: Path) -> str:
    try:
        return workflow.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise CannotStart(f"{workflow.name} is no UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise CannotStart(f"cannot read {workflow}: {reason(error)}") from error


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
