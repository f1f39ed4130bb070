"""What formulas are learnt from: values of fields and indices, side by side with an outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pitchpipe.catalog.formulas import Formula, NoValue, evaluate


@dataclass(frozen=True, slots=True)
class Instance:
    """One case: the fields of a configuration and which layer is asked for."""

    fields: Mapping[str, Any]
    index: tuple[int, ...] = ()


class Cases:
    """Instances, with the values that formulas have in them."""

    def __init__(self, instances: Sequence[Instance]) -> None:
        self.instances = instances
        self.depth = min((len(i.index) for i in instances), default=0)
        self._known: dict[str, list[Any]] = {}

    def __len__(self) -> int:
        return len(self.instances)

    def values(self, formula: Formula) -> list[Any]:
        """One value an instance; None where the formula has none."""
        key = repr(formula)
        if key not in self._known:
            self._known[key] = [_value(formula, instance) for instance in self.instances]
        return self._known[key]

    def numbers(self, formula: Formula) -> np.ndarray[Any, Any] | None:
        """The values, if all of them are whole numbers."""
        values = self.values(formula)
        if all(type(v) is int and abs(v) < 2**52 for v in values):
            return np.array(values, dtype=np.int64)
        return None

    def split(self, chosen: Sequence[bool]) -> tuple[Cases, Cases]:
        """Those that are chosen and the others."""
        pairs = list(zip(self.instances, chosen, strict=True))
        return Cases([i for i, c in pairs if c]), Cases([i for i, c in pairs if not c])


def _value(formula: Formula, instance: Instance) -> Any:
    try:
        return evaluate(formula, instance.fields, instance.index)
    except (NoValue, IndexError):  # IndexError: it asks for a layer, and none is meant
        return None


def numeric_terms(cases: Cases, names: Sequence[str]) -> Iterator[Formula]:
    """Fields, items of lists and indices that are whole numbers in all cases."""
    for name in names:
        values = cases.values(name)
        if any(isinstance(v, list) for v in values):
            yield ["len", name]
            for axis in range(cases.depth):
                yield ["item", name, ["index", axis]]
            yield from (["item", name, at] for at in range(_shortest(values)))
        else:
            yield name
    for axis in range(cases.depth):
        yield ["index", axis]


def _shortest(values: list[Any]) -> int:
    return min(6, *(len(v) if isinstance(v, list) else 0 for v in values), 6)
