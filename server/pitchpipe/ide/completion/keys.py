"""Keys, with what has to stand behind them."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe import key_page
from pitchpipe.ide.completion.pointless import pointless
from pitchpipe.ide.items import CompletionItem
from pitchpipe.ide.slots import Slot
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.keypath import KeyPath, dotted
from pitchpipe.layout import Layout
from pitchpipe.schema import Rule, Schema

_IDLE = "not beside what is written here"


def key_items(
    snapshot: Snapshot, path: KeyPath, slot: Slot, layout: Layout, *, lead: str, deeper: str | None
) -> Iterator[CompletionItem]:
    """The keys that the section at `path` lacks, in the schema's order.

    Those it needs come first, and last those that what is written leaves nothing to do: whoever
    wants one of them may be about to change the other.

    `lead` goes before the key; lines below it begin with `deeper`, relative to the cursor's line;
    None: there are to be none.
    """
    schema = snapshot.schema
    needed = schema.required(path)
    idle = (
        frozenset[str]()
        if lead or snapshot.is_foreign
        else pointless(snapshot.document, schema, path)
    )
    keys = [key for key in schema.keys(path) if key not in slot.taken]
    mark = "" if slot.colon else slot.quote
    skeleton = _Skeleton(schema, layout, snapshot.client.snippets)
    for key in sorted(keys, key=lambda key: (key in idle, key not in needed)):
        inner = (*path, key)
        rule = schema.at(inner) or {}
        behind = "" if slot.colon else skeleton.behind(inner, deeper, flow=slot.flow)
        yield CompletionItem(
            key,
            "section" if schema.keys(inner) else "key",
            f"{lead}{key}{mark}{behind}",
            detail=_IDLE if key in idle else "needed" if key in needed else _detail(rule),
            key=f"key:{dotted(inner)}",
            snippet=snapshot.client.snippets and not slot.colon and "$" in behind,
            filter=key if lead else "",
            retrigger=not slot.colon,
        )


def _detail(rule: Rule) -> str:
    """Type, unit and default, short."""
    return key_page.facts(rule).replace("`", "")


class _Skeleton:
    """What follows a key: its colon, and the keys that its section can't do without."""

    def __init__(self, schema: Schema, layout: Layout, snippets: bool) -> None:
        self._schema = schema
        self._layout = layout
        self._snippets = snippets

    def behind(self, path: KeyPath, indent: str | None, *, flow: bool) -> str:
        """The text behind the key at `path`, whose own line is indented by `indent`.

        With None it stays on that line.
        """
        if flow:
            return self._in_flow(path)
        kind = self._kind(path)
        if kind == "scalar":
            return ": " + ("$0" if self._snippets else "")
        if indent is None:
            return ":"
        mark = "${1}" if self._snippets else ""
        return ":" + self._below(path, indent, mark)

    def _in_flow(self, path: KeyPath) -> str:
        kind = self._kind(path)
        inside = "$0" if self._snippets else ""
        return {
            "section": f": {{{inside}}}",
            "list": f": [{inside}]",
            "scalar": f": {inside}",
        }[kind]

    def _below(self, path: KeyPath, indent: str, mark: str) -> str:
        """The lines below a section's or list's key, up to where the cursor is to stand."""
        kind = self._kind(path)
        if kind == "list":
            column = indent + " " * self._layout.dash
            return f"\n{column}- " + self._first((*path, 0), column + "  ", mark)
        column = indent + " " * self._layout.unit
        return f"\n{column}" + self._first(path, column, mark)

    def _first(self, path: KeyPath, indent: str, mark: str) -> str:
        """The first key of a section that it needs, or that its example names."""
        key = next(iter(self._schema.required(path)), None) or self._exemplary(path)
        if key is None:
            return mark
        inner = (*path, key)
        if self._kind(inner) == "scalar":
            return f"{key}: {mark}"
        return f"{key}:" + self._below(inner, indent, mark)

    def _exemplary(self, path: KeyPath) -> str | None:
        """The key that the example of a list's items begins with."""
        if not path or not isinstance(path[-1], int):
            return None
        rule = self._schema.at(path[:-1]) or {}
        for example in rule.get("examples", ()):
            if example and isinstance(example[0], dict):
                return str(next(iter(example[0])))
        return None

    def _kind(self, path: KeyPath) -> str:
        if self._schema.keys(path):
            return "section"
        return "list" if self._schema.keys((*path, 0)) else "scalar"
