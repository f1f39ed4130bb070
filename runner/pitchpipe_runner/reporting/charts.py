"""The charts of the training: what each draws, what it says in words, and the same as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pitchpipe_runner.reporting import wording
from pitchpipe_runner.reporting.recording import Recording
from pitchpipe_runner.reporting.series import (
    Measured,
    Point,
    measured,
    resources,
    rounded,
    smoothed,
    spread,
    thinned,
)

_MOST_ROWS = 60
_MOST_CHARTS = 24
# Noise hides the course of a loss from about here on.
_ENOUGH_FOR_A_MEAN = 60
_DRAWN_ELSEWHERE = {"loss", "eval_loss", "learning_rate", "grad_norm", "tokens_per_second", "epoch"}


@dataclass(frozen=True, slots=True)
class Line:
    """One series. `colour` names a custom property of the style sheet; `style` is "line", "faint" or "points"."""

    label: str
    colour: str
    points: list[Point]
    style: str = "line"
    tabled: bool = True


@dataclass(frozen=True, slots=True)
class Band:
    """A stage's stretch of working time, in seconds."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Chart:
    """`axis` is "step" or "time". `summary` says in words what the curve shows, `note` what was left out.
    `extent` is where a time axis ends, so that all of them are alike; 0 for steps.
    """

    id: str
    title: str
    unit: str
    axis: str
    lines: tuple[Line, ...]
    bands: tuple[Band, ...]
    marks: tuple[float, ...]
    summary: str
    note: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    table_note: str
    wide: bool
    extent: float

    def drawn(self) -> dict[str, Any]:
        """What the script needs to draw it."""
        return {
            "id": self.id,
            "axis": self.axis,
            "unit": self.unit,
            "wide": self.wide,
            "series": [_drawn_line(line, self.axis) for line in self.lines],
            "bands": [[b.name, round(b.start, 2), round(b.end, 2)] for b in self.bands],
            "marks": list(self.marks),
            "extent": round(self.extent, 2),
        }


def charts(recording: Recording) -> list[Chart]:
    found = measured(recording)
    made = [*_step_charts(found), *_time_charts(recording, found)]
    return made[:_MOST_CHARTS]


def bands(recording: Recording) -> list[Band]:
    """When each stage worked; a stage that a failure or a kill ended goes on to the last word of its process."""
    found: list[Band] = []
    for session in recording.sessions:
        begun: dict[str, float] = {}
        for event in session.of("stage-started", "stage-done"):
            stage, now = str(event.get("stage")), session.seconds(event)
            if event["kind"] == "stage-started":
                begun[stage] = now
            elif stage in begun:
                found.append(Band(stage, begun.pop(stage), now))
        end = session.seconds(session.events[-1])
        found += [Band(stage, start, end) for stage, start in begun.items()]
    return found


def _step_charts(found: Measured) -> Iterator[Chart]:
    series = found.current
    yield from _chart("loss", "Loss", "", "step", _loss_lines(series), found, wide=True)
    rate = Line("learning rate", "tuned", series.get("learning_rate", []))
    yield from _chart("learning-rate", "Learning rate", "", "step", [rate], found)
    norm = Line("gradient norm", "tuned", series.get("grad_norm", []))
    yield from _chart("grad-norm", "Gradient norm", "", "step", [norm], found)
    others = sorted(set(series) - _DRAWN_ELSEWHERE)
    for i, name in enumerate(others):
        line = Line(wording.words(name).lower(), "tuned", series[name])
        yield from _chart(f"metric-{i}", wording.words(name), "", "step", [line], found)


