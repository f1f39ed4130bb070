"""The syntax tree.

Both readers build it: the strict one (libyaml) and the tolerant one (lines and indentation).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pitchpipe.span import Span

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: object):
        return lambda decorator: decorator


_Class = TypeVar("_Class")


@dataclass_transform(frozen_default=True)
def _node(cls: type[_Class]) -> type[_Class]:
    """A dataclass that the type checker holds to be frozen.

    It isn't at run time: `frozen=True` makes each of a document's nodes four times as slow to
    create, and a document of 10,000 lines has 30,000 of them.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)


class Style(Enum):
    """How a scalar is written."""

    PLAIN = "plain"
    SINGLE = "single"
    DOUBLE = "double"
    LITERAL = "literal"
    FOLDED = "folded"


Data: TypeAlias = "bool | int | float | str | list[Data] | dict[str, Data] | None"


@_node
class Scalar:
    """A leaf.

    `raw` is its content as a string after unfolding and unescaping; `value` is `raw` resolved by
    YAML 1.2's core schema (quoted and block scalars are always strings). An empty value (`key:`) is
    a Scalar with raw "" and value None whose span is empty and stands right behind the `:` or `-`.

    `span` holds the content alone, with its quotes or its `|`, without tag and anchor; the span of
    a block scalar ends with its last line that isn't blank. `tag` is as written, the long form
    `tag:yaml.org,2002:str` as `!!str`.
    """

    span: Span
    value: bool | int | float | str | None
    raw: str
    style: Style = Style.PLAIN
    tag: str | None = None
    anchor: str | None = None


@_node
class Entry:
    """One `key: value` of a mapping. `span` runs from the key's start to the value's end.

    `colon` is False where there is no `:`, be it that the key is half-typed or that it needs none
    (`{key}`). A key that isn't a scalar (`[a]: b`) becomes a Scalar whose raw is its source text.
    """

    span: Span
    key: Scalar
    value: Node
    colon: bool = True


@_node
class Mapping:
    """Entries in the order written, duplicates included. `flow` tells `{…}` from a block.

    `kept` belongs to `syntax.values`, which keeps there what a collection comes to.
    """

    span: Span
    entries: tuple[Entry, ...]
    flow: bool = False
    tag: str | None = None
    anchor: str | None = None
    _origin: tuple[Mapping, int] | None = field(default=None, init=False, repr=False, compare=False)
    kept: Any = field(default=None, init=False, repr=False, compare=False)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Moves the entries of a moved mapping when they are first asked for."""
            if name != "entries":
                raise AttributeError(name)
            source, by = self._origin
            self.entries = tuple(moved_entry(entry, by) for entry in source.entries)
            return self.entries


@_node
class Sequence:
    """Items in the order written. `flow` tells `[…]` from a block; `kept` as in a mapping."""

    span: Span
    items: tuple[Node, ...]
    flow: bool = False
    tag: str | None = None
    anchor: str | None = None
    _origin: tuple[Sequence, int] | None = field(
        default=None, init=False, repr=False, compare=False
    )
    kept: Any = field(default=None, init=False, repr=False, compare=False)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Moves the items of a moved sequence when they are first asked for."""
            if name != "items":
                raise AttributeError(name)
            source, by = self._origin
            self.items = tuple(moved(item, by) for item in source.items)
            return self.items


@_node
class Alias:
    """`*name`; what it stands for is found by `Document.resolved`."""

    span: Span
    name: str


@_node
class Broken:
    """A stretch that the tolerant reader could not make sense of, or that is nested too deep.

    The strict reader never makes one.
    """

    span: Span
    raw: str


Node: TypeAlias = "Scalar | Mapping | Sequence | Alias | Broken"
_SomeNode = TypeVar("_SomeNode", bound="Scalar | Mapping | Sequence | Alias | Broken")


def moved(node: _SomeNode, by: int) -> _SomeNode:
    """The same node `by` code points further on.

    What is in a collection moves when somebody looks at it, so that a keystroke at the top of a
    document costs nothing for the parts below that nobody asks for.
    """
    if not by:
        return node
    there: Any = object.__new__(type(node))
    there.span = Span(node.span.start + by, node.span.end + by)
    if isinstance(node, Alias):
        there.name = node.name
    elif isinstance(node, Broken):
        there.raw = node.raw
    else:
        there.tag, there.anchor = node.tag, node.anchor
        if isinstance(node, Scalar):
            there.value, there.raw, there.style = node.value, node.raw, node.style
        else:
            there.flow = node.flow
            # Always from where it was read, or the chain would grow with each keystroke.
            source, before = node._origin or (node, 0)  # pyright: ignore[reportPrivateUsage]
            there._origin = (source, before + by)
    return there


def origin(node: Mapping | Sequence) -> tuple[Mapping | Sequence, int]:
    """The collection as it was read, which stays while its text does, and how far it has moved.

    Two nodes with the same origin hold the same text.
    """
    return node._origin or (node, 0)  # pyright: ignore[reportPrivateUsage]


def keep(node: Mapping | Sequence, what: Any) -> None:
    """Sets `kept`."""
    there: Any = node
    there.kept = what


def moved_entry(entry: Entry, by: int) -> Entry:
    """The same entry `by` code points further on."""
    if not by:
        return entry
    span = Span(entry.span.start + by, entry.span.end + by)
    return Entry(span, moved(entry.key, by), moved(entry.value, by), entry.colon)
