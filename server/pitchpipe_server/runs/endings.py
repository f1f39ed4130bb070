"""How a run that is followed came to its end, with a word of its own or without."""

from __future__ import annotations

import signal
from pathlib import Path

from pitchpipe_facts import run_folder, runner_process, runs
from pitchpipe_facts.runs import RunInfo
from pitchpipe_server.runs.news import Ended
from pitchpipe_server.runs.planning import ELSEWHERE
from pitchpipe_server.runs.starting import Started

REPORT = "report.html"
_WRONG_ENVIRONMENT = 2  # the runner's exit code where it could not begin
_INTERRUPTED = frozenset({130, -signal.SIGINT})
_TAIL = 4096  # bytes of output.log that are looked at when nobody knows where a process began


def told(run: RunInfo) -> Ended:
    """The end that the run's last event tells; "stopped" where another version tells it."""
    state, report = run.state, report_of(run)
    if state == "waiting" or state == "running":  # pyright narrows by this
        return Ended("stopped", report=report)
    return Ended(state, report=report, seconds=run.seconds)


def report_of(run: RunInfo) -> Path | None:
    """The run's report; one that failed has one, too, which its events don't name."""
    path = run.report or run.folder / REPORT
    return path if path.is_file() else None


def of_process(run: RunInfo, started: Started, code: int, *, heard: bool) -> Ended:
    """The end of a process that told none; `heard`: there was an event of it.

    A folder that was made for a run that never began is removed.
    """
    output = runner_process.output_since(run.folder / runs.OUTPUT, started.output)
    if not heard and started.new:
        run_folder.leave_nothing(run.folder)
    if not heard and code in _INTERRUPTED:
        return Ended("interrupted", "stopped before it began")
    if code == _WRONG_ENVIRONMENT or (not heard and code > 0):
        # The former says so whatever came: events of another process that works on the same run.
        why = runner_process.could_not_begin(output, started.python, ELSEWHERE)
        return Ended("failed", why, exit_code=code)
    stage = f" in the stage `{run.stage}`" if run.stage else ""
    died = runner_process.died(code) + stage + runner_process.guess(code)
    said = _with(output, f"the runner {died}")
    return Ended("stopped", said, report_of(run), exit_code=code if code > 0 else None)


def unseen(run: RunInfo) -> Ended:
    """The end of a process that another one had started."""
    if run.state == "waiting":
        return Ended("stopped", "no process works on it")
    stage = f" in the stage `{run.stage}`" if run.stage else ""
    log = run.folder / runs.OUTPUT
    begin = max(0, log.stat().st_size - _TAIL) if log.is_file() else 0
    message = f"the runner ended{stage} without a word of why"
    return Ended("stopped", _with(runner_process.output_since(log, begin), message), report_of(run))


def _with(output: str, message: str) -> str:
    return f"{message}; the end of its output:\n{output}" if output.strip() else message