def _loss_lines(series: dict[str, list[Point]]) -> list[Line]:
    training, evaluation = series.get("loss", []), series.get("eval_loss", [])
    lines = [Line("evaluation", "exported", evaluation, "points")]
    if len(training) < _ENOUGH_FOR_A_MEAN:
        return [Line("training", "tuned", training), *lines]
    window = max(5, len(training) // 40)
    values = smoothed([p.value for p in training], window)
    mean = [Point(p.step, p.seconds, v) for p, v in zip(training, values, strict=True)]
    raw = Line("training", "tuned", training, "faint")
    return [raw, Line("training, smoothed", "tuned", mean, tabled=False), *lines]


def _time_charts(recording: Recording, found: Measured) -> Iterator[Chart]:
    stages = bands(recording)
    speed = [Line("tokens per second", "tuned", found.all.get("tokens_per_second", []))]
    marks = tuple(s.seconds(s.events[0]) for s in recording.sessions[1:])
    yield from _chart(
        "speed", "Tokens per second", "", "time", speed, found, stages, marks, wide=True
    )
    yield from _memory_chart(recording, found, stages, marks)
    cpu = [Line("CPU use", "base", resources(recording, "cpu_percent"))]
    yield from _chart(
        "cpu", "CPU use, % of one core", "%", "time", cpu, found, stages, marks, wide=True
    )


def _memory_chart(
    recording: Recording,
    found: Measured,
    stages: list[Band],
    marks: tuple[float, ...],
) -> Iterator[Chart]:
    own = [
        ("resident (RSS)", "tuned", resources(recording, "rss_bytes")),
        ("device", "exported", resources(recording, "device_bytes")),
    ]
    most = max((p.value or 0 for _, _, points in own for p in points), default=0)
    unit, scale = ("GB", 1e9) if most >= 1e9 else ("MB", 1e6)
    lines = [
        Line(label, colour, [Point(p.step, p.seconds, (p.value or 0) / scale) for p in points])
        for label, colour, points in own
    ]
    yield from _chart(
        "memory", f"Memory, {unit}", unit, "time", lines, found, stages, marks, wide=True
    )


def _chart(
    id: str,
    title: str,
    unit: str,
    axis: str,
    lines: Sequence[Line],
    found: Measured,
    stages: Sequence[Band] = (),
    marks: tuple[float, ...] | None = None,
    *,
    wide: bool = False,
) -> Iterator[Chart]:
    """The chart, or nothing where nothing was measured."""
    lines = [line for line in lines if line.points]
    if not lines:
        return
    headings, rows, table_note = _table(lines, axis)
    yield Chart(
        id,
        title,
        unit,
        axis,
        tuple(lines),
        tuple(stages),
        found.resumed if marks is None else marks,
        " ".join(_said(line, axis, unit) for line in lines if line.tabled),
        _note(lines, found, axis),
        headings,
        rows,
        table_note,
        wide,
        max((b.end for b in stages), default=0.0),
    )


def _said(line: Line, axis: str, unit: str) -> str:
    """The curve in one sentence."""
    finite = [p for p in line.points if p.value is not None]
    gone = [p for p in line.points if p.value is None]
    name = line.label[:1].upper() + line.label[1:]
    if not finite:
        return f"{name}: no finite value among {len(gone):,}."

    def at(point: Point) -> str:
        where = f"step {point.step:,}" if axis == "step" else wording.duration(point.seconds)
        return f"{_value(point.value, unit)} at {where}"

    ends = (finite[0], finite[-1])
    low = min(finite, key=lambda p: p.value or 0)
    high = max(finite, key=lambda p: p.value or 0)
    inner = [f"{word} {at(p)}" for word, p in (("lowest", low), ("highest", high)) if p not in ends]
    course = f"from {at(ends[0])} to {at(ends[1])}" if len(finite) > 1 else at(ends[0])
    said = f"{name} {'; '.join([course, *inner])}."
    if gone:
        said += f" Not a finite number at {len(gone):,} of {len(line.points):,} points, first at step {gone[0].step:,}."
    return said


def _note(lines: Sequence[Line], found: Measured, axis: str) -> str:
    said = []
    longest = max(len(line.points) for line in lines)
    drawn = max(len(thinned(_xs(line, axis), [p.value for p in line.points])[0]) for line in lines)
    if drawn < longest:
        said.append(
            f"Drawn with {drawn:,} of {longest:,} points: the lowest and the highest of each stretch."
        )
    if axis == "step" and found.superseded:
        said.append(
            f"{found.superseded:,} values of an earlier process, computed again after the resume, are not shown."
        )
    return " ".join(said)


def _table(
    lines: Sequence[Line], axis: str
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], str]:
    tabled = [line for line in lines if line.tabled]
    by_x = [{_x(p, axis): p.value for p in line.points} for line in tabled]
    every = sorted({x for values in by_x for x in values})
    chosen = {every[i] for i in spread(len(every), _MOST_ROWS)}
    for values in by_x:
        if len(values) <= _MOST_ROWS:
            chosen.update(values)
    rows = tuple((_x_text(x, axis), *(_cell(values, x) for values in by_x)) for x in sorted(chosen))
    note = (
        f"{len(rows):,} of {len(every):,} points, evenly spread." if len(rows) < len(every) else ""
    )
    return ("Step" if axis == "step" else "Time", *(line.label for line in tabled)), rows, note


def _cell(values: dict[float, float | None], x: float) -> str:
    if x not in values:
        return ""
    return "not finite" if values[x] is None else wording.figure(values[x])


def _x(point: Point, axis: str) -> float:
    return point.step if axis == "step" else round(point.seconds, 2)


def _xs(line: Line, axis: str) -> list[float]:
    return [_x(p, axis) for p in line.points]


def _x_text(x: float, axis: str) -> str:
    return f"{int(x):,}" if axis == "step" else wording.duration(x)


def _value(value: float | None, unit: str) -> str:
    text = wording.figure(value, 3)
    return text if not unit else f"{text}%" if unit == "%" else f"{text}\u00a0{unit}"


def _drawn_line(line: Line, axis: str) -> dict[str, Any]:
    xs, ys = thinned(_xs(line, axis), [p.value for p in line.points])
    return {
        "label": line.label,
        "colour": line.colour,
        "style": line.style,
        "x": xs,
        "y": rounded(ys),
    }
