"""How much of a run is done, and how long the rest takes.

Both are told by the events' own clock, which need not be this machine's.
"""

from __future__ import annotations

from collections.abc import Mapping

from pitchpipe_facts.runs import RunInfo, StageInfo

Seconds = Mapping[str, float]  # what each stage took in an earlier run
NOTHING_EARLIER: Seconds = {}


def seconds_of(run: RunInfo) -> Seconds:
    """What each stage took that the run made itself."""
    return {s.name: s.seconds for s in run.stages if s.seconds is not None}


def seconds_left(run: RunInfo, earlier: Seconds = NOTHING_EARLIER) -> float | None:
    """Until the run's end, as of its last event; None where nobody can tell.

    A stage goes on at its own pace, and one to come takes what it took `earlier`. Stages behind
    training count for nothing where no earlier run tells, those before and training itself must be
    known.
    """
    left = 0.0
    trained = "train" not in {s.name for s in run.stages}
    for stage in run.stages:
        rest = _rest(run, stage, earlier)
        if rest is None and not trained:
            return None
        left += rest or 0.0
        trained = trained or stage.name == "train"
    return left if run.stages else None


def share(run: RunInfo, earlier: Seconds = NOTHING_EARLIER) -> float | None:
    """How much of the run's time has passed, 0 to 1; None where nobody can tell."""
    if run.state == "done":
        return 1.0
    left = seconds_left(run, earlier)
    if left is None:
        return None
    passed = sum(_passed(run, stage) for stage in run.stages)
    return passed / (passed + left) if passed + left > 0 else None


def _rest(run: RunInfo, stage: StageInfo, earlier: Seconds) -> float | None:
    if stage.state in {"done", "reused"}:
        return 0.0
    if stage.progress is not None and (remaining := stage.progress.remaining) is not None:
        return remaining
    if stage.name not in earlier:
        return None
    return max(0.0, earlier[stage.name] - _since(run, stage))


def _passed(run: RunInfo, stage: StageInfo) -> float:
    """The stage's seconds; of one that goes on from a checkpoint with those before it."""
    if stage.state in {"done", "reused"}:
        return stage.seconds or 0.0
    progress = stage.progress
    if progress is None or progress.done <= progress.first:
        return _since(run, stage)
    pace = (progress.at - progress.since) / (progress.done - progress.first)
    return max(_since(run, stage), pace * progress.done)


def _since(run: RunInfo, stage: StageInfo) -> float:
    if stage.started is None or run.updated is None:
        return 0.0
    return max(0.0, run.updated - stage.started)
