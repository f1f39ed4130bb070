"""A file of another tool while it is lowered: what it says, and what becomes of each part.

Most keys need no code. The dialect's schema says under each what it is here:

- `x-native`: the workflow's key of the same meaning, `training.learning_rate` or, in lists,
  `data.train[].path`. The value is taken over, through `x-values` (theirs → ours) where it has the
  word. A `default` beside it is what the workflow's key is where the file says nothing.
- `x-lost`: what is lost when the key is left out, as a sentence without a full stop. Values that
  leave a thing off (null, false, none, empty, the default) lose nothing.
- `x-stops`: the same of what the runner can't do at all, so that the file can't be run.
- `x-otherwise`: what the tool makes of the key, where that is not what it seems to mean, as words
  that fit behind the key: `is refused by Olive`.
- `x-old`: the same of a key that is going or gone: `is passed over by newer versions`.
- `x-now`: the key of the same section that took the place of this one.

Keys with none of these have no part in what is learnt (where logs go, how many processes read).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

from pitchpipe.dialects.note import Note, NoteKind
from pitchpipe.facts import Facts
from pitchpipe.findings import Edit, Fix, Related
from pitchpipe.keypath import KeyPath, as_path, dotted, found_at
from pitchpipe.reading import Reading
from pitchpipe.schema import Rule, Schema
from pitchpipe.syntax.nodes import Data


@dataclass(slots=True)
class Lowering:
    """What a foreign file comes to.

    `data` are the workflow's values that the file gives, `places` says for each where, as a path of
    the foreign file; those in `same` are the foreign values unchanged. `defaults` are what the tool
    takes where the file is silent and ours would differ. `wrong` are keys whose value was no good.
    `fragment`: it is a part of a workflow, meant to be put together with another.
    """

    data: dict[str, Data] = field(default_factory=dict[str, Data])
    places: dict[KeyPath, KeyPath] = field(default_factory=dict[KeyPath, KeyPath])
    same: set[KeyPath] = field(default_factory=set[KeyPath])
    defaults: dict[KeyPath, Data] = field(default_factory=dict[KeyPath, Data])
    wrong: set[KeyPath] = field(default_factory=set[KeyPath])
    notes: list[Note] = field(default_factory=list[Note])
    fragment: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a file lies: the absolute folder that its paths start from, and what is known of it."""

    facts: Facts
    root: str
    blind: bool = False


