"""The charts of the training: what each draws, what it says in words, and the same as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pitchpipe_runner.reporting import forecast, wording
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
    """One series.

    `colour` names a custom property of the style sheet; `style` is "line", "faint", "dashed" or
    "points".
    """

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
    """A chart, its words and its table.

    `axis` is "step" or "time". `summary` says in words what the curve shows, `note` what was left
    out, `alert` what is wrong with it. `extent` is where a time axis ends, so that all of them are
    alike; 0 for steps.
    """

    id: str
    title: str
    axis: str
    lines: tuple[Line, ...]
    summary: str
    alert: str
    note: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    table_note: str
    wide: bool
    data: dict[str, Any]


def charts(recording: Recording) -> list[Chart]:
    found = measured(recording)
    made = [*_step_charts(found), *_time_charts(recording, found)]
    return made[:_MOST_CHARTS]


def bands(recording: Recording) -> list[Band]:
    """When each stage worked; one that never ended goes on to the last word of its process."""
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
    predicted = _predicted(recording, stages)
    every = [*(points for _, _, points in own), predicted]
    most = max((p.value or 0 for points in every for p in points), default=0)
    unit, scale = ("GB", 1e9) if most >= 1e9 else ("MB", 1e6)

    def scaled(points: list[Point]) -> list[Point]:
        return [
            Point(p.step, p.seconds, None if p.value is None else p.value / scale) for p in points
        ]

    lines = [Line(label, colour, scaled(points)) for label, colour, points in own]
    if any(line.points for line in lines):
        lines.append(Line("predicted peak", "base", scaled(predicted), "dashed", tabled=False))
    yield from _chart(
        "memory", f"Memory, {unit}", unit, "time", lines, found, stages, marks, wide=True
    )


def _predicted(recording: Recording, stages: list[Band]) -> list[Point]:
    """A level for the rest of each training; with a gap between two of them."""
    found: list[Point] = []
    for session in recording.sessions:
        said = forecast.level(session)
        if said is None:
            continue
        since, value = said
        until = [b.end for b in stages if b.name == "train" and b.start <= since <= b.end]
        gap = [Point(0, since, None)] if found else []
        found += [*gap, Point(0, since, value), Point(0, max([since, *until]), value)]
    return found


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
    drawn = [_drawn(line, axis) for line in lines]
    yield Chart(
        id,
        title,
        axis,
        tuple(lines),
        " ".join(_said(line, axis, unit) for line in lines if line.tabled),
        _alert(lines),
        _note(lines, drawn, found, told=wide and axis == "step"),
        headings,
        rows,
        table_note,
        wide,
        {
            "id": id,
            "axis": axis,
            "series": drawn,
            "bands": [[b.name, round(b.start, 2), round(b.end, 2)] for b in stages],
            "marks": list(found.resumed if marks is None else marks),
            # Where all time axes end, so that the charts can be compared; 0 for steps.
            "extent": round(max((b.end for b in stages), default=0.0), 2),
        },
    )


def _said(line: Line, axis: str, unit: str) -> str:
    """The curve in one sentence."""
    finite = [p for p in line.points if p.value is not None]
    name = wording.sentence(line.label)
    if not finite:
        return f"{name}: no finite value."

    def at(point: Point) -> str:
        where = f"step {point.step:,}" if axis == "step" else wording.duration(point.seconds)
        return f"{_value(point.value, unit)} at {where}"

    ends = (finite[0], finite[-1])
    low = min(finite, key=lambda p: p.value or 0)
    high = max(finite, key=lambda p: p.value or 0)
    inner = [f"{word} {at(p)}" for word, p in (("lowest", low), ("highest", high)) if p not in ends]
    course = f"from {at(ends[0])} to {at(ends[1])}" if len(finite) > 1 else at(ends[0])
    return f"{name} {'; '.join([course, *inner])}."


def _alert(lines: Sequence[Line]) -> str:
    """Where a curve has no finite number: in words, for a gap is easily overlooked."""
    said = []
    for line in lines:
        gone = [p for p in line.points if p.value is None]
        if gone and line.tabled:
            of = f"{len(gone):,} of {len(line.points):,} values"
            said.append(f"{line.label}: not a finite number from step {gone[0].step:,} on ({of}).")
    return wording.sentence(" ".join(said))


def _note(
    lines: Sequence[Line], drawn: Sequence[dict[str, Any]], found: Measured, *, told: bool
) -> str:
    """What is not drawn; `told`: the steps that were computed again, too."""
    said: list[str] = []
    longest = max(len(line.points) for line in lines)
    shown = max(len(line["x"]) for line in drawn)
    if shown < longest:
        said.append(
            f"Drawn with {shown:,} of {longest:,} points: "
            "the lowest and the highest of each stretch."
        )
    if told and found.superseded:
        said.append(
            f"{found.superseded:,} steps of an earlier process, computed again after the resume, "
            "are not shown."
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


def _x_text(x: float, axis: str) -> str:
    return f"{int(x):,}" if axis == "step" else wording.duration(x)


def _value(value: float | None, unit: str) -> str:
    text = wording.figure(value, 3)
    return text if not unit else f"{text}%" if unit == "%" else f"{text}\u00a0{unit}"


def _drawn(line: Line, axis: str) -> dict[str, Any]:
    xs, ys = thinned([_x(p, axis) for p in line.points], [p.value for p in line.points])
    return {
        "label": line.label,
        "colour": line.colour,
        "style": line.style,
        "x": xs,
        "y": rounded(ys),
    }
