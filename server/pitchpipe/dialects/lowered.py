"""A foreign file read as the workflow that it means, every place being one of its own text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pitchpipe.dialects.dialect import Dialect
from pitchpipe.dialects.foreign import Foreign, Lowering, Surroundings, indexed
from pitchpipe.dialects.note import Note
from pitchpipe.findings import Fix
from pitchpipe.keypath import KeyPath, dotted
from pitchpipe.reading import Reading
from pitchpipe.schema import Schema
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Data, Scalar

_QUOTED = re.compile(r"`([a-z_][\w.\[\]]*)(?=[`:])")


def lowered(
    source: Reading,
    schema: Schema,
    overrides: Mapping[str, Data],
    dialect: Dialect,
    around: Surroundings,
) -> Reading:
    """What `source` comes to as a workflow, with `overrides` laid over it."""
    return Lowered(source.document, schema, overrides, {}, source, dialect, around)


@dataclass(frozen=True, eq=False)
class Lowered(Reading):
    """The workflow of a foreign file. `source` is the file as its own tool's schema has it."""

    source: Reading
    dialect: Dialect
    around: Surroundings

    @property
    def written(self) -> Reading:
        return self.source

    @cached_property
    def lowering(self) -> Lowering:
        """What the file comes to."""
        foreign = Foreign(self.source, self.around)
        foreign.take_over()
        self.dialect.lower(foreign)
        foreign.leave_out()
        return foreign.result

    @property
    def notes(self) -> tuple[Note, ...]:
        return tuple(self.lowering.notes)

    @property
    def tool(self) -> str:
        return self.dialect.title

    @property
    def is_fragment(self) -> bool:
        return self.lowering.fragment

    @property
    def reads_old_floats(self) -> bool:
        return self.dialect.old_floats == "number"

    def default(self, path: KeyPath) -> Data:
        defaults = self.lowering.defaults
        return defaults[path] if path in defaults else self.schema.default(path)

    def native(self, path: KeyPath) -> KeyPath | None:
        for length in range(len(path), 0, -1):
            start, rest = path[:length], path[length:]
            if (home := self._came_to.get(start)) and (not rest or home in self.lowering.same):
                return (*home, *rest)
        for length in range(len(path), 0, -1):
            if home := (self.source.schema.at(path[:length]) or {}).get("x-native"):
                return (*indexed(home, path[:length]), *path[length:])
        return self._around(path)

    def _around(self, path: KeyPath) -> KeyPath | None:
        """The workflow's section or list that holds what stands below `path`."""
        for native, place in self.lowering.places.items():
            below = len(place) - len(path)
            if 0 < below < len(native) and place[: len(path)] == path:
                return native[:-below]
        return None

    def own(self, path: KeyPath) -> KeyPath | None:
        found = self._place(path)
        if found is not None:
            return found
        return self._homes.get(path)

    def place(self, path: KeyPath) -> KeyPath | None:
        return self._place(path) or self.lowering.places.get(path)

    def respelt(self, message: str) -> str:
        return _QUOTED.sub(lambda found: "`" + self._words.get(found[1], found[1]), message)

    @cached_property
    def sound(self) -> Mapping[int, Data]:
        """Nothing: what it would spare is made anew anyway."""
        return {}

    def overridden(self, path: KeyPath) -> bool:
        if not path or any(path[: len(o)] == o for o in self.overrides):
            return bool(path)
        inside = any(o[: len(path)] == path for o in self.overrides)
        return inside and path not in self.lowering.places

    def value_span(self, path: KeyPath) -> Span:
        place = self.place(path)
        return self.key_span(path) if place is None else self.source.value_span(place)

    def key_span(self, path: KeyPath) -> Span:
        """Of what the file doesn't write, the key of something else in the same section."""
        places = self.lowering.places
        for length in range(len(path), 0, -1):
            start = path[:length]
            if start in places:
                return self.source.key_span(places[start])
            beside = [p for n, p in places.items() if n[:length] == start]
            if beside:
                return min(map(self.source.key_span, beside))
        return self.source.key_span(())

    def wrong(self, path: KeyPath) -> bool:
        if super().wrong(path):
            return True
        return any(w[: len(path)] == path for w in self.lowering.wrong)

    def scalar(self, path: KeyPath) -> Scalar | None:
        place = None if self.overridden(path) else self._place(path)
        return None if place is None else self.source.scalar(place)

    def inserted_behind(self, path: KeyPath, written: str) -> Fix | None:
        """None: what would be written is not in the file's own words."""
        return None

    def _said(self) -> Data:
        return self.lowering.data

    def _place(self, path: KeyPath) -> KeyPath | None:
        """Where the very value at `path` is written."""
        lowering = self.lowering
        for length in range(len(path), 0, -1):
            start = path[:length]
            if start in lowering.places and start in lowering.same:
                return (*lowering.places[start], *path[length:])
            if start in lowering.places and length == len(path):
                return None
        return None

    @cached_property
    def _came_to(self) -> dict[KeyPath, KeyPath]:
        """The workflow's key for each foreign one; of several the one with the same value."""
        lowering = self.lowering
        ordered = sorted(lowering.places.items(), key=lambda item: item[0] in lowering.same)
        return {place: native for native, place in ordered}

    @cached_property
    def _homes(self) -> dict[KeyPath, KeyPath]:
        """Where the workflow's keys could be written with the same values."""
        schema = self.source.schema
        found: dict[KeyPath, KeyPath] = {}
        for path in schema.places():
            rule = schema.at(path) or {}
            home = rule.get("x-native", "")
            if home and "[" not in home and "x-values" not in rule:
                found.setdefault(indexed(home, path), path)
        return found

    @cached_property
    def _words(self) -> dict[str, str]:
        """The file's names for the workflow's: whole paths, and last steps that are no others."""
        named = self._homes | self.lowering.places
        words: dict[str, str] = {}
        for native, path in named.items():
            words.setdefault(str(native[-1]), str(path[-1]))
        words |= {dotted(native): dotted(path) for native, path in named.items()}
        return {ours: theirs for ours, theirs in words.items() if ours != theirs}
