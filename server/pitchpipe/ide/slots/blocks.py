"""The slot on a line of a block, by the columns of what is open above it."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace

from pitchpipe.document import Document
from pitchpipe.ide.slots.slot import Slot, SlotKind
from pitchpipe.ide.slots.texts import BLOCK, block_text
from pitchpipe.ide.slots.words import (
    KEY,
    PROPERTY,
    key_end,
    length,
    line_end,
    plain_end,
    unquoted,
)
from pitchpipe.keypath import KeyPath
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Entry, Mapping, Node, Scalar, Sequence, Style

_DASHES = re.compile(r"(?:- +|-(?=\Z))*")
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_NO_VALUE = ("|", ">", "&", "!", "{", "[", "'", '"')
"""What a value begins with that has yet to be named, or has ended before the cursor."""
_MARKER = re.compile(r"(?:---|\.\.\.)[ \t]")
_ELSEWHERE = re.compile(r"[ \t]+[^\s#]|-(?=\s|\Z)")
"""Behind the cursor: something that begins in another column, or an item's dash."""
_NO_WORD = frozenset("#|>%@`?")


@dataclass(frozen=True, slots=True)
class _Level:
    """A key with its value, or an item of a list, that is open at the end of a line.

    `column` is that of the key or the dash, `path` that of the value.
    """

    column: int
    path: KeyPath
    value: Node
    dash: bool


def slot(document: Document, offset: int, start: int, before: str) -> Slot | None:
    """What could be written at `offset`, on a line that begins at `start` with `before`."""
    bom = before.startswith("\ufeff")
    start, before = start + bom, before[bom:]
    content = before.lstrip(" ")
    if content.startswith(("\t", "--", "..")) or _MARKER.match(before):
        return None
    column = len(before) - len(content)
    dashes = length(_DASHES.match(content))
    levels = _open_above(document, start)
    inner = levels[-1] if levels and levels[-1].column < column else None
    begun = inner and _text_above(document, inner, start, offset)
    if inner and begun is not None:
        return block_text(document, inner.path, Span(begun, offset), offset)
    for dash in re.finditer("-", content[:dashes]):
        entered = _with_item(document, levels, column + dash.start(), start)
        if entered is None:
            return None
        levels = entered
    word = column + dashes
    beside = None if dashes else _list_beside(document, levels, column, start)
    if not dashes:
        entered = _with_key(document, levels, word, start)
        if entered is None:
            return None
        levels = entered
    parent = levels[-1] if levels else None
    key = KEY.match(before[word:])
    if key:
        return _value(document, offset, start + word, key, parent)
    if before[word : word + 1] in _NO_WORD and word < len(before):
        return None
    if word == len(before) and _ELSEWHERE.match(document.text, offset):
        return None
    found = _word(document, offset, start + word, word, parent, start, dashed=dashes > 0)
    if beside is None or found.colon:
        return found
    wanted = not _filled(beside, start) or _dash_below(document, offset, column)
    return replace(found, list=beside.path, list_first=wanted)


def _text_above(document: Document, level: _Level, start: int, offset: int) -> int | None:
    """Where the text begins that a deeper line at `start` goes on with; None where none does."""
    value = level.value
    if not isinstance(value, Scalar) or not _filled(level, start):
        return None
    if value.style in BLOCK:
        return document.text.index("\n", value.span.start) + 1
    goes_on = value.style is Style.PLAIN and document.text[start:offset].strip()
    return value.span.start if goes_on else None


def _value(
    document: Document, offset: int, at: int, key: re.Match[str], parent: _Level | None
) -> Slot | None:
    """The slot behind `key:`, which begins at `at`."""
    text = document.text
    path = (*(parent.path if parent else ()), unquoted(key["key"]))
    column = document.lines.position(at)[1]
    begin = at + key.end()
    begin += length(PROPERTY.match(text, begin))
    rest = text[begin : line_end(text, begin)].lstrip(" \t")
    if begin > offset or text[begin:offset].startswith(_NO_VALUE) or rest.startswith(("|", ">")):
        return None
    end = max(plain_end(text, begin, line_end(text, offset)), offset)
    replace, insert = Span(begin, end), Span(begin, offset)
    gap = text[begin - 1] == ":"
    taken = _taken(document.node_at(path), at)
    return Slot("value", path, replace, insert, text[begin:offset], column, taken, gap=gap)


def _word(
    document: Document,
    offset: int,
    at: int,
    column: int,
    parent: _Level | None,
    start: int,
    *,
    dashed: bool,
) -> Slot:
    """The slot of the first word of a line, which begins at `at`."""
    path = parent.path if parent else ()
    end, colon = key_end(document.text, at, offset, line_end(document.text, offset))
    replace, insert = Span(at, max(end, offset)), Span(at, offset)
    owner = document.node_at(path) if path else document.root
    owner = owner and document.resolved(owner)
    kind: SlotKind = "key"
    if isinstance(owner, Mapping) and _has_keys_at(document, owner, column):
        kind = "key"
    elif parent and not _filled(parent, start):
        kind = "value" if dashed else "new"
    elif isinstance(owner, Sequence) and not dashed:
        kind = "item"
    written, taken = document.text[at:offset], _taken(owner, at)
    gap = dashed and document.text[at - 1] == "-"
    return Slot(kind, path, replace, insert, written, column, taken, colon=colon, gap=gap)


