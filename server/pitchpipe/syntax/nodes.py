"""The syntax tree. Both readers build it: the strict one (libyaml) and the tolerant one (lines and indentation)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from pitchpipe.span import Span


class Style(Enum):
    """How a scalar is written."""

    PLAIN = "plain"
    SINGLE = "single"
    DOUBLE = "double"
    LITERAL = "literal"
    FOLDED = "folded"


Data: TypeAlias = "None | bool | int | float | str | list[Data] | dict[str, Data]"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf. `raw` is its content as a string after unfolding and unescaping; `value` is `raw` resolved by YAML 1.2's
    core schema (quoted and block scalars are always strings). An empty value (`key:`) is a Scalar with raw "" and
    value None whose span is empty and stands right behind the `:` or `-`.
    """

    span: Span
    value: None | bool | int | float | str
    raw: str
    style: Style = Style.PLAIN
    tag: str | None = None
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key: value` of a mapping. `span` runs from the key's start to the value's end.

    `colon` is False where the tolerant reader met a half-typed key without its `:`.
    """

    span: Span
    key: Scalar
    value: Node
    colon: bool = True


@dataclass(frozen=True, slots=True)
class Mapping:
    """Entries in the order written, duplicates included. `flow` tells `{…}` from a block."""

    span: Span
    entries: tuple[Entry, ...]
    flow: bool = False
    tag: str | None = None
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class Sequence:
    """Items in the order written. `flow` tells `[…]` from a block."""

    span: Span
    items: tuple[Node, ...]
    flow: bool = False
    tag: str | None = None
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class Alias:
    """`*name`; what it stands for is found by `Document.resolved`."""

    span: Span
    name: str


@dataclass(frozen=True, slots=True)
class Broken:
    """A stretch that the tolerant reader could not make sense of. The strict reader never makes one."""

    span: Span
    raw: str


Node: TypeAlias = "Scalar | Mapping | Sequence | Alias | Broken"
