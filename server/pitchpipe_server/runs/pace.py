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
    training count for nothing where no earlier run tells; those before and training itself must be
    known.
    """
    if not run.stages:
        return None
    ahead = _ahead(run)
    names = [stage.name for stage in ahead]
    must_be_known = names.index("train") + 1 if "train" in names else 0
    rests = [rest(run, stage, earlier) for stage in ahead]
    if None in rests[:must_be_known]:
        return None
    return sum(seconds or 0.0 for seconds in rests)


def share(run: RunInfo, earlier: Seconds = NOTHING_EARLIER) -> float | None:
    """How much of the run's time has passed, 0 to 1; None where nobody can tell."""
    if run.state == "done":
        return 1.0
    left = seconds_left(run, earlier)
    if left is None:
        return None
    passed = sum(_passed(run, stage) for stage in run.stages)
    return passed / (passed + left) if passed + left > 0 else None


def _ahead(run: RunInfo) -> tuple[StageInfo, ...]:
    """The stage that was begun last, and those behind it; one before it does not come any more."""
    begun = [i for i, stage in enumerate(run.stages) if stage.state != "waiting"]
    return run.stages[begun[-1] if begun else 0 :]


def rest(run: RunInfo, stage: StageInfo, earlier: Seconds) -> float | None:
    """Seconds until the stage's end, as of the run's last event; None where nobody can tell."""
    if stage.state in {"done", "reused"}:
        return 0.0
    remaining = stage.progress.remaining if stage.progress else None
    if remaining is not None and remaining >= 0:  # below it the clock was set back
        return remaining
    if stage.name not in earlier:
        return None
    return max(0.0, earlier[stage.name] - since(run, stage))


def _passed(run: RunInfo, stage: StageInfo) -> float:
    """The stage's seconds; of one that goes on from a checkpoint with those before it."""
    if stage.state in {"done", "reused"}:
        return stage.seconds or 0.0
    progress = stage.progress
    if progress is None or progress.done <= progress.first:
        return since(run, stage)
    pace = (progress.at - progress.since) / (progress.done - progress.first)
    return max(since(run, stage), pace * progress.done)


def since(run: RunInfo, stage: StageInfo) -> float:
    """Seconds from the stage's beginning to the run's last event."""
    if stage.started is None or run.updated is None:
        return 0.0
    return max(0.0, run.updated - stage.started)
