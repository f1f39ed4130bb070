"""A document as values, with the command line's laid over the file's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import cast

from pitchpipe.dialects.note import Note
from pitchpipe.document import Document, parse
from pitchpipe.findings import Edit, Finding, Fix
from pitchpipe.keypath import KeyPath, dotted, parse_dotted
from pitchpipe.schema import Schema, Violation
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Data, Mapping, Node, Scalar, Sequence
from pitchpipe.workflow import SOURCES

_START = Span(0, 0)

FROM_COMMAND_LINE = " (from `--set`)"
"""Ends the message of a finding about a value that no place in the file has."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What a document says, and where. An empty document is an empty object.

    All of it is found when it is first asked for: some that ask about a text need no values.
    """

    document: Document
    schema: Schema
    _given: AbstractMapping[str, Data]
    _known_sound: AbstractMapping[int, Data]

    @property
    def written(self) -> Reading:
        """The text as its own format has it; of the native one, that is this reading itself."""
        return self

    def default(self, path: KeyPath) -> Data:
        """What the value at `path` is where nobody writes one."""
        return self.schema.default(path)

    def native(self, path: KeyPath) -> KeyPath | None:
        """The workflow's path for one of the text; None where it has none."""
        return path

    def own(self, path: KeyPath) -> KeyPath | None:
        """The text's path for one of the workflow's, where the same value can be written."""
        return path

    def place(self, path: KeyPath) -> KeyPath | None:
        """Where the text says what the workflow's key is, in whatever words.

        None where a foreign text doesn't say.
        """
        return path

    @property
    def notes(self) -> tuple[Note, ...]:
        """What became of the parts of a foreign file that have no key of the workflow."""
        return ()

    @property
    def tool(self) -> str | None:
        """Whose file it is, as its makers write the name; None of our own."""
        return None

    @property
    def is_fragment(self) -> bool:
        """Whether it is meant to be put together with another file."""
        return False

    @property
    def reads_old_floats(self) -> bool:
        """Whether `2e-5` comes out as the number that it seems to be, whatever YAML 1.1 says."""
        return False

    def respelt(self, message: str) -> str:
        """A message about the workflow in the words of the text."""
        return message

    @property
    def data(self) -> Data:
        """The document's values with the overrides laid over them."""
        return self._laid[0]

    @property
    def overrides(self) -> AbstractMapping[KeyPath, Data]:
        """Those that could be laid somewhere."""
        return self._laid[1]

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The overrides that could not."""
        return self._laid[2]

    @cached_property
    def _laid(self) -> tuple[Data, AbstractMapping[KeyPath, Data], tuple[Finding, ...]]:
        data = self._said()
        data = {} if data is None else _unshared(data) if self._given else data
        laid: dict[KeyPath, Data] = {}
        problems: list[Finding] = []
        for key, value in self._given.items():
            path = _laid(data, key, value)
            if isinstance(path, Finding):
                problems.append(path)
            else:
                laid[path] = value
        return data, laid, tuple(problems)

    def _said(self) -> Data:
        return self.document.data()

    @cached_property
    def violations(self) -> tuple[Violation, ...]:
        """What `data` does against the schema."""
        return tuple(_violations(self.schema, self.data, self._known_sound))

    @cached_property
    def sound(self) -> AbstractMapping[int, Data]:
        """The sources without a violation, by the identity of their values.

        That stays the same as long as their text does.
        """
        return {} if self._given else _sound(self.data, self.violations)

    @cached_property
    def _wrong(self) -> frozenset[KeyPath]:
        return frozenset(
            v.path[:length]
            for v in self.violations
            if v.keyword not in {"required", "additionalProperties"}
            for length in range(len(v.path) + 1)
        )

    def without_file(self) -> Reading:
        """What the command line alone says."""
        return Reading(parse(""), self.schema, self._given, {})

    def overridden(self, path: KeyPath) -> bool:
        """Whether the value at `path`, or some of it, comes from the command line."""
        if not path or any(path[: len(o)] == o for o in self.overrides):
            return bool(path)
        return (
            any(o[: len(path)] == path for o in self.overrides) and self._entry_span(path) is None
        )

    def value_span(self, path: KeyPath) -> Span:
        """Where the value at `path` stands in the file, or else the key of its nearest parent."""
        return self.document.span_of(path)

    def key_span(self, path: KeyPath) -> Span:
        """Where the key at `path` stands, or else that of its nearest parent in the file.

        Of the whole workflow it is the first line.
        """
        for length in range(len(path), 0, -1):
            if span := self._entry_span(path[:length]):
                return span
        text = self.document.text
        end = text.find("\n")
        return Span(0, len(text[: len(text) if end < 0 else end].rstrip("\r")))

    def wrong(self, path: KeyPath) -> bool:
        """Whether the value at `path`, or one in it, breaks the schema not by keys alone."""
        return path in self._wrong

    def scalar(self, path: KeyPath) -> Scalar | None:
        """The scalar in the file that gives the value at `path`, None where something else does."""
        if self.overridden(path):
            return None
        node = self.document.node_at(path)
        return node if isinstance(node, Scalar) else None

    def inserted_behind(self, path: KeyPath, written: str) -> Fix | None:
        """The change that writes an entry behind the one at `path`, whose value is a scalar."""
        scalar, entry = self.scalar(path), self.document.entry_at(path)
        owner = self.document.node_at(path[:-1])
        if scalar is None or entry is None or not isinstance(owner, Mapping):
            return None
        _, column = self.document.lines.position(entry.key.span.start)
        end = "\r\n" if "\r\n" in self.document.text else "\n"
        lead = ", " if owner.flow else end + " " * column
        edit = Edit(Span(scalar.span.end, scalar.span.end), lead + written)
        return Fix(f"Write `{written}`", (edit,))

    def _entry_span(self, path: KeyPath) -> Span | None:
        if isinstance(path[-1], str):
            entry = self.document.entry_at(path)
            return entry.key.span if entry else None
        node = self.document.node_at(path)
        return first_of(node) if node else None


_NOTHING_SOUND: AbstractMapping[int, Data] = MappingProxyType({})


def read(
    document: Document,
    schema: Schema,
    overrides: AbstractMapping[str, Data],
    sound: AbstractMapping[int, Data] = _NOTHING_SOUND,
) -> Reading:
    """The document with `overrides`, by dotted key, laid over its values.

    `sound` is that of an earlier reading, whose sources need not be looked at again.
    """
    return Reading(document, schema, overrides, sound)


def _violations(
    schema: Schema, data: Data, sound: AbstractMapping[int, Data]
) -> Iterator[Violation]:
    """As of the whole; validated without the sources that are known to be sound."""
    kept: dict[KeyPath, list[int]] = {}
    lists: dict[str, Data] = {}
    for path, items in _sources(data):
        doubtful = [i for i, item in enumerate(items) if id(item) not in sound]
        # An empty list may be a violation of its own.
        kept[path] = doubtful or [0]
        lists[str(path[-1])] = [items[i] for i in kept[path]]
    slim: Data = data
    if lists and isinstance(data, dict):
        section: Data = {**cast("dict[str, Data]", data["data"]), **lists}
        whole: dict[str, Data] = {**data, "data": section}
        slim = whole
    for violation in schema.violations(slim):
        path = violation.path
        if len(path) > _DEPTH and path[:_DEPTH] in kept:
            index = kept[path[:_DEPTH]][cast(int, path[_DEPTH])]
            path = (*path[:_DEPTH], index, *path[_DEPTH + 1 :])
            violation = replace(violation, path=path)
        yield violation


_DEPTH = 2
"""How long the paths of lists of sources are."""


def _sources(data: Data) -> Iterator[tuple[KeyPath, list[Data]]]:
    section = data.get("data") if isinstance(data, dict) else None
    for path in SOURCES:
        items = section.get(str(path[-1])) if isinstance(section, dict) else None
        if isinstance(items, list) and items:
            yield path, items


def _sound(data: Data, violations: tuple[Violation, ...]) -> dict[int, Data]:
    """Scalars have no identity of their own."""
    broken = {v.path[: _DEPTH + 1] for v in violations}
    return {
        id(item): item
        for path, items in _sources(data)
        for i, item in enumerate(items)
        if isinstance(item, dict) and (*path, i) not in broken
    }


def located(finding: Finding, reading: Reading) -> Finding:
    """`finding` as it is, or, where it is about a value from the command line, saying so."""
    if not finding.path:
        return finding
    path = parse_dotted(finding.path)
    if not reading.overridden(path):
        return finding
    return replace(
        finding, message=f"{finding.message}{FROM_COMMAND_LINE}", span=_START, fix=None, related=()
    )


def as_text(value: Data) -> str:
    """A value from the command line as one writes it there."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _laid(data: Data, key: str, value: Data) -> KeyPath | Finding:
    """The path at which `value` now lies, or why it could not be laid there."""
    try:
        path = parse_dotted(key)
        _lay(data, path, value)
    except ValueError as error:
        return Finding("unknown-key", f"`--set {key}`: {error}", _START)
    return path


