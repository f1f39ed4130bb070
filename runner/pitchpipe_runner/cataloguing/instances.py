"""What formulas are learnt from: values of fields and indices, side by side with an outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pitchpipe.catalog.formulas import OPERATIONS, Formula, NoValue, applied, evaluate

_SMALL = 2**31


@dataclass(frozen=True, slots=True)
class Instance:
    """One case: the fields of a configuration and which layer is asked for."""

    fields: Mapping[str, Any]
    index: tuple[int, ...] = ()


class _Nothing:
    """Stands where a formula has no value; None is one."""

    def __repr__(self) -> str:
        return "nothing"


_NOTHING = _Nothing()


@dataclass(frozen=True, slots=True)
class _Column:
    """The values of a formula, one an instance. `whole`: all are whole numbers, and small."""

    values: list[Any]
    whole: bool


class Cases:
    """Instances, with the values that formulas have in them."""

    def __init__(self, instances: Sequence[Instance]) -> None:
        self.instances = instances
        self.depth = min((len(i.index) for i in instances), default=0)
        self._columns: dict[str, _Column] = {}

    def __len__(self) -> int:
        return len(self.instances)

    def values(self, formula: Formula) -> list[Any]:
        """One value an instance; None where the formula has none."""
        column = self._column(formula)
        return column.values if column.whole else _told(column.values)

    def numbers(self, formula: Formula) -> np.ndarray[Any, Any] | None:
        """The values, if all of them are whole numbers."""
        values = self._column(formula).values
        if all(type(v) is int and abs(v) < 2**52 for v in values):
            return np.array(values, dtype=np.int64)
        return None

    def split(self, chosen: Sequence[bool]) -> tuple[Cases, Cases]:
        """Those that are chosen and the others."""
        pairs = list(zip(self.instances, chosen, strict=True))
        return Cases([i for i, c in pairs if c]), Cases([i for i, c in pairs if not c])

    def _column(self, formula: Formula) -> _Column:
        """As `evaluate` would give them, instance by instance; parts are computed once."""
        key = repr(formula)
        if key not in self._columns:
            values = self._computed(formula)
            whole = all(type(v) is int and -_SMALL < v < _SMALL for v in values)
            self._columns[key] = _Column(values, whole)
        return self._columns[key]

    def _computed(self, formula: Formula) -> list[Any]:
        if isinstance(formula, str):
            return [i.fields.get(formula, _NOTHING) for i in self.instances]
        if isinstance(formula, int):
            return [formula] * len(self.instances)
        name, *parts = formula
        if name == "text":
            return parts * len(self.instances)
        if name == "index":
            at: int = parts[0]
            return [i.index[at] if at < len(i.index) else _NOTHING for i in self.instances]
        if name == "each":  # the index in it is its own
            return self._by_fields(formula)
        columns = [self._column(part) for part in parts]
        rows = zip(*(c.values for c in columns), strict=True)
        if name in _LAZY:
            return [_LAZY[name](*row) for row in rows]
        if all(c.whole for c in columns):
            try:
                return list(map(OPERATIONS[name], *(c.values for c in columns)))
            except (TypeError, LookupError, ZeroDivisionError, OverflowError, ValueError):
                pass  # in some of the rows
        return [_applied(formula, row) for row in rows]

    def _by_fields(self, formula: Formula) -> list[Any]:
        """The values where the index doesn't matter: one a configuration."""
        found: dict[int, Any] = {}
        for instance in self.instances:
            if id(instance.fields) not in found:
                found[id(instance.fields)] = _value(formula, instance)
        return [found[id(instance.fields)] for instance in self.instances]


def _told(values: list[Any]) -> list[Any]:
    return [None if v is _NOTHING else v for v in values]


def _value(formula: Formula, instance: Instance) -> Any:
    try:
        return evaluate(formula, instance.fields, instance.index)
    except (NoValue, IndexError):  # IndexError: it asks for a layer, and none is meant
        return _NOTHING


def _applied(formula: list[Any], row: tuple[Any, ...]) -> Any:
    if any(value is _NOTHING for value in row):
        return _NOTHING
    try:
        return applied(formula, row)
    except NoValue:
        return _NOTHING


def _both(*row: Any) -> Any:
    for value in row:
        if value is _NOTHING or not value:
            return value if value is _NOTHING else False
    return True


def _either(*row: Any) -> Any:
    for value in row:
        if value is _NOTHING or value:
            return value if value is _NOTHING else True
    return False


def _choice(condition: Any, then: Any, otherwise: Any) -> Any:
    if condition is _NOTHING:
        return _NOTHING
    return then if condition else otherwise


_LAZY: dict[str, Callable[..., Any]] = {"and": _both, "or": _either, "if": _choice}


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
