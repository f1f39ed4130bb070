"""A shard's groups with a configuration's numbers in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from pitchpipe.catalog.formulas import MOST_LAYERS, NoValue, depends_on_index, evaluate, number
from pitchpipe.modules import Head, ModuleGroup, Parameter

Index = tuple[int, ...]

_MOST_MODULES = 1_000_000
_FIXED_INDEX = re.compile(r"(?:^|(?<=\.))\d+(?=\.|$)")


def groups(
    shard: Mapping[str, Any], fields: Mapping[str, Any], head: Head
) -> tuple[ModuleGroup, ...]:
    """The module groups of the class for `head`. Raises NoValue."""
    places = _Places(shard["places"], fields)
    found: dict[tuple[Any, ...], list[Index]] = {}
    for group in shard["groups"]:
        if head not in group.get("heads", (head,)):
            continue
        for at, parameters in _by_parameters(group, fields, places[group["place"]]):
            if parameters:
                path, filled = _opened(group["path"], at)
                key = (path, group["kind"], group["role"], group["class"], parameters)
                found.setdefault(key, []).extend(filled)
    return tuple(
        ModuleGroup(path, tuple(sorted(at)), kind, role, class_name, parameters)
        for (path, kind, role, class_name, parameters), at in found.items()
    )


class _Places:
    """Index tuples of the shard's places, each computed once."""

    def __init__(self, places: list[dict[str, Any]], fields: Mapping[str, Any]) -> None:
        self._places = places
        self._fields = fields
        self._known: dict[int, list[Index]] = {}

    def __getitem__(self, which: int) -> list[Index]:
        if which not in self._known:
            self._known[which] = self._computed(self._places[which])
        return self._known[which]

    def _computed(self, place: Mapping[str, Any]) -> list[Index]:
        if not evaluate(place.get("if", 1), self._fields):
            return []
        found: list[Index] = [()]
        for axis in place["axes"]:
            found = list(self._longer(found, axis))
            if len(found) > _MOST_MODULES:
                raise NoValue(f"{len(found)} modules of one kind are more than any model has")
        return found

    def _longer(self, shorter: list[Index], axis: Mapping[str, Any]) -> Iterator[Index]:
        condition = axis.get("where")
        for index in shorter:
            count = number(axis["count"], self._fields, index)
            if count > MOST_LAYERS:
                raise NoValue(f"{count} layers are more than any model has")
            for i in range(count):
                longer = (*index, i)
                if condition is None or evaluate(condition, self._fields, longer):
                    yield longer


def _by_parameters(
    group: Mapping[str, Any], fields: Mapping[str, Any], at: list[Index]
) -> Iterator[tuple[list[Index], tuple[Parameter, ...]]]:
    """Runs of places with the same parameters."""
    if not at:
        return
    if not depends_on_index(group["parameters"]):
        yield at, _parameters(group, fields, at[0])
        return
    told = [(_parameters(group, fields, index), index) for index in at]
    for parameters, run in groupby(told, key=lambda pair: pair[0]):
        yield [index for _, index in run], parameters


def _parameters(
    group: Mapping[str, Any], fields: Mapping[str, Any], index: Index
) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            name,
            tuple([number(d, fields, index) for d in dims]),
            tied_to=_owner(more, fields, index),
            buffer=more.get("buffer", False),
        )
        for name, dims, more in group["parameters"]
        if evaluate(more.get("if", 1), fields, index)
    )


def _owner(more: Mapping[str, Any], fields: Mapping[str, Any], index: Index) -> str | None:
    for condition, target, *at in more.get("tied", ()):
        if evaluate(condition, fields, index):
            own = [number(formula, fields, index) for formula in at[0]] if at else index
            return target.format(*own)
    return None


def _opened(path: str, at: list[Index]) -> tuple[str, list[Index]]:
    """`path` with a `{}` for its fixed indices too: "block.{}.layer.0" → "block.{}.layer.{}"."""
    parts = path.split(".")
    if not any(part.isdigit() for part in parts):
        return path, at
    fixed = [int(p) if p.isdigit() else None for p in parts if "{}" in p or p.isdigit()]
    filled: list[Index] = []
    for index in at:
        own = iter(index)
        filled.append(tuple([next(own) if f is None else f for f in fixed]))
    return _FIXED_INDEX.sub("{}", path), filled
