"""Changes of a workflow's keys with which its run would need less memory."""

from __future__ import annotations

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

    None where not even all of them do.
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
            return Fitting(tuple(taken), now)
    return None
