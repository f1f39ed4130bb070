"""The workflow's JSON Schema, asked by key path, and what a workflow's values do against it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from pitchpipe.keypath import KeyPath, value_at
from pitchpipe.syntax.nodes import Data

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

Rule: TypeAlias = dict[str, Any]

_MOST_RULES = 1000


class Schema:
    """A JSON Schema (Draft 2020-12) made of objects, arrays and local `$ref`s.

    Paths count list items like `("data", "train", 0, "path")`; which item makes no difference.

    jsonschema validates. With `fast` it is jsonschema-rs, which takes a hundredth of the time and
    says the same (a property test compares them); editors need that at every keystroke.
    """

    def __init__(
        self, root: Rule, *, fast: bool = False, others: Callable[[str], Rule] | None = None
    ) -> None:
        """`others` reads the schema of a dialect by its name."""
        self.root = root
        self._fast = fast
        self._read_other = others
        self._others: dict[str, Schema] = {}
        self._rules: dict[KeyPath, Rule] = {(): root}

    @cached_property
    def _reference(self) -> Any:
        from jsonschema.validators import Draft202012Validator  # noqa: PLC0415  # 50 ms

        return Draft202012Validator(self.root)

    @cached_property
    def _quick(self) -> Any:
        import jsonschema_rs  # noqa: PLC0415  # 10 ms

        return jsonschema_rs.Draft202012Validator(self.root)

    def other(self, name: str) -> Schema | None:
        """The schema of a dialect; None where no dialects are known."""
        if name not in self._others and self._read_other:
            self._others[name] = Schema(self._read_other(name), fast=self._fast)
        return self._others.get(name)

    def resolved(self, rule: Rule) -> Rule:
        """A part of the schema without its `$ref`, what stands beside that counting more."""
        return self._followed(rule)

    def like(self, root: Rule) -> Schema:
        """A schema of another root that validates in the same way."""
        return Schema(root, fast=self._fast)

    def at(self, path: KeyPath) -> Rule | None:
        """The rule for the value at `path`, None where the schema knows no such key."""
        general = tuple([0 if isinstance(step, int) else step for step in path])
        known = self._rules.get(general)
        if known is not None:
            return known
        found = self._below(self.at(general[:-1]), general[-1])
        if found is not None and len(self._rules) < _MOST_RULES:  # users make up some keys
            self._rules[general] = found
        return found

    def _below(self, rule: Rule | None, step: str | int) -> Rule | None:
        if rule is None:
            return None
        inner = rule.get("items") if isinstance(step, int) else _of_key(rule, step)
        return None if inner is None else self._followed(inner)

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
        named, by_alias = self._owners
        return [*named.get(key, ()), *by_alias.get(key, ())]

    @cached_property
    def _owners(self) -> tuple[dict[str, list[KeyPath]], dict[str, list[KeyPath]]]:
        """All places by their key, and by their `x-aliases`."""
        named: dict[str, list[KeyPath]] = {}
        by_alias: dict[str, list[KeyPath]] = {}
        for path in self.places():
            named.setdefault(str(path[-1]), []).append(path)
            for alias in dict.fromkeys((self.at(path) or {}).get("x-aliases", ())):
                by_alias.setdefault(alias, []).append(path)
        return named, by_alias

    def names(self) -> tuple[str, ...]:
        """Every key that the schema knows anywhere."""
        return tuple(self._owners[0])

    def places(self, path: KeyPath = ()) -> Iterator[KeyPath]:
        """Every key under `path`, sections before what is in them; lists count once, as item 0."""
        for key in self.keys(path):
            yield (*path, key)
            yield from self.places((*path, key))
            yield from self.places((*path, key, 0))

    def violations(self, data: Data) -> list[Violation]:
        """Everything in `data` that breaks the schema, in no particular order.

        A value of the wrong type is named for that alone, and so is a number that JSON does not
        have: one that is not finite, or too large for a float (keyword `finite`).
        """
        found = list(_not_finite(data, ()))
        if self._fast and not found and not _has_empty_key(data):
            found = self._quickly(data)
        else:
            errors: Iterator[ValidationError] = self._reference.iter_errors(data)
            found += (v for error in errors for v in _violations(error))
        told = {v.path: "finite" for v in found if v.keyword == "finite"}
        told |= {v.path: "type" for v in found if v.keyword == "type"}
        unlike = (v for v in found if told.get(v.path, v.keyword) == v.keyword)
        return list({(v.path, v.keyword): v for v in unlike}.values())

    def _quickly(self, data: Data) -> list[Violation]:
        """There may be no number that is none in JSON, and no empty key.

        jsonschema-rs 0.61.0 takes the one for null and leaves the other out of paths.
        """
        found: list[Violation] = []
        for error in self._quick.iter_errors(data):
            path: KeyPath = tuple(error.instance_path)
            *place, keyword = error.schema_path
            rule: Any = self.root
            for step in place:
                rule = rule[step]
            found += _of_keyword(path, keyword, rule, value_at(data, path))
        return found

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


def _has_empty_key(data: Data) -> bool:
    if isinstance(data, dict):
        return "" in data or any(map(_has_empty_key, data.values()))
    return isinstance(data, list) and any(map(_has_empty_key, data))


def _violations(error: ValidationError) -> Iterator[Violation]:
    path = tuple(cast("Iterator[str | int]", error.absolute_path))
    found, rule = cast(Data, error.instance), cast(Rule, error.schema)
    return _of_keyword(path, cast(str, error.validator), rule, found)


def _of_keyword(path: KeyPath, keyword: str, rule: Rule, found: Data) -> Iterator[Violation]:
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
        yield Violation(path, keyword, rule[keyword], found)