class Foreign:
    """What a dialect's `lower` works with. Paths may be given dotted."""

    def __init__(self, written: Reading, around: Surroundings) -> None:
        self.reading = written
        self.around = around
        self.result = Lowering()
        self._handled: set[KeyPath] = set()

    @property
    def data(self) -> dict[str, Data]:
        """The file's values; of what is no mapping, nothing."""
        data = self.reading.data
        return data if isinstance(data, dict) else {}

    def says(self, path: str | KeyPath) -> bool:
        """Whether the file has something other than null there, right or wrong."""
        return self._at(as_path(path)) is not None

    def value(self, path: str | KeyPath) -> Data:
        """The value there; where it is null, unwritten or wrong, the tool's default."""
        where = as_path(path)
        found = None if self.reading.wrong(where) else self._at(where)
        return self.reading.default(where) if found is None else found

    def given(self, path: str | KeyPath) -> Data:
        """The value there; None where it is unwritten or wrong."""
        where = as_path(path)
        return None if self.reading.wrong(where) else self._at(where)

    def put(
        self, native: str | KeyPath, value: Data, at: str | KeyPath, *, same: bool = False
    ) -> None:
        """The workflow's key is `value`, because of what stands `at`."""
        target, place = as_path(native), as_path(at)
        lay(self.result.data, target, value)
        self.result.places[target] = place
        if same:
            self.result.same.add(target)
        else:
            self.result.same.discard(target)
        self._handled.add(place)

    def drop(self, native: str | KeyPath) -> None:
        """Takes back what the schema's table put there."""
        target = as_path(native)
        owner: Data = self.result.data
        for step in target[:-1]:
            owner = owner.get(cast(str, step)) if isinstance(owner, dict) else None
        if isinstance(owner, dict):
            owner.pop(cast(str, target[-1]), None)
        self.result.places.pop(target, None)
        self.result.same.discard(target)

    def default(self, native: str | KeyPath, value: Data) -> None:
        """Where the file is silent, the workflow's key is `value`."""
        self.result.defaults[as_path(native)] = value

    def wrong(self, native: str | KeyPath, at: str | KeyPath) -> None:
        """The workflow's key is written `at`, and wrong, which is told by another rule."""
        self.result.wrong.add(as_path(native))
        self.result.places[as_path(native)] = as_path(at)

    def note(
        self,
        kind: NoteKind,
        path: str | KeyPath,
        message: str,
        fix: Fix | None = None,
        related: tuple[Related, ...] = (),
    ) -> None:
        """Something to say about the key at `path`; it needs no further word by the table."""
        self.result.notes.append(Note(kind, as_path(path), message, fix, related))
        self._handled.add(as_path(path))

    def handled(self, path: str | KeyPath) -> None:
        """The table's `x-lost` and `x-stops` don't apply to what is written there."""
        self._handled.add(as_path(path))

    def set_here(self, path: str | KeyPath) -> tuple[Related, ...]:
        """A pointer to the key at `path`, for a note's `related`; none where it isn't written."""
        where = as_path(path)
        if self._at(where) is None:
            return ()
        return (Related(f"`{dotted(where)}` is set here", self.reading.value_span(where)),)

    def take_over(self) -> None:
        """Does what the schema's table says about every key. To be called first.

        Other tools leave a model as it is trained, so nothing is exported unless the file says so.
        """
        self.default("export.format", "none")
        for path, rule in self._rules(self.data, ()):
            home = rule.get("x-native")
            if home is None:
                continue
            native = indexed(home, path)
            if self.reading.wrong(path):
                self.wrong(native, path)
            elif (value := self._at(path)) is not None:
                meant = _meant(rule, value)
                self.put(native, meant, path, same=meant is value)
        for native, value in defaults_of(self.reading.schema):
            self.default(native, value)

    def leave_out(self) -> None:
        """Notes what is lost by what nobody handled. To be called last."""
        for path, rule in self._rules(self.data, ()):
            value = self._at(path)
            if value is not None:
                self._remark(path, rule)
            idle = value in (None, False, "", "none", "no", 0) or value in ([], {})
            if idle or value == rule.get("default") or path in self._handled:
                continue
            if "x-stops" in rule:
                self.note("stops", path, f"`{path[-1]}`: {rule['x-stops']}")
            elif "x-lost" in rule:
                self.note("lost", path, f"`{path[-1]}`: {rule['x-lost']}")

    def _remark(self, path: KeyPath, rule: Rule) -> None:
        """Notes what the tool itself makes of a key, where no other note has said more of it."""
        if any(note.path == path for note in self.result.notes):
            return
        notes, name = self.result.notes, path[-1]
        if "x-otherwise" in rule:
            notes.append(Note("otherwise", path, f"`{name}` {rule['x-otherwise']}"))
        if "x-old" in rule:
            notes.append(Note("old", path, f"`{name}` {rule['x-old']}"))
        if "x-now" in rule:
            now = rule["x-now"]
            fix = Fix(f"Rename to `{now}`", (Edit(self.reading.key_span(path), now),))
            free = self._at((*path[:-1], now)) is None
            message = f"`{name}` is called `{now}` now"
            notes.append(Note("old", path, message, fix if free else None))

    def _rules(self, data: Data, path: KeyPath) -> Iterator[tuple[KeyPath, Rule]]:
        """Every key that is written and that the schema knows."""
        steps: list[str | int] = []
        if isinstance(data, dict):
            steps += data
        elif isinstance(data, list):
            steps += range(len(data))
        for step in steps:
            inner = (*path, step)
            rule = self.reading.schema.at(inner)
            if rule is not None:
                yield inner, rule
                yield from self._rules(self._at(inner), inner)

    def _at(self, path: KeyPath) -> Data:
        return found_at(self.reading.data, path)


def defaults_of(schema: Schema) -> Iterator[tuple[KeyPath, Data]]:
    """What a tool takes the workflow's keys for that nobody writes, by its schema's table."""
    for path in schema.places():
        rule = schema.at(path) or {}
        home = rule.get("x-native")
        if home and "[" not in home and rule.get("default") is not None:
            yield indexed(home, path), _meant(rule, rule["default"])


def indexed(home: str, path: KeyPath) -> KeyPath:
    """The path of `x-native`, whose `[]` take the indices of `path` in order."""
    indices = iter(step for step in path if isinstance(step, int))
    steps: list[str | int] = []
    for part in home.split("."):
        name = part.removesuffix("[]")
        steps.append(name)
        if name != part:
            steps.append(next(indices, 0))
    return tuple(steps)


def _meant(rule: Rule, value: Data) -> Data:
    words = rule.get("x-values", {})
    key = str(value).lower() if isinstance(value, bool) else value
    return words[key] if isinstance(key, str) and key in words else value


def lay(data: dict[str, Data], path: KeyPath, value: Data) -> None:
    """Puts `value` at `path`, making mappings and lists on the way."""
    at: Data = data
    for index, step in enumerate(path):
        last = index == len(path) - 1
        if isinstance(step, int):
            items = cast("list[Data]", at)
            while len(items) <= step:
                items.append({})
            if last:
                items[step] = value
            at = items[step]
            continue
        keys = cast("dict[str, Data]", at)
        if last:
            keys[step] = value
        elif not isinstance(keys.get(step), (dict, list)):
            keys[step] = [] if isinstance(path[index + 1], int) else {}
        at = keys[step]
