"""What the evaluation found: headline, table, dots with intervals, confusion, answers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pitchpipe_runner.reporting import wording
from pitchpipe_runner.reporting.recording import Recording, mapping, mappings, number

# The first of these that was measured is the headline.
_TELLING = ("accuracy", "exact_match", "f1", "perplexity", "loss")
_ORDER = ("accuracy", "f1", "exact_match", "perplexity", "loss")
_LOWER_IS_BETTER = {"loss", "perplexity"}
# Beyond this ratio a linear axis would show nothing of the smaller values.
_LOG_RATIO = 30


@dataclass(frozen=True, slots=True)
class Model:
    """A model that was evaluated.

    `kind` is "base", "tuned" or "exported"; `label` is for people.
    """

    name: str
    kind: str
    label: str
    metrics: dict[str, dict[str, Any]]
    bytes: str
    speed: str
    confusion: list[list[float]]


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the headline's large figures."""

    label: str
    kind: str
    value: str
    interval: str


@dataclass(frozen=True, slots=True)
class Headline:
    """`title` says what was measured and on what; `sentences` compare."""

    title: str
    figures: tuple[Figure, ...]
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A metric of a model.

    `change` is the difference to the model `against` with its interval; `verdict` judges it.
    """

    value: str
    interval: str = ""
    change: str = ""
    against: str = ""
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    hint: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """Positions are percent of the axis.

    Without an interval `left` is the dot's own place and `width` 0.
    """

    label: str
    kind: str
    text: str
    at: float
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Panel:
    """One metric's dots on one axis.

    `majority` is the place of the majority class, None where there is none.
    """

    title: str
    hint: str
    dots: tuple[Dot, ...]
    ticks: tuple[tuple[float, str], ...]
    majority: float | None


@dataclass(frozen=True, slots=True)
class ConfusionCell:
    """`share` is of the row, 0 to 1."""

    count: str
    percent: str
    share: float
    right: bool


@dataclass(frozen=True, slots=True)
class Confusion:
    """Rows are the truth, columns what was predicted."""

    label: str
    kind: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[ConfusionCell, ...]], ...]

    @property
    def is_large(self) -> bool:
        """Whether percentages would crowd the matrix."""
        return len(self.columns) > 4


@dataclass(frozen=True, slots=True)
class Answer:
    """`right` None: the model gave no answer."""

    label: str
    kind: str
    text: str
    right: bool | None


@dataclass(frozen=True, slots=True)
class Sample:
    prompt: str
    expected: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything about it.

    `rows_note` says what was evaluated on; `right_word` and `wrong_word` how answers are judged.
    """

    headline: Headline | None
    models: tuple[Model, ...]
    majority: str
    table: tuple[Row, ...]
    panels: tuple[Panel, ...]
    confusions: tuple[Confusion, ...]
    samples: tuple[Sample, ...]
    rows_note: str
    right_word: str
    wrong_word: str


def evaluation(recording: Recording) -> Evaluation | None:
    """None where nothing was evaluated."""
    scores = recording.scores
    models = [_model(m) for m in mappings(scores.get("models"))]
    if not models:
        return None
    majority = mapping(scores.get("majority"))
    classifies = scores.get("labels") is not None
    return Evaluation(
        _headline(recording, models, majority),
        tuple(models),
        str(majority["label"]) if "label" in majority else "",
        tuple(_table(models, majority, mappings(scores.get("differences")))),
        tuple(_panels(models, majority)),
        tuple(_confusions(models, scores)),
        tuple(_samples(models, mappings(scores.get("samples")))),
        _rows_note(scores),
        "right" if classifies else "as expected",
        "wrong" if classifies else "differs",
    )


def _model(found: dict[str, Any]) -> Model:
    name, kind = str(found.get("name", "?")), str(found.get("kind", "exported"))
    precision = found.get("precision")
    label = f"Exported, {precision}" if kind == "exported" and precision else wording.words(name)
    measured = {k: mapping(v) for k, v in mapping(found.get("metrics")).items()}
    matrix = found.get("confusion")
    rows = [row for row in matrix if isinstance(row, list)] if isinstance(matrix, list) else []
    return Model(
        name,
        kind,
        label,
        {k: v for k, v in measured.items() if number(v.get("value")) is not None},
        wording.size(found.get("bytes")),
        wording.figure(found.get("tokens_per_second"), 3),
        [[number(c) or 0 for c in row] for row in rows],
    )


def _metrics(models: Sequence[Model]) -> list[str]:
    found = {name for m in models for name in m.metrics}
    return [n for n in _ORDER if n in found] + sorted(found - set(_ORDER))


def _rows_note(scores: dict[str, Any]) -> str:
    rows = mapping(scores.get("rows"))
    n, split = number(rows.get("n")), rows.get("split")
    if n is None:
        return ""
    of = {"test": "test rows", "eval": "evaluation rows"}.get(str(split), "rows")
    return f"{n:,.0f} held-out {of}"


# --- headline -------------------------------------------------------------------------------------


