"""What a reader makes of a stretch of text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pitchpipe.findings import Finding
from pitchpipe.syntax.nodes import Alias, Node

DEEPEST = 64
"""Levels of collections inside each other. Deeper ones are no workflow, but an attack or a slip."""


class Kind(Enum):
    """What the lines of a stretch are known to be from those around them."""

    MAPPING = "mapping"
    SEQUENCE = "sequence"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Reading:
    """A tree and what was met on the way, in the order of the text.

    `node` is None where there is nothing but comments. `anchors` are `(start, name, node)`: an
    anchor is known from `start`, where its content begins, so that a node can hold an alias of
    itself.
    """

    node: Node | None
    problems: tuple[Finding, ...] = ()
    anchors: tuple[tuple[int, str, Node], ...] = ()
    aliases: tuple[Alias, ...] = ()


@dataclass(frozen=True, slots=True)
class LooseReading:
    """What the tolerant reader makes of a stretch.

    `broken` says what keeps it from being YAML, in the order of the text; `open_at` is where a
    quote or bracket begins that isn't closed.
    """

    reading: Reading
    broken: tuple[Finding, ...] = ()
    open_at: int | None = None