def _unshared(data: Data) -> Data:
    """A copy in which what an alias repeats is there twice, so that one of the two can change."""
    if isinstance(data, dict):
        return {key: _unshared(value) for key, value in data.items()}
    return [_unshared(value) for value in data] if isinstance(data, list) else data


def _lay(data: Data, path: KeyPath, value: Data) -> None:
    """Puts `value` at `path`, making the objects on the way.

    Raises:
        ValueError: there is no place for it.
    """
    if not path:
        raise ValueError("it names no key")
    at = data
    for index, step in enumerate(path):
        where = dotted(path[:index]) or "the workflow"
        last = index == len(path) - 1
        if isinstance(step, int):
            items = cast("list[Data]", at)
            if not isinstance(at, list):
                raise ValueError(f"`{where}` is no list")
            if step >= len(items):
                count = "1 item" if len(items) == 1 else f"{len(items)} items"
                raise ValueError(f"`{where}` has {count}, and the first one is [0]")
            if last:
                items[step] = value
            elif items[step] is None:
                items[step] = {}
            at = items[step]
        else:
            if not isinstance(at, dict):
                raise ValueError(f"`{where}` holds no keys")
            keys = cast("dict[str, Data]", at)
            if last:
                keys[step] = value
            elif keys.get(step) is None:
                keys[step] = {}
            at = keys[step]


def first_of(node: Node) -> Span:
    """The first key of a mapping, the first line of anything else."""
    if isinstance(node, Mapping) and node.entries:
        return node.entries[0].key.span
    if isinstance(node, Sequence) and node.items:
        return node.items[0].span
    return node.span
