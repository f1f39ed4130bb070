"""Formulas of the catalogue: nested JSON arrays over the fields of a configuration.

    7                                     a number
    "hidden_size"                         a field; "text_config.hidden_size" inside a nested one
    ["text", "mamba"]                     a string, list or null, as it stands
    ["index", 0]                          which layer it is: what fills the first `{}` of a path
    ["//", "hidden_size", "num_heads"]    an operation on formulas

Nothing is run but the operations listed in `OPERATIONS`, and numbers stay below 2^63.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

Formula: TypeAlias = int | str | list[Any]

_LARGEST = 2**63


class NoValue(Exception):
    """A formula can't be computed from this configuration; the message says why."""


def evaluate(formula: Formula, fields: Mapping[str, Any], index: Sequence[int] = ()) -> Any:
    """The value of `formula`. Raises NoValue."""
    if isinstance(formula, str):
        return _field(formula, fields)
    if isinstance(formula, int):
        return formula
    name: str = formula[0]
    parts: list[Any] = formula[1:]
    if name == "text":
        return parts[0]
    if name == "index":
        return index[int(parts[0])]
    if name in _LAZY:
        return _LAZY[name](parts, fields, index)
    return applied(formula, [evaluate(part, fields, index) for part in parts])


def applied(formula: list[Any], values: Sequence[Any]) -> Any:
    """The value of an operation whose parts have the `values`. Raises NoValue."""
    name: str = formula[0]
    if name in _ON_NUMBERS:
        for part, value in zip(formula[1:], values, strict=True):
            _check_number(part, value)
    try:
        return OPERATIONS[name](*values)
    except (TypeError, LookupError, ZeroDivisionError, OverflowError, ValueError) as error:
        raise NoValue(f"{_told(formula)} has no value here: {error}") from None


def number(formula: Formula, fields: Mapping[str, Any], index: Sequence[int] = ()) -> int:
    """The value of `formula`, which must be a whole number from 0. Raises NoValue."""
    if type(formula) is int:
        return formula
    value = evaluate(formula, fields, index)
    if isinstance(value, bool) or not isinstance(value, int):
        raise NoValue(f"{_told(formula)} is {value!r:.40}, not a whole number")
    if not 0 <= value < _LARGEST:
        raise NoValue(f"{_told(formula)} is {value}, which is no size")
    return value


def depends_on_index(formula: Any) -> bool:
    """Whether the value differs from layer to layer, or one of those in it does."""
    if isinstance(formula, dict):
        return any(map(depends_on_index, cast(dict[str, Any], formula).values()))
    if not isinstance(formula, list):
        return False
    parts = cast(list[Any], formula)
    return bool(parts) and (parts[0] == "index" or any(map(depends_on_index, parts)))


def _opened(formula: list[Any]) -> tuple[str, list[Any]]:
    return formula[0], formula[1:]


def _field(name: str, fields: Mapping[str, Any]) -> Any:
    try:
        return fields[name]
    except KeyError:
        raise NoValue(f"`{name}` is not given and has no default") from None


def _check_number(formula: Formula, value: Any) -> None:
    if not isinstance(value, (int, float)):
        raise NoValue(f"{_told(formula)} is {value!r:.40}, not a number")
    if not abs(value) < _LARGEST:
        raise NoValue(f"{_told(formula)} is {value!r:.40}, which is no size")


def _told(formula: Formula) -> str:
    if isinstance(formula, str):
        return f"`{formula}`"
    if isinstance(formula, int):
        return str(formula)
    name, parts = _opened(formula)
    if name == "text":
        return repr(parts[0])
    if name == "index":
        return "the layer's index"
    if name in _INFIX and len(parts) > 1:
        return f" {name} ".join(map(_told, parts))
    return f"{name}({', '.join(map(_told, parts))})"


def _both(parts: list[Any], fields: Mapping[str, Any], index: Sequence[int]) -> bool:
    return all(evaluate(p, fields, index) for p in parts)


def _either(parts: list[Any], fields: Mapping[str, Any], index: Sequence[int]) -> bool:
    return any(evaluate(p, fields, index) for p in parts)


def _choice(parts: list[Any], fields: Mapping[str, Any], index: Sequence[int]) -> Any:
    condition, then, otherwise = parts
    return evaluate(then if evaluate(condition, fields, index) else otherwise, fields, index)


def _every(parts: list[Any], fields: Mapping[str, Any], index: Sequence[int]) -> list[Any]:
    count, each = parts
    length = number(count, fields, index)
    if length > MOST_LAYERS:
        raise NoValue(f"{_told(count)} is {length}, more than any model has")
    return [evaluate(each, fields, (i,)) for i in range(length)]


MOST_LAYERS = 4096
"""Of one kind, in one list: a configuration that asks for more is not computed."""

_LAZY: dict[str, Callable[[list[Any], Mapping[str, Any], Sequence[int]], Any]] = {
    "and": _both,
    "or": _either,
    "if": _choice,
    "each": _every,  # a list with one value a layer
}

_INFIX = {"+", "-", "*", "//", "%", "==", "<"}
_ON_NUMBERS = {"+", "-", "*", "//", "%", "<", "up", "min", "max", "int", "root"}


def _plus(*values: Any) -> Any:
    return sum(values)


def _times(first: Any, *others: Any) -> Any:
    for value in others:
        first *= value
        if abs(first) >= _LARGEST:
            raise OverflowError("too large")
    return first


def _over(value: Any, divisor: Any) -> Any:
    return value // divisor


def _up(value: int, step: int) -> int:
    return -(-value // step) * step


def _where(values: Any, value: Any) -> list[int]:
    return [at for at, item in enumerate(values) if item == value]


def _find(values: Any, value: Any) -> int:
    return [*values].index(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _item(values: Any, at: Any) -> Any:
    if at < 0:
        raise IndexError("before the first")
    return values[at]


def _within(value: Any, values: Any) -> bool:
    return values is not None and value in values


OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": _plus,
    "-": operator.sub,
    "*": _times,
    "//": _over,
    "%": operator.mod,
    "up": _up,  # to the next multiple
    "min": min,
    "max": max,
    "int": int,
    "==": operator.eq,
    "<": operator.lt,
    "not": operator.not_,
    "in": _within,
    "item": _item,
    "where": _where,  # the indices of all items that are the value
    "find": _find,  # the index of the first
    "len": len,
    "list": _is_list,
    "root": math.isqrt,  # rounded down
}
