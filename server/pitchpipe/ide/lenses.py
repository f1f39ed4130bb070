"""Commands above a workflow's first key, and what its runs came to."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe import amounts
from pitchpipe.ide.items import Command, Lens
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.ide.world import Run
from pitchpipe.syntax.nodes import Mapping

_DAY = 86_400.0


def lenses(snapshot: Snapshot) -> list[Lens]:
    """The lenses of a workflow; those of a run that goes on stand first.

    One that lies on no disk can't be run.
    """
    root = snapshot.document.root
    if snapshot.context.blind or not isinstance(root, Mapping) or not root.entries:
        return []
    span = root.entries[0].key.span
    path = snapshot.analysis.path
    runs = snapshot.world.runs(path)
    return [Lens(span, title, command) for title, command in _all(path, runs, snapshot.now)]


def _all(path: str, runs: tuple[Run, ...], now: float) -> Iterator[tuple[str, Command | None]]:
    going = [run for run in runs if run.state in {"waiting", "running"}]
    for run in going:
        yield _named(f"$(sync~spin) {_progress(run)} · stop", "pitchpipe.cancel", path, run.id)
    if not going:
        yield _named("$(play) Run", "pitchpipe.run", path)
        yield _named("Smoke run", "pitchpipe.smoke", path)
    yield _named("Estimate", "pitchpipe.estimate", path)
    yield _named("Compare", "pitchpipe.compare", path)
    last = next((run for run in runs if run not in going), None)
    if last is None:
        return
    if not going and last.state != "done":
        yield _named("Resume", "pitchpipe.resume", path, last.id)
    if last.report is not None:
        yield _named(_result(last, now), "pitchpipe.openReport", path, last.id)
    else:
        yield _result(last, now), None


def _named(title: str, name: str, *arguments: str) -> tuple[str, Command]:
    return title, Command(title, name, arguments)


def _progress(run: Run) -> str:
    """`training, step 120 of 400`."""
    stage = {"train": "training", "evaluate": "evaluating"}.get(run.stage or "", run.stage)
    if run.step is not None and run.total_steps:
        return f"{stage}, step {run.step:,} of {run.total_steps:,}"
    if run.share is not None:
        return f"{stage}, {run.share:.0%}"
    return stage or "starting"


def _result(run: Run, now: float) -> str:
    """`0.83 eval_loss, 2 h ago`."""
    said = "smoke run " if run.smoke else ""
    if run.state == "done":
        said += f"{run.best[1]:.3g} {run.best[0]}" if run.best else "done"
    else:
        said += run.state
    return said if run.at is None else f"{said}, {ago(now - run.at)}"


def ago(seconds: float) -> str:
    """`just now`, `5 min ago`, `2 h ago`, `3 days ago`."""
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if seconds < _DAY:
        return f"{int(seconds // 3600)} h ago"
    return f"{amounts.plural(int(seconds // _DAY), 'day')} ago"
