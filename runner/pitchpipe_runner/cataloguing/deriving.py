"""Learns what a configuration's class computes from other fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pitchpipe.catalog.formulas import Formula
from pitchpipe_runner.cataloguing.learning import Learner, NotLearnt, bases_of
from pitchpipe_runner.cataloguing.probing import Sample

Derived = tuple[str, Formula, bool]


@dataclass(frozen=True, slots=True)
class Known:
    """What fields are where they are not given: `absent` by the part that is not given either."""

    defaults: Mapping[str, Any]
    absent: Mapping[str, Mapping[str, Any]]

    def value(self, sample: Sample, name: str) -> Any:
        """What the field is before anything is computed."""
        if name in sample.given:
            return sample.given[name]
        for part, own in self.absent.items():
            if name in own and not any(n.startswith(f"{part}.") for n in sample.given):
                return own[name]
        return self.defaults.get(name)


def fields_in(formula: Any) -> set[str]:
    """The fields that a formula reads."""
    if isinstance(formula, str):
        return {formula}
    if not isinstance(formula, list) or not formula or formula[0] in {"text", "index"}:
        return set()
    return set().union(*map(fields_in, formula[1:]))


def derive(
    samples: Sequence[Sample],
    wanted: Iterable[str],
    known: Known,
    missed: list[str],
    hints: Sequence[Formula] = (),
) -> list[Derived]:
    """How the fields `wanted`, and those they need, come from what is given. In working order."""
    names = sorted(set().union(*(s.fields for s in samples)))
    computed = {n for n in names if _computed(samples, n, known)}
    found: list[Derived] = []
    done: set[str] = set()
    pending = sorted(set(wanted) & computed)
    while pending:
        name = pending.pop(0)
        if name in done:
            continue
        done.add(name)
        later = computed - done
        for allowed, early in (
            (set(names) - computed, set[str]()),
            (set(names) - later, set[str]()),
            (set(names), later),  # as it is given: what it becomes is computed after this
        ):
            try:
                told = _told(samples, sorted({*allowed, name}), early, known)
                found.append(_derived(samples, told, name, known, hints))
                break
            except NotLearnt:
                continue
        else:
            missed.append(f"how {name} is computed")
    return found


def _computed(samples: Sequence[Sample], name: str, known: Known) -> bool:
    return any(s.fields.get(name) != known.value(s, name) for s in samples)


def _told(
    samples: Sequence[Sample], names: list[str], early: set[str], known: Known
) -> list[dict[str, Any]]:
    """The fields of each sample; those in `early` with the values that they are given."""
    return [
        {n: known.value(s, n) if n in early else s.fields.get(n) for n in names} for s in samples
    ]


def _derived(
    samples: Sequence[Sample],
    told: Sequence[Mapping[str, Any]],
    name: str,
    known: Known,
    hints: Sequence[Formula],
) -> Derived:
    given = [known.value(s, name) for s in samples]
    final = [s.fields.get(name) for s in samples]
    untouched = all(g is None or g == f for g, f in zip(given, final, strict=True))
    chosen = [i for i, g in enumerate(given) if not untouched or g is None]
    before = [replace(samples[i], fields={**told[i], name: given[i]}) for i in chosen]
    at = {i: place for place, i in enumerate(chosen)}
    bases = bases_of(samples)
    linked = [None if (base := bases[i]) is None else at.get(base) for i in chosen]
    learner = Learner(before, [n for n in told[0] if n != name or not untouched], linked, hints)
    seen = [(at, (), final[i]) for at, i in enumerate(chosen)]
    if untouched:
        return name, learner.value(seen, name), False
    kept = [(at, (), final[i] == given[i]) for at, i in enumerate(chosen)]
    try:
        return name, learner.value(seen, name), True
    except NotLearnt:
        condition = learner.condition(kept, f"when {name} is computed")
        changed = [s for s, (_, _, same) in zip(seen, kept, strict=True) if not same]
        return name, ["if", condition, name, learner.value(changed, name)], True
