"""What differs between the samples of a model type → formulas over their fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pitchpipe.catalog.formulas import Formula, depends_on_index
from pitchpipe_runner.cataloguing.conditions import atoms, fit_condition, negated
from pitchpipe_runner.cataloguing.instances import Cases, Instance
from pitchpipe_runner.cataloguing.numbers import fit_number
from pitchpipe_runner.cataloguing.probing import Sample

Index = tuple[int, ...]

_MOST_VALUES = 6


class NotLearnt(Exception):
    """No formula was found; the message says for what."""


class Learner:
    """Finds formulas over the final fields of `samples`; the first of them is the base."""

    def __init__(
        self,
        samples: Sequence[Sample],
        names: Sequence[str],
        bases: Sequence[int | None] | None = None,
        hints: Sequence[Formula] = (),
    ) -> None:
        self.samples = samples
        self.names = names
        self.hints = hints
        self._allowed = frozenset(names)
        self._bases = bases or bases_of(samples)
        self.missed: list[str] = []
        self.undescribed: list[str] = []
        self._fits: dict[str, Formula | None] = {}

    def deciding(self, outcome: Mapping[int, Any]) -> list[str]:
        """Fields that changed the outcome when they alone were changed. Keys are samples."""
        found: dict[str, None] = {}
        for i, sample in enumerate(self.samples):
            base = self._bases[i]
            if not sample.changed or base is None or not {i, base} <= outcome.keys():
                continue
            if outcome[i] != outcome[base]:
                found[sample.changed] = None
                # It may act through others that are computed from it.
                found.update(
                    (name, None)
                    for name, value in sample.fields.items()
                    if value != self.samples[base].fields.get(name)
                )
        return [name for name in found if name in self._allowed]

    def number(
        self, seen: Sequence[tuple[int, Index, int]], about: str, hints: Sequence[Formula] = ()
    ) -> Formula:
        """`seen`: sample, index, number. `hints` are tried first. Raises NotLearnt."""
        outcome = _sets(seen)
        if all(len(values) == 1 for values in outcome.values()):
            alike = [(i, (), next(iter(values))) for i, values in outcome.items()]
            try:
                return self._one_number(alike, outcome, about, hints)
            except NotLearnt:  # it may still be the layer that decides
                pass
        return self._one_number(seen, outcome, about, hints)

    def _one_number(
        self,
        seen: Sequence[tuple[int, Index, int]],
        outcome: Any,
        about: str,
        hints: Sequence[Formula],
    ) -> Formula:
        target = [n for _, _, n in seen]
        if hints and len(set(target)) > 1:
            cases = self._cases(seen)
            for hint in hints:
                if not depends_on_index(hint) and cases.values(hint) == target:
                    return hint
        return self._fitted(("number", seen), lambda: self._number(seen, outcome), about)

    def condition(self, seen: Sequence[tuple[int, Index, bool]], about: str) -> Formula:
        """`seen`: sample, index, yes or no. Raises NotLearnt."""
        if len({yes for _, _, yes in seen}) > 1 and (hint := self._hinted(seen)) is not None:
            return hint
        outcome = _lists(seen)
        if all(len({value for _, value in pairs}) == 1 for pairs in outcome.values()):
            alike = [(i, (), pairs[0][1]) for i, pairs in outcome.items()]
            try:
                return self._one_condition(alike, outcome, about)
            except NotLearnt:  # it may still be the layer that decides
                pass
        return self._one_condition(seen, outcome, about)

    def _one_condition(
        self, seen: Sequence[tuple[int, Index, bool]], outcome: Any, about: str
    ) -> Formula:
        return self._fitted(("condition", seen), lambda: self._condition(seen, outcome), about)

    def value(self, seen: Sequence[tuple[int, Index, Any]], about: str) -> Formula:
        """`seen`: sample, index, anything. Raises NotLearnt."""
        if len({repr(v) for _, _, v in seen}) > 1 and (hint := self._hinted(seen)) is not None:
            return hint
        kinds = {type(value) for _, _, value in seen}
        if kinds == {bool}:
            return self.condition(seen, about)
        if kinds == {int}:
            try:
                return self.number(seen, about)
            except NotLearnt:
                return self._choice(seen, about)
        if kinds == {list}:
            return self._list(seen, about)
        return self._choice(seen, about)

    def _list(self, seen: Sequence[tuple[int, Index, list[Any]]], about: str) -> Formula:
        if len({repr(v) for _, _, v in seen}) == 1:
            return ["text", seen[0][2]]
        count = self.number([(i, (), len(v)) for i, _, v in seen], f"the length of {about}")
        items = [(i, (at,), item) for i, _, v in seen for at, item in enumerate(v)]
        return ["each", count, self.value(items, f"the items of {about}")]

    def _choice(self, seen: Sequence[tuple[int, Index, Any]], about: str) -> Formula:
        """One of few values, or a number and one of them."""
        texts = list(dict.fromkeys(json.dumps(v) for _, _, v in seen))
        if len(texts) > 1 and None in (v for _, _, v in seen):
            texts.insert(0, texts.pop(texts.index("null")))
        if len(texts) == 1:
            value = seen[0][2]
            return value if isinstance(value, int) else ["text", value]
        if len(texts) > _MOST_VALUES and texts[0] != "null":
            raise NotLearnt(about)
        which = [(i, at, json.dumps(v) == texts[0]) for i, at, v in seen]
        condition = self.condition(which, about)
        rest = [s for s, (_, _, chosen) in zip(seen, which, strict=True) if not chosen]
        first = json.loads(texts[0])
        first = first if type(first) is int else ["text", first]
        return ["if", condition, first, self.value(rest, about)]

    def _hinted(self, seen: Sequence[tuple[int, Index, Any]]) -> Formula | None:
        """The hint that has exactly the values seen; for a yes or no, also what denies it."""
        cases = self._cases(seen)
        wanted = [value for _, _, value in seen]
        truth = all(isinstance(value, bool) for value in wanted)
        for hint in self.hints:
            values = cases.values(hint)
            if values == wanted:
                return hint
            if truth and None not in values:
                said = [bool(value) for value in values]
                if said == wanted:
                    return hint
                if all(a != b for a, b in zip(said, wanted, strict=True)):
                    return negated(hint)
        return None

    def _fitted(self, key: Any, fit: Callable[[], Formula | None], about: str) -> Formula:
        text = repr(key)
        if text not in self._fits:
            self._fits[text] = fit()
        formula = self._fits[text]
        if formula is None:
            raise NotLearnt(about)
        return formula

    def _cases(self, seen: Sequence[tuple[int, Index, Any]]) -> Cases:
        return Cases([Instance(self.samples[i].fields, index) for i, index, _ in seen])

    def _number(self, seen: Sequence[tuple[int, Index, int]], outcome: Any) -> Formula | None:
        near = self.deciding(outcome)
        found = self._with_hints(seen, near) if self.hints else None
        if found is not None:
            return found
        cases, target = self._apart(seen, near)
        found = fit_number(cases, near, target)
        if found is None:
            found = self._by_case(cases, near, target)
        if found is None:
            every, wanted = self._apart(seen, self.names)
            found = fit_number(every, self.names, wanted, deep=False)
        if found is None and len(near) < len(self.names):
            flags = self._flags(near)
            cases, target = self._apart(seen, [*near, *flags])
            found = self._by_case(cases, flags, target, near)
        return found

    def _apart(
        self, seen: Sequence[tuple[int, Index, Any]], names: Sequence[str]
    ) -> tuple[Cases, list[Any]]:
        """Cases with their outcomes, one of those that no formula over `names` can tell apart."""
        keys = {
            i: repr([self.samples[i].fields.get(name) for name in names])
            for i in {i for i, _, _ in seen}
        }
        kept = list({(keys[i], at, value): (i, at, value) for i, at, value in seen}.values())
        return self._cases(kept), [value for _, _, value in kept]

    def _with_hints(
        self, seen: Sequence[tuple[int, Index, int]], near: Sequence[str]
    ) -> Formula | None:
        cases, target = self._cases(seen), [n for _, _, n in seen]
        own = [h for h in self.hints if cases.numbers(h) is not None]
        return fit_number(cases, near, target, deep=False, terms=own) if own else None

    def _flags(self, near: Sequence[str]) -> list[str]:
        """Fields beside `near` that a case may hang on."""
        first = self.samples[0].fields
        return [
            name
            for name in self.names
            if name not in near and (first.get(name) is None or isinstance(first[name], bool | str))
        ]

    def _by_case(
        self,
        cases: Cases,
        flags: Sequence[str],
        target: list[int],
        names: Sequence[str] | None = None,
    ) -> Formula | None:
        """A formula over `names` for the cases of a condition on `flags`, another for the rest."""
        names = flags if names is None else names
        tried: set[tuple[bool, ...]] = set()
        for deep in (False, True):
            for atom in atoms(cases, flags):
                chosen = tuple(bool(v) for v in cases.values(atom))
                if (deep, *chosen) in tried or all(chosen) or not any(chosen):
                    continue
                tried.add((deep, *chosen))
                ins, outs = cases.split(chosen)
                then = fit_number(
                    ins, names, [n for n, c in zip(target, chosen, strict=True) if c], deep=deep
                )
                if then is None:
                    continue
                other = fit_number(
                    outs,
                    names,
                    [n for n, c in zip(target, chosen, strict=True) if not c],
                    deep=deep,
                )
                if other is not None:
                    return ["if", atom, then, other]
        return None

    def _condition(self, seen: Sequence[tuple[int, Index, bool]], outcome: Any) -> Formula | None:
        near = self.deciding(outcome)
        cases, target = self._apart(seen, near)
        found = fit_condition(cases, near, target)
        if found is not None:
            return found
        cases, target = self._apart(seen, self.names)
        return fit_condition(cases, self.names, target)


def bases_of(samples: Sequence[Sample]) -> list[int | None]:
    """For each sample the position of the one that it differs from in one field."""
    at = {id(sample): i for i, sample in enumerate(samples)}
    return [at.get(id(sample.base)) for sample in samples]


def _sets(seen: Sequence[tuple[int, Index, Any]]) -> dict[int, Any]:
    found: dict[int, set[Any]] = {}
    for sample, _, value in seen:
        found.setdefault(sample, set()).add(value)
    return found


def _lists(seen: Sequence[tuple[int, Index, Any]]) -> dict[int, Any]:
    found: dict[int, list[Any]] = {}
    for sample, index, value in seen:
        found.setdefault(sample, []).append((index, value))
    return found
