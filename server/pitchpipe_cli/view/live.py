"""A run as a picture that moves: for terminals."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pitchpipe import amounts
from pitchpipe_cli.view import plain, words
from pitchpipe_facts.runs import Event, RunInfo, StageInfo

_LOG_LINES = 4
_MARKS = {"waiting": "·", "running": "●", "done": "✓", "reused": "↺", "failed": "✗", "stopped": "■"}
_ASCII_MARKS = {
    **dict.fromkeys(_MARKS, "."),
    "running": "*",
    "done": "+",
    "reused": "=",
    "failed": "x",
}
_STYLES = {"running": "bold cyan", "done": "green", "reused": "green", "failed": "bold red"}
_FIGURES = ("loss", "eval_loss", "learning_rate", "tokens_per_second")
_PERIOD = 0.25  # seconds between two pictures


class Picture:
    """Draws the run anew four times a second; warnings stay above it, and scroll."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, redirect_stderr=False)
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._drawn = 0.0

    def __enter__(self) -> Picture:
        self._live.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._live.stop()

    def line(self, line: bytes) -> None:
        pass

    def show(self, run: RunInfo, event: Event) -> None:
        """Takes note of `event`; `run` is the state after it."""
        kind = event["kind"]
        if kind == "warning":
            self._print(words.finding_line(run, event, "warning"), "yellow")
        elif kind == "failure":
            self._print(plain.failure(run, event), "red")
        elif kind == "log" and event["level"] in {"warning", "error"}:
            self._print(event["message"], "yellow")
        elif kind == "log" and event["level"] == "info":
            self._log.append(event["message"])
        elif kind == "resolved":
            self._log.append(f"{event['path']} = {event['value']} ({event['reason']})")
        if run.state != "running":
            self._draw(run)

    def tick(self, run: RunInfo) -> None:
        """Draws, when the last picture is old enough."""
        if time.monotonic() - self._drawn >= _PERIOD:
            self._draw(run)

    def say(self, text: str) -> None:
        self._print(text, "bold")

    def _print(self, text: str, style: str) -> None:
        self._console.print(Text(text, style), soft_wrap=True)

    def _draw(self, run: RunInfo) -> None:
        ascii_only = self._console.options.ascii_only
        drawn = picture(run, tuple(self._log), time.time(), ascii_only)
        # A terminal that echoes ^C behind a full last line goes on in the next, unseen by rich.
        self._live.update(Constrain(drawn, self._console.width - 1), refresh=True)
        self._drawn = time.monotonic()


def picture(
    run: RunInfo, log: tuple[str, ...], now: float, ascii_only: bool = False
) -> RenderableType:
    """The run at the time `now` (seconds since 1970): stages, figures, the last log lines."""
    stages = (
        _stages(run, now, ascii_only) if run.stages else _one_line("  starting the runner", "dim")
    )
    lines: list[RenderableType] = [_head(run, now), stages]
    lines += [_one_line("  " + "   ".join(figures)) for figures in _figures(run) if figures]
    if run.state == "running":
        lines += [_one_line(f"  {line}", "dim") for line in log]
    return Group(*lines)


def _one_line(text: str, style: str = "") -> Text:
    """A picture that scrolls out of its place can't be drawn over, so nothing in it wraps."""
    return Text(text, style, no_wrap=True, overflow="ellipsis")


def _head(run: RunInfo, now: float) -> RenderableType:
    end = now if run.state == "running" else run.updated or now
    clock = amounts.seconds(max(0.0, end - (run.began or end)))
    grid = Table.grid(expand=True)
    grid.add_column(no_wrap=True, overflow="ellipsis")
    grid.add_column(justify="right", no_wrap=True)
    title = Text.assemble((run.name, "bold"), "  ", (run.id, "dim"))
    grid.add_row(title, Text(clock, "dim"))
    return grid


def _stages(run: RunInfo, now: float, ascii_only: bool) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, justify="right")
    grid.add_column()
    marks = _ASCII_MARKS if ascii_only else _MARKS
    for stage in run.stages:
        name = Text(f"  {marks[stage.state]} {stage.name}", _STYLES.get(stage.state, "dim"))
        grid.add_row(name, _duration(run, stage, now), _details(stage))
    return grid


def _duration(run: RunInfo, stage: StageInfo, now: float) -> Text:
    if stage.seconds is not None:
        return Text(amounts.seconds(stage.seconds))
    if stage.state == "waiting" or stage.started is None:
        return Text("")
    end = now if stage.state == "running" else run.updated or now
    return Text(amounts.seconds(max(0.0, end - stage.started)))


def _details(stage: StageInfo) -> RenderableType:
    if stage.state == "reused":
        return _one_line(f"reused from {plain.reused_from(stage.source or '')}", "dim")
    if stage.state == "done":
        return _one_line(plain.described(stage.facts), "dim")
    if stage.progress is None:
        return Text("")
    grid = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=stage.progress.total or None, completed=stage.progress.done, width=24)
    grid.add_row(bar, _one_line(plain.progress(stage)))
    return grid


def _figures(run: RunInfo) -> tuple[list[str], list[str]]:
    """What is learnt and how fast; what it takes."""
    values = ((name, run.metrics[name]) for name in _FIGURES if name in run.metrics)
    learning = [f"{words.metric_label(n)} {words.metric_value(n, v)}" for n, v in values]
    memory = words.memory(run)
    if memory is None or run.resources is None:
        return learning, []
    return learning, [f"memory {memory}", f"CPU {run.resources['cpu_percent']:.0f} %"]
