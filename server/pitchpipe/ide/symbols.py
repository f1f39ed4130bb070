"""An outline of a document, and a search through the outlines of several."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pitchpipe import amounts
from pitchpipe.ide.items import Symbol, SymbolKind
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.ide.streams import documents
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Alias, Broken, Mapping, Node, Scalar, Sequence

_LONGEST = 60  # code points of a value
_MOST_FOUND = 500
_DEEPEST = 40
_INDEX = re.compile(r"\[\d+\]\Z")


@dataclass(frozen=True, slots=True)
class Found:
    """A symbol of the document at `path` that a search came upon. `section` is the keys above."""

    path: str
    section: str
    symbol: Symbol


def symbols(snapshot: Snapshot) -> tuple[Symbol, ...]:
    """The keys of all documents with those below them; values stand in the details."""
    roots = (document.root for document in documents(snapshot))
    return tuple(symbol for root in roots if root is not None for symbol in _inside(root, 0))


def search(snapshots: Iterable[Snapshot], query: str) -> list[Found]:
    """The symbols whose dotted key or value has the letters of `query` in that order.

    Those that have them in one piece come first; "" finds everything.
    """
    wanted = query.strip().lower()
    ranked: list[tuple[int, Found]] = []
    for snapshot in snapshots:
        for section, symbol in _flat(symbols(snapshot), ""):
            key = _joined(section, symbol.name)
            rank = _rank(wanted, symbol.name, key, symbol.detail)
            if rank is not None:
                found = Found(snapshot.analysis.path, section, replace(symbol, children=()))
                ranked.append((rank, found))
    ranked.sort(key=lambda pair: pair[0])
    return [found for _, found in ranked[:_MOST_FOUND]]


def _inside(node: Node, depth: int) -> Iterator[Symbol]:
    if depth > _DEEPEST:
        return
    if isinstance(node, Mapping):
        for entry in node.entries:
            name = entry.key.raw if entry.key.raw.strip() else "(no key)"
            yield _symbol(name, entry.value, entry.span, entry.key.span, depth)
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield _symbol(f"[{index}]", item, item.span, _first(item), depth)


def _symbol(name: str, value: Node, span: Span, selection: Span, depth: int) -> Symbol:
    children = tuple(_inside(value, depth + 1))
    return Symbol(name, _detail(value), _kind(value), span, selection, children)


def _first(item: Node) -> Span:
    """The beginning of an item: its first key, or all of it where it is no section."""
    if isinstance(item, Mapping) and item.entries:
        return item.entries[0].key.span
    return item.span


def _detail(node: Node) -> str:
    if isinstance(node, Scalar):
        return _short(node.raw)
    if isinstance(node, Alias):
        return f"*{node.name}"
    if isinstance(node, Broken):
        return _short(node.raw)
    if isinstance(node, Mapping):
        return ""
    if node.items and all(isinstance(item, (Scalar, Alias)) for item in node.items):
        return _short(", ".join(map(_detail, node.items[:_LONGEST])))
    return amounts.plural(len(node.items), "item")


def _short(text: str) -> str:
    line = " ".join(text[: _LONGEST * 4].split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _kind(node: Node) -> SymbolKind:
    if isinstance(node, Mapping):
        return "section"
    if isinstance(node, Sequence):
        return "list"
    if not isinstance(node, Scalar):
        return "key"
    if node.value is None:
        return "null"
    if isinstance(node.value, bool):
        return "boolean"
    return "string" if isinstance(node.value, str) else "number"


def _flat(outline: Iterable[Symbol], section: str) -> Iterator[tuple[str, Symbol]]:
    for symbol in outline:
        yield section, symbol
        yield from _flat(symbol.children, _joined(section, symbol.name))


def _joined(section: str, name: str) -> str:
    return f"{section}.{name}" if section and not _INDEX.match(name) else section + name


def _rank(wanted: str, name: str, key: str, detail: str) -> int | None:
    """How well it fits, 0 best; None where it doesn't."""
    if not wanted or name.lower().startswith(wanted):
        return 0
    if wanted in key.lower():
        return 1
    if wanted in detail.lower():
        return 2
    letters = iter(key.lower())
    return 3 if all(letter in letters for letter in wanted) else None
