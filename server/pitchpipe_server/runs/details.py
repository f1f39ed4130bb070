"""One run in full: stages, curves, memory, answers, evaluation."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pitchpipe_facts import runs
from pitchpipe_facts.runs import RunInfo, StageInfo
from pitchpipe_server.runs import loosely, pace, telling
from pitchpipe_server.runs.curves import Curve, Curves
from pitchpipe_server.runs.loosely import mapping, mappings, number
from pitchpipe_server.runs.reading import Reading, begun

MOST_POINTS = 2000
_KEPT = 4  # runs whose curves are kept; a hundred thousand steps are some 15 MB


@dataclass(slots=True)
class _Read:
    """A run as far as it was read; `made` tells its plan from another's in the same place."""

    reading: Reading
    made: object
    curves: Curves = field(default_factory=Curves)

    def read_on(self) -> None:
        self.reading.drain()
        if self.reading.offset < self.curves.offset:
            self.curves = Curves()
        self.curves.read(self.reading.events, self.reading.offset)


class Details:
    """Keeps what it has read of the last few runs. Not for two threads at once."""

    def __init__(self) -> None:
        self._read: OrderedDict[Path, _Read] = OrderedDict()

    def of(self, folder: Path, most: int, earlier: pace.Seconds) -> dict[str, Any] | None:
        """A `RunDetails` of docs/language-server.md, but for its workflow, which is a path.

        About `most` points a series. `earlier` is what the stages took in another run. None where
        the folder holds no readable plan.
        """
        read = self._of(folder.resolve())
        if read is None:
            return None
        read.read_on()
        locked = runs.is_locked(read.reading.run.folder)
        run = runs.settled(read.reading.run, locked=locked)
        summary = telling.summary(read.reading, locked=locked, earlier=lambda _: earlier)
        return {
            "run": telling.told(summary, read.reading),
            "workflow": None if run.workflow is None else str(run.workflow),
            "stages": [_stage(run, stage, earlier) for stage in run.stages],
            "series": {n: _series(c, most) for n, c in read.curves.metrics.items() if c.step},
            "memory": _memory(read.curves, most),
            **evaluation(run.folder),
            "left": pace.seconds_left(run, earlier) if run.state == "running" else None,
            "offset": read.reading.offset,
        }

    def forget(self, folder: Path) -> None:
        self._read.pop(folder.resolve(), None)

    def _of(self, folder: Path) -> _Read | None:
        made = _made(folder)
        read = self._read.pop(folder, None)
        if read is None or read.made != made:
            reading = begun(folder)
            if reading is None:
                return None
            read = _Read(reading, made)
        self._read[folder] = read
        if len(self._read) > _KEPT:
            self._read.popitem(last=False)
        return read


def evaluation(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """`samples` and `evaluated` of a run; both are empty where nothing was evaluated yet."""
    scores = loosely.content(folder / runs.SCORES)
    return {
        "samples": list(_samples(mappings(scores.get("samples")))),
        "evaluated": [
            {"kind": str(model.get("name", "?")), "metrics": _scores(model)}
            for model in mappings(scores.get("models"))
        ],
    }


def _made(folder: Path) -> object:
    try:
        state = (folder / runs.PLAN).stat()
    except OSError:
        return None
    return (state.st_mtime_ns, state.st_ino)


def _stage(run: RunInfo, stage: StageInfo, earlier: pace.Seconds) -> dict[str, Any]:
    """`seconds` of one that has not ended are those up to the last event."""
    progress = stage.progress
    begun_once = stage.started is not None and stage.state != "waiting"
    return {
        "name": stage.name,
        "state": stage.state,
        "seconds": pace.since(run, stage)
        if stage.seconds is None and begun_once
        else stage.seconds,
        "done": progress.done if progress else None,
        "total": progress.total if progress else None,
        "unit": progress.unit if progress else None,
        "left": pace.rest(run, stage, earlier) if stage.state in {"running", "waiting"} else None,
    }


def _series(curve: Curve, most: int) -> dict[str, list[Any]]:
    thin = curve.thinned(most)
    return {
        "step": thin.step.tolist(),
        "seconds": [round(seconds, 3) for seconds in thin.seconds],
        "value": [_rounded(value) for value in thin.value],
    }


def _rounded(value: float) -> float | None:
    """To six significant digits, more than a pixel shows; None for NaN."""
    return None if value != value else float(f"{value:.6g}")


def _memory(curves: Curves, most: int) -> dict[str, Any]:
    of = "device" if curves.memory["device"].step else "process"
    thin = curves.memory[of].thinned(most)
    return {
        "seconds": [round(seconds, 3) for seconds in thin.seconds],
        "bytes": [int(value) for value in thin.value],
        "of": of,
    }


def _samples(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for sample in found:
        expected = sample.get("expected")
        answers = mapping(sample.get("answers"))
        yield {
            "prompt": str(sample.get("prompt", "")),
            "expected": None if expected is None else str(expected),
            "answers": {name: str(text) for name, text in answers.items() if text is not None},
        }


def _scores(model: dict[str, Any]) -> dict[str, dict[str, float | None]]:
    return {
        name: {"value": value, "low": number(found.get("low")), "high": number(found.get("high"))}
        for name, score in mapping(model.get("metrics")).items()
        if (value := number((found := mapping(score)).get("value"))) is not None
    }
