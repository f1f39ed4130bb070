"""Changes of a workflow's keys with which its run would need less memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from pitchpipe.costs.cost import Cost
from pitchpipe.estimate import Estimate, Records, Step, estimate
from pitchpipe.estimate.calibration import NOTHING_LEARNT, Calibration
from pitchpipe.estimate.choices import Change, Saving, changes, savings
from pitchpipe.keypath import parse_dotted
from pitchpipe.schema import Schema

_MOST_CHANGES = 24


@dataclass(frozen=True, slots=True)
class Fitting:
    """The last of `changes` has all their keys' new values in its step, which takes `estimate`."""

    changes: tuple[Change, ...]
    estimate: Estimate

    @property
    def keys(self) -> dict[str, bool | int | str]:
        """The keys to write, with their values."""
        return {key: value for change in self.changes for key, value in change.keys}


def sayable(change: Change, schema: Schema) -> bool:
    """Whether a workflow file has the keys, and they may have these values."""
    rules = [(schema.at(parse_dotted(key)), value) for key, value in change.keys]
    return bool(rules) and all(rule and value in rule.get("enum", [value]) for rule, value in rules)


def best_savings(
    found: Cost, records: Records, schema: Schema, *, most: int = 3
) -> tuple[Saving, ...]:
    """The changes that save most, of those that a workflow file can say."""
    every = savings(found.shape, found.step, records, most=99)
    return tuple(islice((s for s in every if sayable(s.change, schema)), most))


def to_fit(
    found: Cost,
    records: Records,
    schema: Schema,
    memory: int,
    calibration: Calibration = NOTHING_LEARNT,
) -> Fitting | None:
    """The cheapest change with which the run likely fits in `memory`, else several together.

    Of several none could be left out. None where not even all of them do.
    """

    def priced(step: Step) -> Estimate:
        return estimate(found.shape, step, records, calibration)

    def possible(step: Step) -> list[Change]:
        return [c for c in changes(found.shape, step) if sayable(c, schema)]

    for change in possible(found.step):
        if (after := priced(change.step)).total.likely <= memory:
            return Fitting((change,), after)
    taken: list[Change] = []
    step, now = found.step, priced(found.step)
    while len(taken) < _MOST_CHANGES:
        for change in possible(step):
            after = priced(change.step)
            if after.total.likely < now.total.likely:
                break
        else:
            return None
        taken.append(change)
        step, now = change.step, after
        if now.total.likely <= memory:
            needed = _needed(
                found.step, taken, possible, lambda s: priced(s).total.likely <= memory
            )
            return Fitting(tuple(needed), priced(needed[-1].step))
    return None


def _needed(
    step: Step,
    taken: list[Change],
    possible: Callable[[Step], list[Change]],
    fits: Callable[[Step], bool],
) -> list[Change]:
    """Leaves out what later changes made needless, the dearest first."""
    for at in reversed(range(len(taken))):
        kinds = [_kind(change) for index, change in enumerate(taken) if index != at]
        rest = _made_again(step, kinds, possible)
        if rest and fits(rest[-1].step):
            taken = rest
    return taken


def _made_again(
    step: Step, kinds: list[tuple[str, ...]], possible: Callable[[Step], list[Change]]
) -> list[Change] | None:
    """The same changes from another beginning; None where one of them is none there."""
    made: list[Change] = []
    for kind in kinds:
        change = next((c for c in possible(step) if _kind(c) == kind), None)
        if change is None:
            return None
        made.append(change)
        step = change.step
    return made


def _kind(change: Change) -> tuple[str, ...]:
    return tuple(key for key, _ in change.keys)
