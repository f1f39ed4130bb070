"""`pitchpipe runs`: what was run on this machine, and how it went."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pitchpipe import amounts
from pitchpipe_cli import columns, forecast, scores, summary, terminal
from pitchpipe_cli.errors import CommandError, Exit
from pitchpipe_cli.view import plain, words
from pitchpipe_facts import nearby, removal, run_index
from pitchpipe_facts.runs import RunInfo, StageInfo

_HEADER = ("RUN", "STATE", "STARTED", "AT", "LAST METRICS", "FOLDER")
_STYLES = {"running": "cyan", "done": "green", "failed": "red"}


def execute(arguments: argparse.Namespace) -> Exit:
    actions = {"list": _list, "show": _show, "rm": _remove}
    return actions[arguments.action](arguments)


def _find(name: str) -> RunInfo:
    found = run_index.find(name, nearby.output_dirs(Path.cwd()))
    if found is None:
        raise CommandError(f"there is no run {name}; `pitchpipe runs list` shows those there are")
    return found


# list


def _list(arguments: argparse.Namespace) -> Exit:
    found = run_index.gather(nearby.output_dirs(Path.cwd()))
    if arguments.format == "ids":
        terminal.out("".join(f"{run.id}\n" for run in found))
    elif arguments.format == "json":
        terminal.out_json({"version": 1, "runs": [as_json(run) for run in found]})
    elif not found:
        terminal.out("no runs yet\n")
    elif terminal.is_terminal(sys.stdout):
        _draw(found)
    else:
        terminal.out(columns.aligned([_HEADER, *map(row, found)]))
    return Exit.DONE


def row(run: RunInfo) -> tuple[str, ...]:
    """A line of the list: id, state, start (local time), where it is, last metrics, folder."""
    started = "" if run.started is None else f"{_local(run.started):%Y-%m-%d %H:%M}"
    values = {name: run.metrics[name] for name in ("loss", "eval_loss") if name in run.metrics}
    return (run.id, run.state, started, _at(run), words.metrics(values), words.shown(run.folder))


def _local(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc).astimezone()


def _at(run: RunInfo) -> str:
    """The stage that it is in, and how far; the whole time of a run that is done."""
    if run.state == "done":
        return amounts.seconds(run.seconds or 0)
    if run.stage is None:
        return ""
    steps = run.stage == "train" and run.step is not None
    return f"{run.stage} {run.step}/{run.total_steps}" if steps else run.stage


def _draw(found: list[RunInfo]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in _HEADER[:-1]:
        table.add_column(name.capitalize(), no_wrap=name == "RUN", overflow="fold")
    for run in found:
        name, state, *rest, _ = row(run)
        table.add_row(name, Text(state, _STYLES.get(run.state, "yellow")), *rest)
    Console().print(table)


# show


def _show(arguments: argparse.Namespace) -> Exit:
    run = _find(arguments.run)
    if arguments.format == "json":
        terminal.out_json({"version": 1, "run": as_json(run)})
        return Exit.DONE
    terminal.out(columns.aligned(list(_facts(run))))
    if run.stages:
        terminal.out("\n" + columns.aligned([_stage_row(stage) for stage in run.stages]))
    if run.failure is not None:
        event = {"code": run.failure.code, "message": run.failure.message, "place": None}
        terminal.out(f"\n{words.finding_line(run, event, 'error')}\n")
    summary.show(run)
    return Exit.DONE


def _facts(run: RunInfo) -> list[tuple[str, str]]:
    facts = {
        "run": run.id,
        "name": run.name,
        "state": f"{run.state}{' (smoke)' if run.smoke else ''}",
        "workflow": words.shown(run.workflow) if run.workflow else "",
        "folder": words.shown(run.folder),
        "at": _at(run),
        "metrics": words.metrics(run.metrics),
        "memory": words.memory(run) or "",
    }
    return [(name, value) for name, value in facts.items() if value]


def _stage_row(stage: StageInfo) -> tuple[str, ...]:
    seconds = "" if stage.seconds is None else amounts.seconds(stage.seconds)
    details = plain.progress(stage) or plain.described(stage.facts)
    if stage.source is not None:
        details = f"from {plain.reused_from(stage.source)}"
    return (stage.name, stage.state, seconds, details)


# rm


def _remove(arguments: argparse.Namespace) -> Exit:
    """Touches no folder before every name has turned out to be a run that rests."""
    found = [_removable(name) for name in dict.fromkeys(arguments.runs)]
    if not arguments.yes and not _agreed(found):
        terminal.err("pitchpipe: nothing was removed\n")
        return Exit.WRONG_ENVIRONMENT
    for run in found:
        _delete(run)
        terminal.out(f"removed {words.shown(run.folder)}\n")
    return Exit.DONE


def _removable(name: str) -> RunInfo:
    run = _find(name)
    try:
        removal.check(run.folder)
    except removal.CannotRemove as error:
        raise CommandError(str(error)) from error
    return run


def _agreed(found: list[RunInfo]) -> bool:
    """Asks; an answer that nobody gives is a no."""
    for run in found:
        terminal.err(
            f"  {words.shown(run.folder)} ({run.state}, {amounts.size(_size(run.folder))})\n"
        )
    terminal.err(f"Remove {amounts.plural(len(found), 'run')} and all that is in there? [y/N] ")
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        terminal.err("\n")
    return answer.strip().lower() in {"y", "yes"}


def _size(folder: Path) -> int:
    return sum(p.lstat().st_size for p in folder.rglob("*") if not p.is_dir())


def _delete(run: RunInfo) -> None:
    """The user has agreed to all that is in there."""
    try:
        removal.remove(run.folder, whatever=True)
    except removal.CannotRemove as error:
        raise CommandError(str(error)) from error


# For programs


def as_json(run: RunInfo) -> dict[str, Any]:
    """A run for programs; times are seconds since 1970, paths absolute."""
    return {
        "id": run.id,
        "name": run.name,
        "folder": str(run.folder),
        "workflow": None if run.workflow is None else str(run.workflow),
        "smoke": run.smoke,
        "state": run.state,
        "started": run.started,
        "updated": run.updated,
        "seconds": run.seconds,
        "stage": run.stage,
        "step": run.step,
        "total_steps": run.total_steps,
        "metrics": {name: v if v == v else None for name, v in run.metrics.items()},
        "stages": [
            {"name": s.name, "state": s.state, "seconds": s.seconds, "source": s.source}
            for s in run.stages
        ],
        "failure": None
        if run.failure is None
        else {
            "code": run.failure.code,
            "message": run.failure.message,
            "hint": run.failure.hint,
            "stage": run.failure.stage,
            "line": run.failure.line,
            "column": run.failure.column,
            "exit_code": run.failure.exit_code,
        },
        "artifacts": {name: str(path) for name, path in run.artifacts.items()},
        "report": None if run.report is None else str(run.report),
        "scores": scores.raw(run.folder),
        "training": forecast.raw(run),
    }
