"""A workflow on its way into another tool's file."""

from __future__ import annotations

from dataclasses import dataclass

from pitchpipe.dialects.foreign import indexed, lay
from pitchpipe.facts import json_type
from pitchpipe.keypath import KeyPath, as_path, dotted
from pitchpipe.schema import Rule, Schema
from pitchpipe.syntax.nodes import Data


@dataclass(frozen=True, slots=True)
class Loss:
    """A key of the file that was converted, dotted, and what became of it."""

    key: str
    reason: str


class Outgoing:
    """What a dialect's `write` works with. Paths may be given dotted.

    `values` are the workflow's settings by path, sources whole (`data.train[0]` is a mapping):
    those that were written, and those that count without having been and that the tool would take
    otherwise. `write` puts what the schema's table can't; what it takes it names as `done`.
    """

    def __init__(self, values: dict[KeyPath, Data], native: Schema, schema: Schema) -> None:
        self.values = values
        self.native = native
        self.schema = schema
        self.data: dict[str, Data] = {}
        self.places: dict[KeyPath, KeyPath] = {}
        self.losses: list[Loss] = []
        self._done: set[KeyPath] = set()

    def value(self, path: str | KeyPath) -> Data:
        """The setting; where it was not written, the workflow's default."""
        where = as_path(path)
        return self.values[where] if where in self.values else self.native.default(where)

    def says(self, path: str | KeyPath) -> bool:
        """Whether the setting is among `values`."""
        return as_path(path) in self.values

    def put(self, path: str | KeyPath, value: Data, native: str | KeyPath | None = None) -> None:
        """The tool's key is `value`; `native` is the workflow's that it carries."""
        where = as_path(path)
        lay(self.data, where, value)
        if native is not None:
            self.places[as_path(native)] = where
            self.done(native)

    def done(self, native: str | KeyPath) -> None:
        """The setting needs nothing more."""
        self._done.add(as_path(native))

    def lost(self, native: str | KeyPath, reason: str) -> None:
        """The tool has nothing for the setting."""
        self.losses.append(Loss(dotted(as_path(native)), reason))
        self.done(native)

    def by_table(self) -> None:
        """Puts what the schema's `x-native` carries. To be called first."""
        for path in self.schema.places():
            rule = self.schema.at(path) or {}
            home = rule.get("x-native", "")
            if (
                not home
                or "[" in home
                or rule.get("deprecated")
                or any(isinstance(step, int) for step in path)
            ):
                continue
            native = indexed(home, path)
            if native in self.values and native not in self._done:
                value = _their_word(rule, self.values[native])
                if value is not None and _takes(rule, value):
                    self.put(path, value, native)

    def leftovers(self) -> list[KeyPath]:
        """The settings that nobody named."""
        return [path for path in self.values if path not in self._done]


def _their_word(rule: Rule, value: Data) -> Data:
    """The tool's word for the workflow's; the first of several. Numbers and the like are theirs."""
    for theirs, ours in rule.get("x-values", {}).items():
        if type(ours) is type(value) and ours == value:
            return {"true": True, "false": False}.get(theirs, theirs)
    return value


def _takes(rule: Rule, value: Data) -> bool:
    """Whether the tool's key takes a value of this type, and this word."""
    types: str | list[str] = rule.get("type", [])
    types = [types] if isinstance(types, str) else types
    kind = json_type(value)
    fits = not types or kind in types or (kind == "integer" and "number" in types)
    return fits and ("enum" not in rule or value in rule["enum"])
