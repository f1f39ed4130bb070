"""The workflow's JSON Schema, asked by key path, and what a workflow's values do against it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from jsonschema.exceptions import ValidationError
from jsonschema.validators import Draft202012Validator

from pitchpipe.keypath import KeyPath
from pitchpipe.syntax.nodes import Data

Rule: TypeAlias = dict[str, Any]


class Schema:
    """A JSON Schema (Draft 2020-12) made of objects, arrays and local `$ref`s.

    Paths count list items like `("data", "train", 0, "path")`; which item makes no difference.
    """

    def __init__(self, root: Rule) -> None:
        self.root = root
        self._validator: Any = Draft202012Validator(root)

    def at(self, path: KeyPath) -> Rule | None:
        """The rule for the value at `path`, None where the schema knows no such key."""
        rule = self.root
        for step in path:
            inner = rule.get("items") if isinstance(step, int) else _of_key(rule, step)
            if inner is None:
                return None
            rule = self._followed(inner)
        return rule

    def keys(self, path: KeyPath) -> tuple[str, ...]:
        """The keys of the object at `path` in the schema's order; none where it is no object."""
        rule = self.at(path)
        return tuple(rule.get("properties", {})) if rule else ()

    def required(self, path: KeyPath) -> tuple[str, ...]:
        """The keys that the object at `path` can't do without."""
        rule = self.at(path)
        return tuple(rule.get("required", ())) if rule else ()

    def default(self, path: KeyPath) -> Data:
        """What an absent value counts as. None also where the schema names no default."""
        rule = self.at(path)
        return cast(Data, rule.get("default")) if rule else None

    def leaves(self, path: KeyPath = ()) -> Iterator[KeyPath]:
        """Every key without keys under it, in the schema's order; items of lists aside."""
        for key in self.keys(path):
            inner = (*path, key)
            if self.keys(inner):
                yield from self.leaves(inner)
            else:
                yield inner

    def owners(self, key: str) -> list[KeyPath]:
        """Every place that has `key`, then every one that has it in `x-aliases`.

        Lists count once, as item 0.
        """
        places = list(self.places())
        named = [path for path in places if path[-1] == key]
        return named + [p for p in places if key in (self.at(p) or {}).get("x-aliases", ())]

    def names(self) -> tuple[str, ...]:
        """Every key that the schema knows anywhere."""
        return tuple(dict.fromkeys(str(path[-1]) for path in self.places()))

    def places(self, path: KeyPath = ()) -> Iterator[KeyPath]:
        """Every key under `path`, sections before what is in them; lists count once, as item 0."""
        for key in self.keys(path):
            yield (*path, key)
            yield from self.places((*path, key))
            yield from self.places((*path, key, 0))

    def violations(self, data: Data) -> list[Violation]:
        """Everything in `data` that breaks the schema, in no particular order.

        A value of the wrong type is named for that alone. Beyond the schema, numbers must be
        JSON's: finite, and not too large for a float (keyword `finite`).
        """
        found = [v for error in self._validator.iter_errors(data) for v in _violations(error)]
        found += _not_finite(data, ())
        wrong = {v.path for v in found if v.keyword == "type"}
        unlike = (v for v in found if v.keyword == "type" or v.path not in wrong)
        return list({(v.path, v.keyword): v for v in unlike}.values())

    def _followed(self, rule: Rule) -> Rule:
        while "$ref" in rule:
            target: Any = self.root
            for step in rule["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            rule = {**target, **{k: v for k, v in rule.items() if k != "$ref"}}
        return rule


@dataclass(frozen=True, slots=True)
class Violation:
    """One value that breaks the schema.

    `keyword` is JSON Schema's (`type`, `enum`, `minimum`, …), `expected` what the schema says under
    it, `found` the value. Of `required` and `additionalProperties` there is one for each key,
    `path` ends with that key, `expected` is the keys that the object knows, and `found` is the
    value of the unknown key, None of a missing one.
    """

    path: KeyPath
    keyword: str
    expected: Any
    found: Data


def _of_key(rule: Rule, key: str) -> Rule | None:
    """Its own rule, or that of every key where a user makes up the keys."""
    others = rule.get("additionalProperties")
    return rule.get("properties", {}).get(key, others if isinstance(others, dict) else None)


def _not_finite(data: Data, path: KeyPath) -> Iterator[Violation]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _not_finite(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _not_finite(value, (*path, index))
    elif isinstance(data, (int, float)) and not abs(data) <= sys.float_info.max:
        yield Violation(path, "finite", True, data)


def _violations(error: ValidationError) -> Iterator[Violation]:
    path = tuple(cast("Iterator[str | int]", error.absolute_path))
    keyword = cast(str, error.validator)
    found = cast(Data, error.instance)
    rule = cast(Rule, error.schema)
    if keyword == "required":
        for key in rule["required"]:
            if key not in cast("dict[str, Data]", found):
                yield Violation((*path, key), keyword, rule["required"], None)
    elif keyword == "additionalProperties":
        known = tuple(rule.get("properties", {}))
        for key, value in cast("dict[str, Data]", found).items():
            if key not in known:
                yield Violation((*path, key), keyword, known, value)
    else:
        yield Violation(path, keyword, error.validator_value, found)
