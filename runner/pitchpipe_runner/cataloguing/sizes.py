"""Numbers of two small models → expressions that are right for both: (140, 72) → "B*num_heads"."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations, combinations_with_replacement

Pair = tuple[int, int]
"""The same size in the first and in the second model."""

Named = tuple[str, Pair]

_PADDING = 128
"""Tokens that a model puts beside those of a row, at most."""

_FEW = 8
"""A side as short as this needs no name: the longer one counts. Slices of rotary angles."""


class Vocabulary:
    """Names pairs of numbers. Earlier names win over later ones, single names over products.

    `batch` are the sizes of the input, `fields` those of the configuration that were given values
    of their own, `others` everything else that a size may come from.
    """

    def __init__(
        self, batch: Mapping[str, Pair], fields: Mapping[str, Pair], others: Mapping[str, Pair]
    ) -> None:
        self._names: dict[Pair, str] = {}
        self._batch, self._fields = batch, fields
        named = {**batch, **fields}
        self._add(named.items())
        two = list(_products(combinations(batch.items(), 2)))
        self._add(two)
        ratios = list(_ratios(fields))
        self._add(ratios)
        self._add(_products(combinations_with_replacement(fields.items(), 2)))
        self._add(others.items())
        self._add(_products((a, b) for a in fields.items() for b in ratios))
        self._add(_products((a, b) for a in batch.items() for b in fields.items()))
        whole = [*named.items(), *ratios]
        self._add((f"{name}/2", (x // 2, y // 2)) for name, (x, y) in whole if even(x, y))
        for part in (4, 8):  # rotary angles of a part of each head
            self._add(_parts(whole, part))
        self._add((f"3*{name}", (3 * x, 3 * y)) for name, (x, y) in list(_parts(whole, 4)))
        self._add((f"2*{name}", (2 * x, 2 * y)) for name, (x, y) in [*named.items(), *two])
        self._add(_products((a, b) for a in two for b in fields.items()))
        halves = [(f"{n}/2", (x // 2, y // 2)) for n, (x, y) in fields.items() if even(x, y)]
        self._add(_products((a, b) for a in two for b in [*ratios, *halves]))

    def _add(self, named: Iterable[tuple[str, Pair]]) -> None:
        for name, pair in named:
            if pair[0] != pair[1] or pair[0] > 3:
                self._names.setdefault(pair, name)

    def name(self, first: tuple[int, ...], second: tuple[int, ...]) -> str | None:
        """The number of elements of a tensor with these shapes; None where a side has no name."""
        parts: list[str] = []
        for pair in zip(first, second, strict=True):
            if pair in self._names:
                parts.append(self._names[pair])
            elif pair[0] == pair[1]:
                parts += [str(pair[0])] if pair[0] != 1 else []
            elif (name := self._sum(pair)) is not None:
                parts.append(name)
            elif max(pair) <= _FEW:
                parts.append(str(max(pair)))
            else:
                return None
        return "*".join(parts) or "1"

    def _sum(self, pair: Pair) -> str | None:
        """A field and a small number, or the sum or difference of two fields."""
        for name, (x, y) in self._batch.items():
            more = pair[0] - x
            if name in ("S", "R") and more == pair[1] - y and abs(more) <= _PADDING:
                return f"{name}{more:+d}"
        for name, (x, y) in self._fields.items():
            more = pair[0] - x
            if more == pair[1] - y and abs(more) <= 2:
                return f"{name}{more:+d}"
        for a, (x1, x2) in self._fields.items():
            for b, (y1, y2) in self._fields.items():
                if (x1 - y1, x2 - y2) == pair:
                    return f"{a}-{b}"
                if (x1 + y1, x2 + y2) == pair:
                    return f"{a}+{b}"
        return None


def even(*numbers: int) -> bool:
    return all(n % 2 == 0 for n in numbers)


def _parts(named: Iterable[Named], part: int) -> Iterable[Named]:
    for name, (x, y) in named:
        if x % part == 0 and y % part == 0:
            yield f"{name}/{part}", (x // part, y // part)


def _products(pairs: Iterable[tuple[Named, Named]]) -> Iterable[Named]:
    for (a, (x1, x2)), (b, (y1, y2)) in pairs:
        yield f"{a}*{b}", (x1 * y1, x2 * y2)


def _ratios(fields: Mapping[str, Pair]) -> Iterable[tuple[str, Pair]]:
    for a, (x1, x2) in fields.items():
        for b, (y1, y2) in fields.items():
            if a != b and x1 % y1 == 0 and x2 % y2 == 0:
                yield f"{a}/{b}", (x1 // y1, x2 // y2)