def _headline(
    recording: Recording, models: list[Model], majority: dict[str, Any]
) -> Headline | None:
    found = _metrics(models)
    metric = next((n for n in _TELLING if n in found), None)
    if metric is None:
        return None
    shown = [m for m in _shown(recording, models) if metric in m.metrics]
    rows = _rows_note(recording.scores)
    sentences = [*_majority_sentence(metric, majority), *_changes(metric, shown, recording.scores)]
    return Headline(
        wording.words(metric) + (f" on {rows}" if rows else ""),
        tuple(_figure(metric, m) for m in shown),
        tuple(sentences),
    )


def _figure(metric: str, model: Model) -> Figure:
    measured = model.metrics[metric]
    return Figure(
        model.label,
        model.kind,
        wording.metric(metric, measured["value"]),
        _interval(metric, measured),
    )


def _shown(recording: Recording, models: list[Model]) -> list[Model]:
    """Base, tuned, and the export to use: the first precision that the plan names."""
    wanted = mapping(recording.plan.get("export")).get("precision")
    first = wanted[0] if isinstance(wanted, list) and wanted else None
    exports = [m for m in models if m.kind == "exported"]
    export = next(
        (m for m in exports if m.name == f"exported-{first}"), exports[0] if exports else None
    )
    return [m for m in models if m.kind != "exported"] + ([export] if export else [])


def _majority_sentence(metric: str, majority: dict[str, Any]) -> Iterator[str]:
    if (value := number(majority.get(metric))) is not None:
        reached = wording.metric(metric, value)
        yield f"Always answering “{majority.get('label')}” would reach {reached}."


def _changes(metric: str, models: list[Model], scores: dict[str, Any]) -> Iterator[str]:
    unit = " points" if wording.is_share(metric) else ""
    for a, b, who in _pairs(models):
        found = _difference(scores, metric, a.name, b.name)
        if not found:
            continue
        text = wording.difference(metric, *(found.get(k) for k in ("value", "low", "high")))
        # The unit belongs to the change, which the interval follows.
        change, gap, interval = text.partition(" ")
        yield f"{who}: {change}{unit}{gap}{interval}{_doubt(found)}."


def _pairs(models: list[Model]) -> Iterator[tuple[Model, Model, str]]:
    by_kind = {m.kind: m for m in models}
    if {"base", "tuned"} <= by_kind.keys():
        yield by_kind["tuned"], by_kind["base"], "Tuned against base"
    if {"tuned", "exported"} <= by_kind.keys():
        export = by_kind["exported"]
        yield export, by_kind["tuned"], f"{export.label}, against tuned"


def _difference(
    scores: dict[str, Any], metric: str, a: str, b: str | None = None
) -> dict[str, Any]:
    for found in mappings(scores.get("differences")):
        if found.get("metric") == metric and found.get("a") == a and b in (None, found.get("b")):
            return found
    return {}


def _doubt(found: dict[str, Any]) -> str:
    return ", no clear difference" if _is_unclear(found) else ""


def _is_unclear(found: dict[str, Any]) -> bool:
    """Whether the interval of a difference holds 0."""
    low, high = number(found.get("low")), number(found.get("high"))
    return low is not None and high is not None and low <= 0 <= high


def _interval(metric: str, measured: dict[str, Any]) -> str:
    low, high = number(measured.get("low")), number(measured.get("high"))
    if low is None or high is None:
        return ""
    return f"{wording.metric(metric, low)} to {wording.metric(metric, high)}"


# --- table ----------------------------------------------------------------------------------------


def _table(
    models: list[Model], majority: dict[str, Any], differences: list[dict[str, Any]]
) -> Iterator[Row]:
    """One row a metric; before the models' cells one for the majority class, if there is any."""
    for metric in _metrics(models):
        cells = [_cell(metric, m, models, differences) for m in models]
        if majority:
            cells.insert(0, Cell(wording.metric(metric, majority.get(metric))))
        yield Row(wording.words(metric), _hint(metric), tuple(cells))


def _hint(metric: str) -> str:
    return (
        "lower is better"
        if metric in _LOWER_IS_BETTER
        else "higher is better"
        if metric in _ORDER
        else ""
    )


def _cell(
    metric: str, model: Model, models: list[Model], differences: list[dict[str, Any]]
) -> Cell:
    measured = model.metrics.get(metric)
    if measured is None:
        return Cell(wording.NOTHING)
    own = [d for d in differences if d.get("metric") == metric and d.get("a") == model.name]
    value, interval = wording.metric(metric, measured["value"]), _interval(metric, measured)
    if not own or number(own[0].get("value")) is None:
        return Cell(value, interval)
    against = next(
        (m.label.lower() for m in models if m.name == own[0].get("b")), str(own[0].get("b"))
    )
    change = wording.difference(metric, *(own[0].get(k) for k in ("value", "low", "high")))
    return Cell(value, interval, change, against, _verdict(metric, own[0]))


def _verdict(metric: str, found: dict[str, Any]) -> str:
    value = number(found.get("value")) or 0
    if value == 0 or _is_unclear(found):
        return "no clear difference"
    if metric not in _ORDER:
        return ""
    return "better" if (value < 0) == (metric in _LOWER_IS_BETTER) else "worse"