def _list_beside(
    document: Document, levels: list[_Level], column: int, start: int
) -> _Level | None:
    """The key at `column` whose list could go on there, or begin: its dashes are not indented."""
    at = next((i for i, level in enumerate(levels) if level.column == column), None)
    if at is None or levels[at].dash:
        return None
    value = document.resolved(levels[at].value)
    if not _filled(levels[at], start):
        return levels[at]
    dash = levels[at + 1] if at + 1 < len(levels) else None
    goes_on = isinstance(value, Sequence) and dash and dash.dash and dash.column == column
    return levels[at] if goes_on else None


def _dash_below(document: Document, offset: int, column: int) -> bool:
    """Whether the next line that says something begins with a dash at `column`."""
    for line in _LINES.finditer(document.text, line_end(document.text, offset)):
        said = line.group().strip("\r\n")
        if said.strip() and not said.lstrip().startswith("#"):
            return _DASHES.match(said, column) is not None and said[: column + 1].strip() == "-"
    return False


def _has_keys_at(document: Document, mapping: Mapping, column: int) -> bool:
    return any(document.lines.position(e.key.span.start)[1] == column for e in mapping.entries[:2])


def _taken(owner: Node | None, at: int) -> frozenset[str]:
    if not isinstance(owner, Mapping):
        return frozenset()
    return frozenset(e.key.raw for e in owner.entries if e.key.span.start != at)


# What is open


def _open_above(document: Document, start: int) -> list[_Level]:
    """What is open at the end of the last line with content above the one at `start`."""
    at = _last_content(document, start)
    found: list[_Level] = []
    node, path = document.root, ()
    while at is not None and isinstance(node, (Mapping, Sequence)) and not node.flow:
        parts = node.entries if isinstance(node, Mapping) else node.items
        index = bisect_right(parts, at, key=lambda part: part.span.start) - 1
        if index < 0:
            break
        part = parts[index]
        if isinstance(part, Entry):
            path = (*path, part.key.raw)
            column = _key_column(document, part)
            node = part.value
        else:
            path = (*path, index)
            column = _dash_column(document, part)
            node = part
        found.append(_Level(column, path, node, dash=not isinstance(part, Entry)))
    return found


def _key_column(document: Document, entry: Entry) -> int:
    """The column of a key, or of the `?` in front of it."""
    column = document.lines.position(entry.key.span.start)[1]
    before = document.text[entry.key.span.start - column : entry.key.span.start].rstrip()
    return len(before) - 1 if before.endswith("?") else column


def _dash_column(document: Document, item: Node) -> int:
    """The column of the dash in front of an item; an empty one begins right behind it."""
    dash = document.text.rfind("-", 0, max(item.span.start, 1))
    return document.lines.position(dash)[1]


def _last_content(document: Document, start: int) -> int | None:
    """The offset of the end of the last line before `start` that says something."""
    starts = document.lines.starts
    end = start
    for number in range(document.lines.position(start)[0] - 1, -1, -1):
        line = document.text[starts[number] : end]
        said = line.strip()
        if said and not said.startswith("#") and said not in {"---", "..."}:
            return starts[number] + len(line.rstrip())
        end = starts[number]
    return None


def _with_key(
    document: Document, levels: list[_Level], column: int, start: int
) -> list[_Level] | None:
    """What is open around a key that begins at `column`; None where none may begin there."""
    kept = list(levels)
    popped: _Level | None = None
    while kept and kept[-1].column >= column:
        popped = kept.pop()
    if popped is None:
        return _beside_first(document, kept, column, start)
    if popped.column == column:
        return kept
    # Between the columns of what is open: only for a key whose value has yet to be written.
    return kept if kept and not _filled(kept[-1], start) else None


def _beside_first(
    document: Document, kept: list[_Level], column: int, start: int
) -> list[_Level] | None:
    """Deeper than all that is open: below an empty key, or beside the first key behind a dash."""
    if not kept or not _filled(kept[-1], start):
        return kept
    value = document.resolved(kept[-1].value)
    if isinstance(value, Mapping) and value.entries:
        first = document.lines.position(value.entries[0].key.span.start)[1]
        return kept if first == column else None
    return None


def _with_item(
    document: Document, levels: list[_Level], column: int, start: int
) -> list[_Level] | None:
    """What is open with a new item whose dash is at `column`, last; None where none may be."""
    kept = list(levels)
    popped: _Level | None = None
    while kept and kept[-1].column > column:
        popped = kept.pop()
    empty = Scalar(Span(start, start), None, "", Style.PLAIN)
    last = kept[-1] if kept else None
    if last and last.column == column and last.dash:
        index = last.path[-1]
        assert isinstance(index, int)
        return [*kept[:-1], _Level(column, (*last.path[:-1], index + 1), empty, dash=True)]
    if popped and popped.dash:
        return None
    if last is None:
        return None if popped else [_Level(column, (0,), empty, dash=True)]
    if _filled(last, start) and not isinstance(document.resolved(last.value), Sequence):
        return None
    return [*kept, _Level(column, (*last.path, 0), empty, dash=True)]


def _filled(level: _Level, start: int) -> bool:
    """Whether a key or dash has a value that begins before the line at `start`."""
    value = level.value
    if isinstance(value, Scalar) and not value.raw and value.style is Style.PLAIN:
        return False
    return value.span.start < start
