"""Column names inside the braces of a template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pitchpipe.checks.wording import flow
from pitchpipe.facts import TableFact
from pitchpipe.ide.items import CompletionItem
from pitchpipe.ide.slots import Slot
from pitchpipe.ide.slots.words import length
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.keypath import KeyPath
from pitchpipe.span import Span

_TEMPLATES = {"prompt_template", "completion_template", "text_template"}
_WORD = re.compile(r"\w*")
_LONGEST = 100  # code points of a column's name before the cursor


@dataclass(frozen=True, slots=True)
class KnownColumn:
    """A column of the data; `detail` says what is in it."""

    name: str
    detail: str


def columns(snapshot: Snapshot, source: KeyPath | None = None) -> Iterator[KnownColumn]:
    """The columns of all sources, or of the one at a path, each name once."""
    told = set[str]()
    for found, _, table in snapshot.context.files():
        if source is not None and found.path.path[:3] != source:
            continue
        if isinstance(table, TableFact):
            for column in table.columns:
                if column.name not in told:
                    told.add(column.name)
                    yield KnownColumn(column.name, " or ".join(column.types))


def columns_in_braces(
    snapshot: Snapshot, slot: Slot, offset: int
) -> tuple[Span, tuple[CompletionItem, ...]] | None:
    """The span from behind the `{` and what could be written there; None outside of braces."""
    path = snapshot.reading.native(slot.path)
    if not path or path[0] != "data" or path[-1] not in _TEMPLATES:
        return None
    text = snapshot.text
    if slot.flow and slot.kind == "key":
        return _quoted(snapshot, slot)
    if slot.flow and not slot.quote:
        return None
    begin = max(text.rfind("\n", 0, offset) + 1, offset - _LONGEST)
    if slot.kind != "text":
        begin = max(begin, slot.replace.start)
    brace = text.rfind("{", begin, offset)
    if brace == -1 or "}" in text[brace:offset]:
        return None
    if (len(text[begin:brace]) - len(text[begin:brace].rstrip("{"))) % 2:
        return None  # an escaped brace
    end = offset
    while end < len(text) and text[end] not in "{}\r\n'\"":
        end += 1
    closed = text[end : end + 1] == "}"
    if not closed:
        end = offset + length(_WORD.match(text, offset)) if offset > brace + 1 else offset
    span = Span(brace + 1, end)
    items = tuple(
        CompletionItem(c.name, "column", c.name if closed else c.name + "}", c.detail)
        for c in columns(snapshot)
    )
    return span, items


def _quoted(snapshot: Snapshot, slot: Slot) -> tuple[Span, tuple[CompletionItem, ...]] | None:
    """In quotes, without which a template that begins with a brace is a mapping."""
    text, (start, end) = snapshot.text, slot.replace
    if start == 0 or text[start - 1] != "{":
        return None
    span = Span(start - 1, end + text.startswith("}", end))
    return span, tuple(
        CompletionItem(c.name, "column", flow(f"{{{c.name}}}"), c.detail, filter=f"{{{c.name}")
        for c in columns(snapshot)
    )