# --- dots with intervals --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Axis:
    low: float
    high: float
    log: bool

    def place(self, value: float) -> float:
        """Percent of the axis, held within it."""
        low, high, value = (self._on(v) for v in (self.low, self.high, value))
        return round(min(100.0, max(0.0, 100 * (value - low) / (high - low))), 2)

    def _on(self, value: float) -> float:
        return math.log10(max(value, self.low)) if self.log else value


def _panels(models: list[Model], majority: dict[str, Any]) -> Iterator[Panel]:
    for metric in _metrics(models):
        measured = [(m, m.metrics[metric]) for m in models if metric in m.metrics]
        ends = [_ends(found) for _, found in measured]
        axis, ticks = _axis(metric, [v for pair in ends for v in pair])
        dots = [
            Dot(
                m.label,
                m.kind,
                wording.metric(metric, found["value"]),
                axis.place(found["value"]),
                axis.place(low),
                round(axis.place(high) - axis.place(low), 2),
            )
            for (m, found), (low, high) in zip(measured, ends, strict=True)
        ]
        base = number(majority.get(metric))
        yield Panel(
            wording.words(metric) + (", logarithmic" if axis.log else ""),
            _hint(metric),
            tuple(dots),
            tuple(
                (
                    axis.place(t),
                    wording.percent(t, 0) if wording.is_share(metric) else wording.figure(t),
                )
                for t in ticks
            ),
            None if base is None else axis.place(base),
        )


def _ends(found: dict[str, Any]) -> tuple[float, float]:
    value = found["value"]
    low, high = number(found.get("low")), number(found.get("high"))
    return (value if low is None else low), (value if high is None else high)


def _axis(metric: str, values: list[float]) -> tuple[_Axis, list[float]]:
    if wording.is_share(metric):
        return _Axis(0, 1, False), [0, 0.25, 0.5, 0.75, 1]
    low, high = min(values), max(values)
    if low > 0 and high / low > _LOG_RATIO:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        return _Axis(10.0**first, 10.0**last, True), [
            10.0**e for e in range(first, last + 1, max(1, (last - first) // 4))
        ]
    low = min(low, 0.0)
    step = _nice((high - low) / 5 or 1)
    first, last = math.floor(low / step), max(math.ceil(high / step), math.floor(low / step) + 1)
    return _Axis(first * step, last * step, False), [i * step for i in range(first, last + 1)]


def _nice(step: float) -> float:
    """The next larger of 1, 2 and 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= step)


# --- confusion ------------------------------------------------------------------------------------


def _confusions(models: list[Model], scores: dict[str, Any]) -> Iterator[Confusion]:
    labels = scores.get("labels")
    names = [str(label) for label in labels] if isinstance(labels, list) else []
    counts = mapping(mapping(scores.get("rows")).get("counts"))
    for model in models:
        if not names or len(model.confusion) != len(names):
            continue
        rows = [
            _with_others(row, names, number(counts.get(name)))
            for row, name in zip(model.confusion, names, strict=True)
        ]
        width = max(len(row) for row in rows)
        columns = names if width == len(names) else [*names, "none of them"]
        yield Confusion(
            model.label, model.kind, tuple(columns), tuple(_confusion_rows(names, rows, width))
        )


def _with_others(row: list[float], names: list[str], n: float | None) -> list[float]:
    """The row, and the rows of that label whose answer was no label, if there are any."""
    known = row[: len(names)] + [0.0] * (len(names) - len(row))
    others = sum(row[len(names) :]) or max(0.0, (n or 0) - sum(known))
    return [*known, others] if others else known


def _confusion_rows(
    names: list[str],
    rows: list[list[float]],
    width: int,
) -> Iterator[tuple[str, tuple[ConfusionCell, ...]]]:
    for i, (name, row) in enumerate(zip(names, rows, strict=True)):
        total = sum(row) or 1
        padded = row + [0.0] * (width - len(row))
        yield (
            name,
            tuple(
                ConfusionCell(
                    wording.figure(c), wording.percent(c / total, 0), round(c / total, 4), i == j
                )
                for j, c in enumerate(padded)
            ),
        )


# --- answers --------------------------------------------------------------------------------------


def _samples(models: list[Model], samples: list[dict[str, Any]]) -> Iterator[Sample]:
    for found in samples:
        expected = str(found.get("expected", ""))
        given = mapping(found.get("answers"))
        known = {m.name: m for m in models}
        order = [m.name for m in models if m.name in given] + [n for n in given if n not in known]
        answers = []
        for name in order:
            text = given[name]
            right = None if text is None else _same(str(text), expected)
            label, kind = (
                (known[name].label, known[name].kind) if name in known else (name, "exported")
            )
            answers.append(Answer(label, kind, wording.shortened(str(text or "")), right))
        prompt = wording.shortened(str(found.get("prompt", "")))
        yield Sample(prompt, wording.shortened(expected), tuple(answers))


def _same(answer: str, expected: str) -> bool:
    """As exact match is measured: case and outer white space aside."""
    return answer.strip().casefold() == expected.strip().casefold()
