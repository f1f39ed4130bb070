"""Finds the condition behind a yes or no: flags, values, and which layers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from pitchpipe.catalog.formulas import Formula
from pitchpipe_runner.cataloguing.instances import Cases

_SMALL = (1, 2)


def fit_condition(cases: Cases, names: Sequence[str], target: Sequence[bool]) -> Formula | None:
    """A condition over the fields `names` that holds exactly where `target` does."""
    everywhere = (1 << len(cases)) - 1
    wanted = _mask(target)
    if wanted == everywhere:
        return 1
    if wanted == 0:
        return 0
    atoms = _distinct(cases, names)
    if wanted in atoms:
        return atoms[wanted]
    met = _joined("and", _covering(atoms, wanted, everywhere))
    if met is None:
        outside = wanted ^ everywhere
        flipped = {mask ^ everywhere: formula for mask, formula in atoms.items()}
        met = _joined("or", _covering(flipped, outside, everywhere))
    return met or _pairs_joined(atoms, wanted, everywhere)


def atoms(cases: Cases, names: Sequence[str]) -> Iterator[Formula]:
    """Conditions without `and` and `or`, the likeliest first."""
    for name in names:
        yield from _about(cases, name)
    numbers = [n for n in names if all(type(v) is int for v in cases.values(n))]
    for a, b in itertools.combinations(numbers, 2):
        yield ["==", a, b]
        yield ["<", a, b]
        yield ["<", b, a]
    for axis in range(cases.depth):
        yield from _about_index(cases, ["index", axis], names, numbers)


def _about(cases: Cases, name: str) -> Iterator[Formula]:
    values = cases.values(name)
    yield name
    if any(v is None for v in values) and not all(v is None for v in values):
        yield ["==", name, ["text", None]]
    if any(isinstance(v, str) for v in values):
        texts = sorted({v for v in values if isinstance(v, str)})
        yield from (["==", name, ["text", text]] for text in texts)
    if all(type(v) is int for v in values):
        yield from (["<", n, name] for n in _SMALL)
    elif numbers := sorted({v for v in values if type(v) is int and 0 <= v <= _SMALL[-1]}):
        yield from (["==", name, n] for n in numbers)


def _about_index(
    cases: Cases, index: Formula, names: Sequence[str], numbers: Sequence[str]
) -> Iterator[Formula]:
    yield ["==", index, 0]
    for name in names:
        values = cases.values(name)
        if any(isinstance(v, list) for v in values):
            yield from _about_item(cases, index, name)
    for name in numbers:
        yield ["<", index, name]
        yield ["==", index, ["-", name, 1]]
        yield ["==", index, name]
        if all(v > 0 for v in cases.values(name)):
            yield ["%", index, name]
            yield ["%", ["+", index, 1], name]
            yield ["==", ["%", index, name], ["//", name, 2]]
    for a, b in itertools.permutations(numbers, 2):
        yield ["<", index, ["-", a, b]]
        if all(v > 0 for v in cases.values(a)):
            yield ["==", ["%", index, a], b]
            yield ["%", ["-", index, b], a]
            yield ["%", ["+", ["-", index, b], 1], a]
    yield ["%", index, 2]
    yield ["%", index, 3]
    yield ["==", index, 1]
    for step in range(2, 9):
        yield ["%", ["+", index, 1], step]
        yield ["%", index, step]
    yield from (["<", index, first] for first in (2, 3, 4))


def _about_item(cases: Cases, index: Formula, name: str) -> Iterator[Formula]:
    item: Formula = ["item", name, index]
    values = cases.values(item)
    texts = sorted({v for v in values if isinstance(v, str)})
    yield from (["==", item, ["text", text]] for text in texts)
    yield ["in", index, name]
    if not texts:
        yield item
        yield ["<", 1, item]


def _distinct(cases: Cases, names: Sequence[str]) -> dict[int, Formula]:
    """Each outcome with the first condition that has it; negations come with their conditions."""
    found: dict[int, Formula] = {}
    everywhere = (1 << len(cases)) - 1
    for formula in atoms(cases, names):
        mask = _mask(cases.values(formula))
        if mask not in {0, everywhere}:
            found.setdefault(mask, formula)
    for mask, formula in list(found.items()):
        found.setdefault(mask ^ everywhere, negated(formula))
    return found


def negated(formula: Formula) -> Formula:
    if isinstance(formula, list) and formula[0] == "not":
        return formula[1]
    return ["not", formula]


def _mask(values: Sequence[Any]) -> int:
    return int("".join("1" if v else "0" for v in values) or "0", 2)


def _covering(
    found: dict[int, Formula], wanted: int, everywhere: int, most: int = 4
) -> list[Formula] | None:
    """Few conditions that hold together exactly where wanted, all of them wider than it."""
    wider = [(mask, f) for mask, f in found.items() if mask & wanted == wanted]
    for size in range(2, 3):
        for chosen in itertools.combinations(wider[:200], size):
            mask = everywhere
            for m, _ in chosen:
                mask &= m
            if mask == wanted:
                return [f for _, f in chosen]
    left, chosen_ones = everywhere, []
    while left != wanted and len(chosen_ones) < most and wider:
        mask, formula = min(wider, key=lambda pair: (left & pair[0]).bit_count())
        if left & mask == left:
            return None
        left &= mask
        chosen_ones.append(formula)
    return chosen_ones if left == wanted else None


def _joined(how: str, parts: list[Formula] | None) -> Formula | None:
    if parts is None:
        return None
    return parts[0] if len(parts) == 1 else [how, *parts]


def _pairs_joined(found: dict[int, Formula], wanted: int, everywhere: int) -> Formula | None:
    """Either of several pairs: (a and b) or (c and d); or the same with the words exchanged."""
    for inner, outer, table, goal in (
        ("and", "or", found, wanted),
        ("or", "and", {m ^ everywhere: f for m, f in found.items()}, wanted ^ everywhere),
    ):
        narrow: dict[int, Formula] = {m: f for m, f in table.items() if m & ~goal == 0}
        items = list(table.items())[:250]
        for (a, x), (b, y) in itertools.combinations(items, 2):
            if (both := a & b) and both & ~goal == 0:
                narrow.setdefault(both, [inner, x, y])
        left, parts = goal, []
        while left and narrow and len(parts) < 4:
            mask, formula = max(narrow.items(), key=lambda pair: (pair[0] & left).bit_count())
            if not mask & left:
                break
            left &= ~mask
            parts.append(formula)
        if not left:
            return _joined(outer, parts)
    return None
