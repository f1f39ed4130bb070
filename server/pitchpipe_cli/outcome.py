"""What became of a run, in words and as an exit code."""

from __future__ import annotations

import argparse
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from pitchpipe_cli import summary, terminal
from pitchpipe_cli.errors import CommandError, Exit
from pitchpipe_cli.supervise import Ending
from pitchpipe_cli.view import View
from pitchpipe_cli.view.words import shown
from pitchpipe_facts import calibration, run_folder, run_index, runner_process, runs
from pitchpipe_facts.runner_process import died, guess
from pitchpipe_facts.runs import RunInfo

_EVENT = 4096  # bytes; an event is not longer, and file systems give out no less
_ENDS = {"run-done", "failure", "interrupted"}


@dataclass(slots=True)
class Watch:
    """The state of the run as its events came, and which kinds came from this process.

    `output` is where this process's part of output.log begins, in bytes. `new` tells that the
    folder was made for it.
    """

    run: RunInfo
    output: int
    new: bool
    kinds: set[str] = field(default_factory=set[str])

    def take(self, line: bytes, view: View) -> None:
        """Takes one event line and shows it."""
        view.line(line)
        event = runs.parse(line)
        if event is None:
            return
        self.run = runs.after(self.run, event)
        self.kinds.add(event["kind"])
        try:
            view.show(self.run, event)
        except (KeyError, TypeError, ValueError):
            # An event of another version; what can't be shown is no reason to leave a run.
            return


def size(path: Path) -> int:
    """In bytes; 0 for a file that isn't there."""
    return path.stat().st_size if path.is_file() else 0


def tell(watch: Watch, ending: Ending, python: str, arguments: argparse.Namespace) -> Exit:
    """Says how the run ended and what can be done next, and gives the exit code.

    Raises:
        CommandError: the runner could not even begin.
    """
    run = watch.run
    if "measurement" in watch.kinds:
        calibration.record(run.folder)
    if "run-done" in watch.kinds:
        return _done(run, ending, arguments)
    if "failure" in watch.kinds and run.failure is not None:
        if run.failure.exit_code != Exit.WRONG_FILE:
            # A file that is put right makes another plan, and so another run.
            _tell_how_to_resume(run, arguments)
        return Exit(run.failure.exit_code)
    if ending.interrupted and watch.new and not watch.kinds:
        run_folder.leave_nothing(watch.run.folder)
        terminal.err("pitchpipe: interrupted before the run began; nothing is left of it\n")
        return Exit.INTERRUPTED
    if "interrupted" in watch.kinds or ending.interrupted:
        _tell_how_to_resume(run, arguments)
        return Exit.INTERRUPTED
    if ending.code == Exit.WRONG_ENVIRONMENT or (not watch.kinds and ending.code > 0):
        # The former says so whatever came: events of another process that works on the same run.
        raise _could_not_begin(watch, python)
    _tell_of_death(watch, ending)
    _tell_how_to_resume(run, arguments)
    return Exit.RUN_FAILED


def _done(run: RunInfo, ending: Ending, arguments: argparse.Namespace) -> Exit:
    if arguments.format == "text":
        summary.show(run)
    if ending.code != 0:
        # Everything was written before; a library crashed while the process was cleared away.
        terminal.err(f"pitchpipe: the run is done; its process {died(ending.code)} afterwards\n")
    return Exit.DONE


def _could_not_begin(watch: Watch, python: str) -> CommandError:
    said = _output(watch)
    if watch.new:
        run_folder.leave_nothing(watch.run.folder)
    elsewhere = "with `--python` or $PITCHPIPE_PYTHON"
    return CommandError(runner_process.could_not_begin(said, python, elsewhere))


def _tell_of_death(watch: Watch, ending: Ending) -> None:
    stage = f" in the stage `{watch.run.stage}`" if watch.run.stage else ""
    if _is_full(watch.run.folder):
        terminal.err(
            f"pitchpipe: error[disk-full]: the disk of {shown(watch.run.folder)} is full, and the "
            f"run ended{stage}; free some space first\n"
        )
        return
    terminal.err(f"pitchpipe: the runner {died(ending.code)}{stage}{guess(ending.code)}\n")
    if output := _output(watch):
        terminal.err(f"the end of {shown(watch.run.folder / runs.OUTPUT)}:\n")
        terminal.err("".join(f"    {line}\n" for line in output.splitlines()))


def _is_full(folder: Path) -> bool:
    """Whether not even the run's events find room."""
    try:
        return shutil.disk_usage(folder).free < _EVENT
    except OSError:
        return False


def _output(watch: Watch) -> str:
    """The last lines that the process wrote besides its events."""
    return runner_process.output_since(watch.run.folder / runs.OUTPUT, watch.output)


def _tell_how_to_resume(run: RunInfo, arguments: argparse.Namespace) -> None:
    terminal.err(f"to go on with this run:\n\n    {resume_command(run, arguments)}\n")


def resume_command(run: RunInfo, arguments: argparse.Namespace) -> str:
    """The command line that goes on with a run, with what it can't know from the run's folder."""
    name = run.id if run.folder in run_index.indexed() else str(run.folder)
    command = ["pitchpipe", "run", "--resume", name]
    if arguments.python:
        command += ["--python", arguments.python]
    if arguments.trust_remote_code:
        command.append("--trust-remote-code")
    return subprocess.list2cmdline(command) if sys.platform == "win32" else shlex.join(command)
