"""`pitchpipe run`: makes a run folder, has the runner work on it, and shows how it goes."""

from __future__ import annotations

import argparse
import contextlib
import sys
from datetime import datetime, timezone
from pathlib import Path

from pitchpipe.dialects import recognise
from pitchpipe.plan import Plan
from pitchpipe_cli import (
    interpreter,
    launch,
    outcome,
    plan_file,
    supervise,
    terminal,
)
from pitchpipe_cli.errors import CommandError, Exit
from pitchpipe_cli.view import View
from pitchpipe_cli.view.plain import Plain
from pitchpipe_cli.view.raw import Raw
from pitchpipe_cli.view.words import shown
from pitchpipe_facts import calibration, nearby, run_index, runner_process, runs
from pitchpipe_facts.runs import RunInfo


def execute(arguments: argparse.Namespace) -> Exit:
    python = interpreter.find(arguments.python)
    arguments.file = arguments.config or arguments.file
    if arguments.setup:
        _set_up(python, arguments)
    folder = _new_run(arguments) if arguments.resume is None else _run_to_resume(arguments)
    if isinstance(folder, Exit):
        return folder
    return work(folder, python, arguments)


# A new run


def _new_run(arguments: argparse.Namespace) -> Path | Exit:
    if arguments.file is None:
        raise CommandError("which file? `pitchpipe run FILE`, or `pitchpipe run --resume RUN`")
    path = Path(arguments.file)
    if path.suffix == ".json" and not _is_workflow(path):
        plan, text = _plan_again(path, arguments)
    else:
        from pitchpipe_cli import together

        found = together.of_arguments(arguments)
        checked = found.whole
        found.tell()
        if checked.analysis is None or not found.can_run:
            return found.refusal
        ask_consent(checked.analysis.wants_remote_code, arguments)
        consent = arguments.trust_remote_code
        plan = checked.analysis.plan(smoke=arguments.smoke, trust_remote_code=consent)
        text = checked.text
    ask_consent(plan.model.trust_remote_code, arguments)
    return launch.create(plan, text, datetime.now(timezone.utc))


def _set_up(python: str, arguments: argparse.Namespace) -> None:
    """Has the packages installed that the file's run needs, after consent."""
    from pitchpipe_cli import installing, together

    found = together.of_arguments(arguments)
    trackers: tuple[str, ...] = ()
    if found.whole.analysis is not None and found.can_run:
        trackers = installing.trackers(found.whole.analysis.plan().training.report_to)
    installing.set_up(python, trackers, consent=arguments.yes)


def _is_workflow(path: Path) -> bool:
    """Whether a JSON file is another tool's workflow, and no plan."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    return recognise.is_workflow(path.name, text)


def _plan_again(path: Path, arguments: argparse.Namespace) -> tuple[Plan, str | None]:
    """A plan is run as it is.

    The workflow's text comes along from the run folder it was made for.
    """
    if arguments.overrides or arguments.base is not None:
        option = "--set" if arguments.overrides else "--with"
        raise CommandError(f"`{option}` changes a workflow file; a plan is run as it is")
    plan = plan_file.read(path)
    if arguments.smoke and not plan.smoke:
        raise CommandError("`--smoke` needs a workflow file; this plan is for a whole run")
    with contextlib.suppress(OSError, ValueError):
        data = path.with_name(runs.WORKFLOW).read_bytes()
        if plan_file.same_workflow(plan, data):
            return plan, data.decode("utf-8")
    return plan, plan_file.workflow_text(plan)


def ask_consent(wanted: bool, arguments: argparse.Namespace) -> None:
    """Code that comes with a model may do anything, so a file alone can't allow it."""
    if wanted and not arguments.trust_remote_code:
        raise CommandError(
            "`model.trust_remote_code` lets the model run its own code on this machine; "
            "if you trust it, say `--trust-remote-code`"
        )


# A run to go on with


def _run_to_resume(arguments: argparse.Namespace) -> Path | Exit:
    """The run's folder, or the exit code when there is nothing left to do."""
    if arguments.base is not None:
        raise CommandError("`--resume` goes on with the plan as it is: no `--with`")
    if arguments.overrides or arguments.smoke:
        raise CommandError("`--resume` goes on with the plan as it is: no `--set`, no `--smoke`")
    run = _meant(arguments)
    if runs.is_locked(run.folder):
        raise CommandError(f"run {run.id} is in progress: another process works on it")
    if not run.unfinished and not arguments.only and not arguments.fresh:
        terminal.err(f"pitchpipe: run {run.id} is done, there is nothing to resume\n")
        return Exit.DONE
    plan = plan_file.read(run.folder / runs.PLAN)
    ask_consent(plan.model.trust_remote_code, arguments)
    if plan_file.workflow_changed(plan):
        file = shown(Path(plan.root, plan.workflow))
        terminal.err(
            f"pitchpipe: warning: {file} has changed since; the run goes on with its own plan "
            f"(leave `--resume` out to start anew)\n"
        )
    return run.folder


def _meant(arguments: argparse.Namespace) -> RunInfo:
    """`--resume RUN` names a run; `FILE --resume`, in either order, means the file's newest."""
    file, name = arguments.file, arguments.resume
    if file is None and Path(name).is_file() and name:
        file, name = name, ""
    if name:
        found = run_index.find(name, nearby.output_dirs(Path.cwd()))
        if found is None:
            raise CommandError(
                f"there is no run {name}; `pitchpipe runs list` shows those there are"
            )
        return found
    if file is None:
        raise CommandError("resume which run? `--resume RUN`, or `FILE --resume`")
    return _newest(Path(file))


def _newest(file: Path) -> RunInfo:
    """The newest run of a workflow file that is not done, else the newest that is."""
    target = file.resolve()
    its = [
        run
        for run in run_index.gather(nearby.output_dirs(target.parent))
        if run.workflow is not None and run.workflow.resolve() == target
    ]
    if not its:
        raise CommandError(f"{file} has no run yet; leave `--resume` out to start one")
    return next((run for run in its if run.unfinished), its[0])


# Both


def work(folder: Path, python: str, arguments: argparse.Namespace) -> Exit:
    """Has the runner work in `folder` and shows it; the exit code is the run's."""
    run = runs.read(folder)
    assert run is not None, "the plan has just been read"
    calibration.catch_up()
    calibration.hand_over(folder)
    _, offset = runs.tail(folder / runs.EVENTS, 0)
    watch = outcome.Watch(run, outcome.size(folder / runs.OUTPUT), new=arguments.resume is None)
    with _view(arguments) as view:

        def on_lines(lines: list[bytes]) -> None:
            for line in lines:
                watch.take(line, view)
            view.tick(watch.run)

        def on_stop(request: int) -> None:
            view.say(_STOPPING if request == 1 else "killed")

        ending = supervise.follow(
            _command(python, folder, arguments), folder, offset, on_lines, on_stop
        )
    return outcome.tell(watch, ending, python, arguments)


_STOPPING = "stopping after the current step, to keep what was learnt; Ctrl-C again kills it"


def _command(python: str, folder: Path, arguments: argparse.Namespace) -> list[str]:
    return runner_process.command(
        python,
        folder,
        only=arguments.only,
        fresh=arguments.fresh,
        resume=arguments.resume is not None,
        trust_remote_code=arguments.trust_remote_code,
    )


def _view(arguments: argparse.Namespace) -> View:
    if arguments.format == "json":
        return Raw()
    if arguments.quiet or not terminal.is_terminal(sys.stdout):
        return Plain(terminal.out, quiet=arguments.quiet)
    from rich.console import Console

    from pitchpipe_cli.view.live import Picture

    return Picture(Console())
