"""Finds the formula behind whole numbers.

Formulas are grown from the fields, the smallest first; of those that agree in all cases one is
kept. What is still not met is looked for as a sum, difference, product or quotient of two grown
ones, and at last as a polynomial.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from pitchpipe.catalog.formulas import Formula
from pitchpipe_runner.cataloguing.instances import Cases, numeric_terms

_CONSTANTS = (1, 2, 3, 4)
_STEPS = (8, 16, 32, 64, 128, 256)
_MOST_GROWN = 500
_LARGEST = 2**50

Vector = "np.ndarray[Any, Any]"
Grown = "dict[bytes, tuple[np.ndarray[Any, Any], Formula]]"


def fit_number(
    cases: Cases,
    names: Sequence[str],
    target: Sequence[int],
    *,
    deep: bool = True,
    terms: Sequence[Formula] = (),
) -> Formula | None:
    """A formula over the fields `names` that gives `target`; None where none is found.

    `deep`: also formulas with more than one operation. `terms` stand for fields of their own.
    """
    wanted = np.array(target, dtype=np.int64)
    if len(wanted) and (wanted == wanted[0]).all():
        return int(wanted[0])
    grown = _leaves(cases, names, terms)
    if wanted.tobytes() in grown:
        return grown[wanted.tobytes()][1]
    leaves = list(grown.values())
    _add(grown, _combined(leaves, leaves))
    _add(grown, _scaled(cases, names))
    if wanted.tobytes() in grown:
        return grown[wanted.tobytes()][1]
    if not deep:
        return None
    return (
        _completed(grown, wanted, leaves)
        or _rounded(grown, wanted)
        or _twice_grown(grown, leaves, wanted)
        or _polynomial(leaves, wanted)
    )


def _leaves(
    cases: Cases, names: Sequence[str], more: Sequence[Formula]
) -> dict[bytes, tuple[Any, Formula]]:
    grown: dict[bytes, tuple[Any, Formula]] = {}
    terms: Iterable[Formula] = itertools.chain(numeric_terms(cases, names), more, _CONSTANTS)
    _add(
        grown,
        ((v, term) for term in terms if (v := cases.numbers(term)) is not None),
    )
    return grown


def _add(grown: dict[bytes, tuple[Any, Formula]], more: Iterable[tuple[Any, Formula]]) -> None:
    for vector, formula in more:
        grown.setdefault(vector.tobytes(), (vector, formula))


def _combined(
    first: Sequence[tuple[Any, Formula]], second: Sequence[tuple[Any, Formula]]
) -> Iterator[tuple[Any, Formula]]:
    for (a, x), (b, y) in itertools.product(first, second):
        if isinstance(x, int) and isinstance(y, int):
            continue
        if (b > 0).all() and not (isinstance(y, int) and y == 1):
            yield a // b, ["//", x, y]
            if ((a % b) != 0).any():
                yield -(-a // b), ["-", 0, ["//", ["-", 0, x], y]]
        if np.abs(a.astype(float) * b).max() < _LARGEST:
            yield a * b, ["*", x, y]
        yield a + b, ["+", x, y]
        yield a - b, ["-", x, y]
        if (a < b).any() and (a > b).any():
            yield np.minimum(a, b), ["min", x, y]
            yield np.maximum(a, b), ["max", x, y]


def _scaled(cases: Cases, names: Sequence[str]) -> Iterator[tuple[Any, Formula]]:
    """Fields multiplied with fractions: int(hidden_size * mlp_ratio)."""
    fractions = [n for n in names if any(isinstance(v, float) for v in cases.values(n))]
    for share, name in itertools.product(fractions, names):
        formula: Formula = ["int", ["*", name, share]]
        if (vector := cases.numbers(formula)) is not None:
            yield vector, formula
    for share in fractions:
        formula = ["int", share]
        if (vector := cases.numbers(formula)) is not None:
            yield vector, formula


def _completed(
    grown: dict[bytes, tuple[Any, Formula]], wanted: Any, leaves: list[tuple[Any, Formula]]
) -> Formula | None:
    """Two grown formulas and one operation."""
    for vector, formula in leaves:
        if (vector > 0).all() and wanted[0] > 0:
            if (vector == wanted * (vector[0] // wanted[0])).all():
                return ["//", formula, int(vector[0] // wanted[0])]
            if (wanted == vector * (wanted[0] // vector[0])).all():
                return ["*", int(wanted[0] // vector[0]), formula]
    for vector, formula in grown.values():
        rest = grown.get((wanted - vector).tobytes())
        if rest:
            return ["+", formula, rest[1]]
        rest = grown.get((vector - wanted).tobytes())
        if rest:
            return ["-", formula, rest[1]]
    for vector, formula in grown.values():
        if (vector == 0).any():
            continue
        if (wanted % vector == 0).all():
            rest = grown.get((wanted // vector).tobytes())
            if rest:
                return ["*", formula, rest[1]]
    for a, x in grown.values():
        for b, y in leaves:
            if (b > 0).all() and (a // b == wanted).all():
                return ["//", x, y]
    return None


def _rounded(grown: dict[bytes, tuple[Any, Formula]], wanted: Any) -> Formula | None:
    """Up to the next multiple of a usual step."""
    steps = [s for s in _STEPS if (wanted % s == 0).all()]
    for vector, formula in grown.values():
        for step in steps:
            if (-(-vector // step) * step == wanted).all():
                return ["up", formula, step]
    return None


def _twice_grown(
    grown: dict[bytes, tuple[Any, Formula]], leaves: list[tuple[Any, Formula]], wanted: Any
) -> Formula | None:
    once = list(grown.values())
    if len(once) > _MOST_GROWN:
        return None
    more = dict(grown)
    _add(more, _combined(once, leaves))
    if wanted.tobytes() in more:
        return more[wanted.tobytes()][1]
    return _completed(more, wanted, leaves) or _rounded(more, wanted)


def _polynomial(leaves: list[tuple[Any, Formula]], wanted: Any) -> Formula | None:
    """A sum of products of up to three terms, with whole coefficients."""
    terms: list[tuple[Any, Formula]] = [(v, f) for v, f in leaves if not isinstance(f, int)]
    for degree in (2, 3):
        products = list(_products(terms, degree))
        if not products or len(products) * 1.2 > len(wanted):
            return None
        matrix = np.stack([v for v, _ in products], axis=1).astype(float)
        scale = np.maximum(np.abs(matrix).max(axis=0), 1)
        found = np.linalg.lstsq(matrix / scale, wanted.astype(float), rcond=None)[0] / scale
        whole = np.rint(found).astype(np.int64)
        if (sum(c * v for c, (v, _) in zip(whole, products, strict=True)) == wanted).all():
            parts: list[Any] = [
                f if c == 1 else ["*", int(c), f]
                for c, (_, f) in zip(whole, products, strict=True)
                if c
            ]
            return ["+", *parts]
    return None


def _products(terms: list[tuple[Any, Formula]], degree: int) -> Iterator[tuple[Any, Formula]]:
    if terms:
        yield np.ones_like(terms[0][0]), 1
    for size in range(1, degree + 1):
        for chosen in itertools.combinations_with_replacement(terms, size):
            vector = np.prod(np.stack([v for v, _ in chosen]), axis=0)
            formulas = [f for _, f in chosen]
            yield vector, formulas[0] if size == 1 else ["*", *formulas]
