"""A run as lists show it: for the core's lenses, and as plain data for a client."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from pitchpipe.ide.world import Run
from pitchpipe_facts import runs
from pitchpipe_facts.runs import Event, RunInfo
from pitchpipe_server.runs import endings, pace
from pitchpipe_server.runs.loosely import mapping, number
from pitchpipe_server.runs.reading import Reading

Earlier = Callable[[RunInfo], pace.Seconds]  # what the stages took in an earlier run

_SCORES = ("accuracy", "f1", "exact_match", "loss")  # in the order of what is shown first
_ENDS = ("low", "likely", "high")


def summary(reading: Reading, *, locked: bool, earlier: Earlier) -> Run:
    """What the core shows of a run.

    `best` is the lowest `eval_loss`; of a run that was not evaluated while it trained what its
    evaluation found of the tuned model, accuracy first; else the last `loss`.
    """
    run = runs.settled(reading.run, locked=locked)
    report = endings.report_of(run)
    return Run(
        id=run.id,
        folder=str(run.folder),
        state=run.state,
        smoke=run.smoke,
        at=run.updated,
        stage=run.stage,
        step=run.step,
        total_steps=run.total_steps,
        share=pace.share(run, earlier(run) if run.state == "running" else pace.NOTHING_EARLIER),
        best=_best(reading),
        report=None if report is None else str(report),
    )


def told(run: Run, reading: Reading) -> dict[str, Any]:
    """The same with what only clients want to know: a `Run` of docs/language-server.md."""
    info = reading.run
    failure = info.failure if run.state == "failed" else None
    predicted, measured = memory(info)
    return {
        **asdict(run),
        "started": info.started,
        "seconds": reading.seconds,
        "predicted": predicted,
        "measured": measured,
        "failure": failure
        and {"code": failure.code, "message": failure.message, "hint": failure.hint},
        "resumable": run.state not in {"running", "done"},
    }


def memory(run: RunInfo) -> tuple[dict[str, float] | None, float | None]:
    """The peak in bytes as it was predicted (low, likely, high), and as it was measured.

    That of tensors on a device, and of the whole process where there is none, as in the report.
    """
    predicted, measured = run.prediction or {}, run.measurement or {}
    on_device = _is_on_device(predicted, measured)
    interval = mapping(predicted.get("allocated" if on_device else "process"))
    ends = {end: value for end in _ENDS if (value := number(interval.get(end))) is not None}
    compared = mapping(measured.get("compared"))
    both = mapping(compared.get("allocated_bytes" if on_device else "process_bytes"))
    return (ends if len(ends) == len(_ENDS) else None), number(both.get("measured"))


def _is_on_device(predicted: Event, measured: Event) -> bool:
    kind = mapping(measured.get("setting")).get("kind")
    return predicted.get("device") is not None or (not predicted and kind in {"cuda", "mps"})


def _best(reading: Reading) -> tuple[str, float] | None:
    if reading.best_loss is not None:
        return ("eval_loss", reading.best_loss)
    if (score := _score(reading.run)) is not None:
        return score
    loss = reading.run.metrics.get("loss", math.nan)
    return ("loss", loss) if math.isfinite(loss) else None


def _score(run: RunInfo) -> tuple[str, float] | None:
    """Of the tuned model."""
    try:
        scores: Any = json.loads((run.folder / runs.SCORES).read_text(encoding="utf-8"))
        metrics = next(m["metrics"] for m in scores["models"] if m["kind"] == "tuned")
        name = next(name for name in _SCORES if metrics.get(name) is not None)
        return (name, float(metrics[name]["value"]))
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return None
