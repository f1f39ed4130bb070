"""From the slot at the cursor to the list of what fits there.

Nothing here validates or walks the file: the slot's path leads to the schema's rule, and the
neighbours that matter are asked for one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pitchpipe.ide.completion import modules, values
from pitchpipe.ide.completion.keys import key_items
from pitchpipe.ide.completion.templates import columns_in_braces
from pitchpipe.ide.items import CompletionItem, Completions
from pitchpipe.ide.slots import Slot, quoted_key, slot_at
from pitchpipe.ide.slots.words import line_end
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.ide.streams import of_cursor
from pitchpipe.keypath import KeyPath
from pitchpipe.layout import Layout, layout
from pitchpipe.schema import Rule
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Mapping, Sequence


def complete(snapshot: Snapshot, offset: int) -> Completions | None:
    """What could be written at `offset`; None where nothing can, as in comments."""
    snapshot = of_cursor(snapshot, offset)
    slot = slot_at(snapshot.document, offset)
    if slot is None:
        return None
    rule = snapshot.schema.at(slot.path)
    if (
        slot.quote in {"'", '"'}
        and slot.kind == "text"
        and rule is not None
        and _types(rule) == {"object"}
    ):
        slot = quoted_key(snapshot.document, slot)
    place = _Place(snapshot, slot, offset, layout(snapshot.text))
    if (found := columns_in_braces(snapshot, slot, offset)) is not None:
        span, items = found
        return Completions(span, Span(span.start, offset), place.indent, items)
    if len(snapshot.text[slot.replace.start : slot.replace.end].splitlines()) > 1:
        return None  # a text of several lines, of which an editor can't replace but one
    items = tuple(_behind_blank(item) if slot.gap else item for item in place.items())
    if snapshot.text.startswith("#", slot.replace.end):
        items = tuple(replace(item, text=f"{item.text} ") for item in items)
    if place.layout.newline != "\n":
        items = tuple(replace(i, text=i.text.replace("\n", place.layout.newline)) for i in items)
    return Completions(slot.replace, slot.insert, place.indent, items) if items else None


_BY_MODULE = {("method", "rank_pattern"), ("method", "alpha_pattern")}
"""Sections whose keys are modules of the model."""


def _behind_blank(item: CompletionItem) -> CompletionItem:
    if item.text.startswith("\n"):
        return item
    return replace(item, text=f" {item.text}", filter=item.filter or item.label)


@dataclass(frozen=True, slots=True)
class _Place:
    """A slot and what surrounds it."""

    snapshot: Snapshot
    slot: Slot
    offset: int
    layout: Layout

    @property
    def indent(self) -> str:
        """The blanks that the cursor's line begins with."""
        _, column = self.snapshot.document.lines.position(self.offset)
        line = self.snapshot.text[self.offset - column : self.offset]
        return line[: len(line) - len(line.lstrip(" "))]

    @property
    def deeper(self) -> str:
        """Of a further line that belongs to what is written at the slot, relative to `indent`."""
        return " " * max(0, self.slot.column - len(self.indent))

    @property
    def _commented(self) -> bool:
        """Whether a comment follows on the line, which belongs behind what is written there."""
        text, end = self.snapshot.text, self.slot.replace.end
        return not self.slot.flow and text[end : line_end(text, end)].lstrip().startswith("#")

    def items(self) -> Iterator[CompletionItem]:
        rule = self.snapshot.schema.at(self.slot.path)
        if self.slot.path[-1:] == ("<<",) or self.slot.path[-2:-1] == ("<<",):
            yield from values.merged(self.snapshot, self.slot)
            return
        if self.slot.written.startswith("*"):
            yield from values.aliases(self.snapshot, self.slot, _types(rule or {}))
            return
        if self.slot.kind == "key":
            beside = [] if self.slot.list is None else list(self._beside(self.slot.list))
            yield from beside if self.slot.list_first else ()
            yield from self._keys(self.slot.path)
            yield from self._merge()
            yield from () if self.slot.list_first else beside
        elif self.slot.kind == "text":
            yield from values.values(self.snapshot, self.slot)
        elif rule is not None and self.slot.kind == "item":
            yield from self._item("- ")
        elif rule is not None and self.slot.kind == "new":
            yield from self._new(rule)
        elif rule is not None:
            yield from self._value(rule)

    def _keys(
        self, path: KeyPath, lead: str = "", deeper: str | None = None
    ) -> Iterator[CompletionItem]:
        if self.snapshot.reading.native(path) in _BY_MODULE:
            yield from modules.patterns(self.snapshot, self.slot, lead)
        if self.snapshot.client.schema_elsewhere:
            return
        yield from key_items(
            self.snapshot,
            path,
            self.slot,
            self.layout,
            lead=lead,
            deeper=None if self._commented else self.deeper if deeper is None else deeper,
        )

    def _merge(self) -> Iterator[CompletionItem]:
        """The merge key, where an anchor above names a section."""
        slot = self.slot
        if slot.path and not slot.quote and not slot.colon and "<<" not in slot.taken:
            for one in values.merged(self.snapshot, slot):
                yield replace(one, label=f"<<: {one.label}", text=f"<<: {one.text}")

    def _beside(self, path: KeyPath) -> Iterator[CompletionItem]:
        """Items of a list where keys could be as well, told from them by their dash."""
        slot = replace(self.slot, kind="item", path=path, taken=frozenset(), list=None)
        for one in replace(self, slot=slot)._item("- "):
            matched = one.filter or one.label
            yield replace(one, label=f"- {one.label}", filter=matched, preselect=False)

    def _new(self, rule: Rule) -> Iterator[CompletionItem]:
        """Below a key that has no value yet."""
        if "object" in _types(rule):
            yield from self._keys(self.slot.path)
            yield from self._merge()
        if "array" in _types(rule):
            yield from self._item("- ")
        if not {"object", "array"} >= _types(rule):
            yield from values.values(self.snapshot, self.slot)

    def _item(self, dash: str) -> Iterator[CompletionItem]:
        """An item of the list at the slot, with its dash."""
        inner = (*self.slot.path, 0)  # any index will do for the schema
        rule = self.snapshot.schema.at(inner)
        if rule is None:
            return
        if "object" in _types(rule):
            found = self._keys(inner, dash, self.deeper + " " * len(dash))
        else:
            found = values.values(self.snapshot, self.slot, lead=dash)
        # A dash that has no blank behind it yet is a part of the word.
        typed = "-" if self.slot.written.startswith("-") else ""
        yield from (replace(one, filter=f"{typed}{one.filter}") if typed else one for one in found)

    def _value(self, rule: Rule) -> Iterator[CompletionItem]:
        """On the key's own line, behind a dash or in flow style."""
        types = _types(rule)
        slot = self.slot
        if "object" in types and isinstance(slot.path[-1], int) and not slot.flow:
            yield from self._keys(slot.path)
        elif "object" in types and not slot.flow:
            step = self._below(self.layout.unit)
            yield from self._keys(slot.path, f"\n{step}", step)
        elif "object" in types:
            yield from self._braces("{", "}")
        alone = not self._goes_on_below
        if alone and not {"object"} >= types:
            yield from values.values(self.snapshot, slot)
        if "array" in types and not slot.flow and not slot.written:
            yield from self._list_below(rule)
        if alone and "array" in types and "string" not in types:
            yield from self._list_of_one()
        if "array" in types and slot.flow and self._takes_sections((*slot.path, 0)):
            yield from self._braces("[{", "}]")

    @property
    def _goes_on_below(self) -> bool:
        """Whether the slot's key has its value on the next lines."""
        node = self.snapshot.document.node_at(self.slot.path)
        block = isinstance(node, (Mapping, Sequence)) and not node.flow
        return block and not self.slot.flow

    def _below(self, deeper: int) -> str:
        """What a line below the slot's key begins with; where some are there, as they do."""
        node = self.snapshot.document.node_at(self.slot.path)
        if not isinstance(node, (Mapping, Sequence)) or node.flow:
            return self.deeper + " " * deeper
        _, column = self.snapshot.document.lines.position(node.span.start)
        return " " * max(0, column - len(self.indent))

    def _list_below(self, rule: Rule) -> Iterator[CompletionItem]:
        """A list whose first dash stands on the next line."""
        inner = self.snapshot.schema.at((*self.slot.path, 0))
        if inner is not None and "object" in _types(inner):
            step = self._below(self.layout.dash)
            yield from self._keys((*self.slot.path, 0), f"\n{step}- ", step + "  ")

    def _list_of_one(self) -> Iterator[CompletionItem]:
        """Every value that an item of the list could have, in brackets."""
        inner = (*self.slot.path, 0)
        if self._takes_sections(inner):
            return
        for one in values.values(self.snapshot, replace(self.slot, path=inner)):
            yield replace(one, text=f"[{one.text}]", filter=one.label, preselect=False)

    def _takes_sections(self, path: KeyPath) -> bool:
        return "object" in _types(self.snapshot.schema.at(path) or {})

    def _braces(self, opening: str, closing: str) -> Iterator[CompletionItem]:
        """A section in flow style, with the cursor inside where the editor can."""
        if not self.snapshot.client.schema_elsewhere:
            text = f"{opening}{'$0' if self._snippets else ''}{closing}"
            yield CompletionItem(f"{opening}…{closing}", "section", text, snippet=self._snippets)

    @property
    def _snippets(self) -> bool:
        return self.snapshot.client.snippets


def _types(rule: Rule) -> set[str]:
    named: str | list[str] = rule.get("type", [])
    return {named} if isinstance(named, str) else set(named)
