"""`python -m pitchpipe_runner RUN_DIR`: executes the plan that lies in a run folder.

`python -m pitchpipe_runner trace PLAN` says what one of its training steps would take.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from pitchpipe.plan import Plan, PlanError, from_json
from pitchpipe_runner import interrupts
from pitchpipe_runner.events import Events
from pitchpipe_runner.failures import (
    ENVIRONMENT_IS_WRONG,
    FILE_IS_WRONG,
    INTERRUPTED,
    RUN_FAILED,
    Interrupted,
    RunFailure,
    understood,
)
from pitchpipe_runner.stages import STAGES
from pitchpipe_runner.tracing import command

_LOCK_SECONDS = 2.0  # others take the lock for a moment to see whether a run is going on


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code.

    0 done, 1 the file is wrong, 2 the environment is wrong, 3 the run failed, 130 interrupted.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["trace"]:
        return command.main(words[1:])
    arguments = _parser().parse_args(words)
    run: Path = arguments.run
    try:
        plan = from_json(json.loads((run / "plan.json").read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        kind = FILE_IS_WRONG if isinstance(error, PlanError) else ENVIRONMENT_IS_WRONG
        print(f"pitchpipe: {run / 'plan.json'}: {error}", file=sys.stderr)
        return kind
    try:
        with FileLock(run / "run.lock", timeout=_LOCK_SECONDS):
            return _locked(plan, arguments)
    except Timeout:
        print(f"pitchpipe: {run} is being worked on by another process", file=sys.stderr)
        return ENVIRONMENT_IS_WRONG
    except KeyboardInterrupt:  # before there was a log to write it into
        return INTERRUPTED
    except OSError as error:  # no event can be written
        with contextlib.suppress(OSError):
            print(f"pitchpipe: {run}: {error}", file=sys.stderr)
        return ENVIRONMENT_IS_WRONG if isinstance(error, PermissionError) else RUN_FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pitchpipe_runner", description=__doc__)
    parser.add_argument(
        "run", type=Path, metavar="RUN_DIR", help="the run folder; it holds plan.json"
    )
    parser.add_argument(
        "--only", action="append", default=[], choices=STAGES, help="make this stage alone"
    )
    parser.add_argument("--fresh", action="store_true", help="take no results of other runs")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was begun")
    parser.add_argument(
        "--trust-remote-code", action="store_true", help="consent to the model's own code"
    )
    return parser


def _locked(plan: Plan, arguments: argparse.Namespace) -> int:
    # Idle OpenMP threads that spin burn ten times the CPU on a busy machine. torch reads this when
    # it is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # the hub is asked for what is needed
    os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # torch's profiler reports each of its starts
    try:
        import torch  # noqa: F401

        from pitchpipe_runner import report, run
        from pitchpipe_runner.resources import Sampler
    except ImportError as error:
        print(f"pitchpipe: the runner's packages are incomplete: {error}", file=sys.stderr)
        return ENVIRONMENT_IS_WRONG
    folder: Path = arguments.run.resolve()
    events = Events(folder / "events.jsonl", plan.origins)
    interrupts.install()
    began = time.monotonic()
    sampler = Sampler(events)
    started = {
        "run_id": folder.name,
        "name": plan.name,
        "pid": os.getpid(),
        "resumed": arguments.resume,
        "smoke": plan.smoke,
        "stages": [s for s in STAGES if not arguments.only or s in arguments.only],
        "versions": run.versions(),
    }
    try:
        events.emit("run-started", **started)
        sampler.start()
        _consent(plan, arguments.trust_remote_code)
        run.workflow(plan, folder, events, only=arguments.only, fresh=arguments.fresh)
        with interrupts.deferred():  # within the `try`: no signal falls between the two
            sampler.end()
            written = report.REPORT if (folder / report.REPORT).is_file() else None
            events.emit("run-done", seconds=round(time.monotonic() - began, 3), report=written)
            events.close()
            return 0
    except (KeyboardInterrupt, Interrupted):
        with interrupts.deferred():
            sampler.end()
            events.emit("interrupted", stage=events.stage, exit_code=INTERRUPTED)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # becomes the run's last event
        with interrupts.deferred():
            sampler.end()
            _print_traceback()
            code = _failed(error, events)
            _report_anyway(report.write, folder)
        return code


def _consent(plan: Plan, given: bool) -> None:
    if plan.model.trust_remote_code and not given:
        raise RunFailure(
            "consent-missing",
            f"`{plan.model.name_or_path}` wants to run Python code of its own",
            path="model.trust_remote_code",
            hint="read that code, then add `--trust-remote-code` to the command line",
            exit_code=ENVIRONMENT_IS_WRONG,
        )


def _report_anyway(write: Callable[[Path], int], folder: Path) -> None:
    """A failed run has a report too, if it can be written at all."""
    try:
        write(folder)
    except Exception:  # noqa: BLE001  # the run's own failure is what counts
        _print_traceback()


def _print_traceback() -> None:
    """Into output.log, which may lie on a full disk."""
    with contextlib.suppress(OSError):
        traceback.print_exc()


def _failed(error: Exception, events: Events) -> int:
    stage = events.stage
    failure = error if isinstance(error, RunFailure) else understood(error, stage)
    if failure is None:
        first = (str(error).strip().splitlines() or [""])[0][:300]
        failure = RunFailure(
            "unexpected",
            f"{type(error).__name__}: {first}",
            hint="output.log in the run folder has the traceback; please report it",
            exit_code=RUN_FAILED,
        )
    events.emit(
        "failure",
        code=failure.code,
        message=failure.message,
        path=failure.path,
        place=events.place(failure.path),
        hint=failure.hint,
        stage=stage,
        exit_code=failure.exit_code,
    )
    return failure.exit_code
