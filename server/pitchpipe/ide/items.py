"""The plain data that features answer with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pitchpipe.findings import Edit
from pitchpipe.span import Span

ItemKind = Literal[
    "key", "section", "value", "keyword", "model", "module", "file", "folder", "column", "anchor"
]
SymbolKind = Literal["section", "key", "string", "number", "boolean", "null", "list"]


@dataclass(frozen=True, slots=True)
class CompletionItem:
    """Something that could be written at the cursor.

    `text` replaces the list's span; a snippet in LSP's syntax where `snippet`. Its lines but the
    first are indented relative to the cursor's line. `filter` is what the typed word is compared
    with, "": the label. `detail` stands beside the label. What stands below it when the item is
    chosen is looked up by `key` (`completion.document`); "" where there is nothing. `retrigger`:
    there is more to choose behind it.
    """

    label: str
    kind: ItemKind
    text: str
    detail: str = ""
    key: str = ""
    snippet: bool = False
    filter: str = ""
    preselect: bool = False
    retrigger: bool = False


@dataclass(frozen=True, slots=True)
class Completions:
    """What could be written, in order; `insert` is the part of `replace` before the cursor.

    `indent` is what the cursor's line begins with.
    """

    replace: Span
    insert: Span
    indent: str
    items: tuple[CompletionItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Hover:
    """`text` is Markdown."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Hint:
    """A few words behind an offset. `key` finds the tooltip (`hints.tooltip`); "" is none."""

    offset: int
    label: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """Something that the server does when asked. `name` begins with `pitchpipe.`."""

    title: str
    name: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Lens:
    """A line of commands above a line; without a command, words alone."""

    span: Span
    title: str
    command: Command | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """A change on offer.

    `kind` is LSP's. `code` and `finding` name the finding that it mends, if any. `edits` None: they
    are found by `actions.resolve` with `key`.
    """

    title: str
    kind: str
    edits: tuple[Edit, ...] | None = None
    code: str = ""
    at: Span | None = None
    preferred: bool = False
    key: str = ""
    command: Command | None = None
    disabled: str = ""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A key or an item, with those in it. `selection` is the key's place."""

    name: str
    detail: str
    kind: SymbolKind
    span: Span
    selection: Span
    children: tuple[Symbol, ...] = ()


@dataclass(frozen=True, slots=True)
class Folding:
    """Lines, counted from 0, both ends included."""

    start_line: int
    end_line: int
    kind: Literal["comment", "region", ""] = ""


@dataclass(frozen=True, slots=True)
class Location:
    """`path` None: this document."""

    span: Span
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """`target` is an absolute path or a web address."""

    span: Span
    target: str
    tooltip: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """A stretch of one line with the name of its kind, one of `tokens.KINDS`."""

    span: Span
    kind: str
