"""What was predicted of the training, beside what it took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pitchpipe_runner.reporting import wording
from pitchpipe_runner.reporting.recording import Recording, Session, mapping, mappings, number

_QUANTITIES = (
    ("allocated_bytes", "Tensors at their peak", "allocated"),
    ("reserved_bytes", "Held by the allocator", "reserved"),
    ("process_bytes", "The process at its peak", "process"),
    ("tokens_per_second", "Tokens per second", "tokens_per_second"),
    ("seconds", "Time of the steps", "seconds"),
)
"""By their name in `measurement` events: what they are, and their name in `prediction` events."""


@dataclass(frozen=True, slots=True)
class Row:
    """`interval` is what the prediction allowed for, "" where it gave a single value."""

    name: str
    predicted: str
    interval: str
    measured: str
    error: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """`said` is in sentences; `parts` are those of the predicted peak, the largest first."""

    rows: tuple[Row, ...]
    said: str
    parts: tuple[tuple[str, str], ...]


def forecast(recording: Recording) -> Forecast | None:
    """Of the last process that trained; None where nothing was predicted or measured."""
    for session in reversed(recording.sessions):
        predicted = _last(session, "prediction")
        measured = _last(session, "measurement")
        if predicted or measured:
            return Forecast(
                tuple(_rows(predicted, measured)),
                " ".join(_said(predicted, measured)),
                _parts(predicted),
            )
    return None


def level(session: Session) -> tuple[float, float] | None:
    """When the peak was predicted, in seconds of working time, and how many bytes.

    That of tensors on a device, and of the process where there is none.
    """
    predicted = _last(session, "prediction")
    on_device = predicted.get("device") is not None
    likely = mapping(predicted.get("allocated" if on_device else "process")).get("likely")
    value = number(likely)
    return None if value is None else (session.seconds(predicted), value)


def _last(session: Session, kind: str) -> dict[str, Any]:
    return list(session.of(kind))[-1] if any(session.of(kind)) else {}


def _rows(predicted: dict[str, Any], measured: dict[str, Any]) -> Iterator[Row]:
    compared = mapping(measured.get("compared"))
    for key, name, foretold in _QUANTITIES:
        both, interval = mapping(compared.get(key)), mapping(predicted.get(foretold))
        value = both.get("predicted") if measured else interval.get("likely")
        if value != interval.get("likely"):  # that of a smaller batch than the largest to come
            interval = {}
        if number(value) is None and number(both.get("measured")) is None:
            continue
        yield Row(
            name,
            _figure(key, value),
            _interval(key, interval),
            _figure(key, both.get("measured")),
            wording.signed_percent(both.get("error")),
        )


_ALIKE = {
    "run": ", of such a model and step",
    "step": ", of such a step with other models",
    "machine": ", of other steps",
}


def _figure(key: str, value: object) -> str:
    if key.endswith("_bytes"):
        return wording.size(value)
    return wording.duration(value) if key == "seconds" else wording.figure(value)


def _interval(key: str, interval: dict[str, Any]) -> str:
    low, high = (_figure(key, interval.get(end)) for end in ("low", "high"))
    return "" if low == high else f"{low} to {high}"


def _said(predicted: dict[str, Any], measured: dict[str, Any]) -> Iterator[str]:
    if predicted:
        batch = mapping(predicted.get("batch"))
        where = f", in {predicted['where']}" if predicted.get("where") else ""
        yield (
            f"The largest batch has {wording.figure(batch.get('rows'))} × "
            f"{wording.figure(batch.get('length'))} positions; the peak was predicted for: "
            f"{predicted.get('moment', '')}{where}."
        )
        runs = number(predicted.get("learnt_from")) or 0
        if runs:
            learnt = "an earlier run" if runs == 1 else f"{wording.figure(runs)} earlier runs"
            what = "Speed and overhead were" if predicted.get("seconds") else "Overhead was"
            like = _ALIKE.get(str(predicted.get("learnt_like")), "")
            yield f"{what} learnt from {learnt} on this machine{like}."
        if predicted.get("exact") is False:
            yield "The model's kind is not known exactly, so this is an approximation."
    if measured and not measured.get("final"):
        yield f"Measured up to step {wording.figure(measured.get('step'))}."
    if predicted and not measured:
        yield "The training ended before anything could be measured."


def _parts(predicted: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    found = [
        (str(p.get("name", "")), number(p.get("bytes"))) for p in mappings(predicted.get("parts"))
    ]
    there = sorted(((n, b) for n, b in found if b), key=lambda part: -part[1])
    return tuple((wording.sentence(name), wording.size(size)) for name, size in there)
