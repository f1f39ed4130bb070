"""Values of one key: what the schema lists, and what the world has to choose from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Set
from dataclasses import replace
from typing import Any

from pitchpipe.checks.wording import flow
from pitchpipe.formats import PARTS
from pitchpipe.ide.completion import files, modules, names
from pitchpipe.ide.completion.templates import columns
from pitchpipe.ide.items import CompletionItem
from pitchpipe.ide.slots import Slot
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.keypath import KeyPath, dotted
from pitchpipe.schema import Rule
from pitchpipe.syntax.nodes import Mapping, Node, Scalar, Sequence

Provider = Callable[[Snapshot, Slot], Iterator[CompletionItem]]

_INDEX = re.compile(r"\[\d+\]")


def values(snapshot: Snapshot, slot: Slot, lead: str = "") -> Iterator[CompletionItem]:
    """What may stand at the slot; behind `lead` where it needs something before it."""
    item = slot.kind == "item" or bool(lead)
    path = (*slot.path, 0) if item else slot.path
    meant = snapshot.reading.native(path) or ()
    provider = _PROVIDERS.get(_INDEX.sub("[]", dotted(meant)))
    rule = snapshot.schema.at(path)
    listed = _listed(rule or {}, path, slot.quote)
    # A foreign key may take words that the workflow's doesn't.
    found = provider(snapshot, replace(slot, path=meant)) if provider else listed
    if provider and snapshot.is_foreign and (rule or {}).get("enum"):
        found = (*listed, *found)
    if snapshot.client.schema_elsewhere:
        theirs = {one.label for one in listed}
        found = (one for one in found if one.label not in theirs) if provider else iter(())
    there = _beside(snapshot, slot) if path and isinstance(path[-1], int) else frozenset[str]()
    for one in found:
        if one.label not in there and not (slot.quote in {"'", "|"} and "\\" in one.text):
            yield _quoted(one, slot, lead)


def _beside(snapshot: Snapshot, slot: Slot) -> frozenset[str]:
    """The values that the list has beside the one at the cursor."""
    path = slot.path[:-1] if isinstance(slot.path[-1], int) else slot.path
    node = snapshot.document.node_at(path)
    if not isinstance(node, Sequence):
        return frozenset()
    return frozenset(
        item.raw
        for item in node.items
        if isinstance(item, Scalar) and not item.span.start <= slot.replace.start <= item.span.end
    )


def aliases(
    snapshot: Snapshot, slot: Slot, types: Set[str] = frozenset()
) -> Iterator[CompletionItem]:
    """The anchors above the cursor, those first that name something of one of these types."""
    above = [
        (name, node) for at, name, node in snapshot.document.anchors if at < slot.replace.start
    ]
    for name, node in sorted(above, key=lambda named: not _fits(named[1], types)):
        detail = flow(node.value) if isinstance(node, Scalar) else ""
        yield CompletionItem(f"*{name}", "anchor", f"*{name}", detail)


def _fits(node: Node, types: Set[str]) -> bool:
    if isinstance(node, Mapping):
        return "object" in types
    if isinstance(node, Sequence):
        return "array" in types
    return bool(types - {"object", "array"})


def merged(snapshot: Snapshot, slot: Slot) -> Iterator[CompletionItem]:
    """The sections above the cursor that a merge key (`<<`) could take in."""
    sections = {name for _, name, node in snapshot.document.anchors if isinstance(node, Mapping)}
    yield from (item for item in aliases(snapshot, slot) if item.label[1:] in sections)


def _listed(rule: Rule, path: KeyPath, quote: str) -> Iterator[CompletionItem]:
    """The default first, then the values that the schema names; in quotes those that are texts."""
    types: str | list[str] = rule.get("type", [])
    types = [types] if isinstance(types, str) else types
    choices: list[Any] = list(rule.get("enum", ()))
    if "boolean" in types:
        choices += [True, False]
    if not choices:
        choices = [e for e in rule.get("examples", ()) if not isinstance(e, (list, dict))]
    if "null" in types and None not in choices:
        choices.append(None)
    default = rule.get("default", _NOTHING)
    if isinstance(default, (str, int, float)) and default not in choices:
        choices.insert(0, default)
    if quote:
        choices = [choice for choice in choices if isinstance(choice, str)]
    for choice in sorted(choices, key=lambda choice: not _same(choice, default)):
        is_default = _same(choice, default)
        yield CompletionItem(
            flow(choice),
            "value" if "enum" not in rule else "keyword",
            flow(choice),
            "default" if is_default else "",
            key=f"value:{dotted(path)}\n{flow(choice)}",
            preselect=is_default,
        )


_NOTHING: Any = object()


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def _quoted(item: CompletionItem, slot: Slot, lead: str) -> CompletionItem:
    """The item for where it goes: inside quotes without its own, in flow style with them."""
    text = item.text
    if slot.quote:
        text = _unquoted(text)
        text = text.replace("'", "''") if slot.quote == "'" else text
    elif slot.flow and any(c in text for c in ",[]{}") and text[:1] not in {'"', "'"}:
        text = f'"{text}"'
    if text == item.text and not lead:
        return item
    return CompletionItem(
        item.label,
        item.kind,
        lead + text,
        item.detail,
        item.key,
        item.snippet,
        item.label,
        item.preselect,
        item.retrigger,
    )


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _stratified(snapshot: Snapshot, slot: Slot) -> Iterator[CompletionItem]:
    yield from (CompletionItem(c.name, "column", flow(c.name), c.detail) for c in columns(snapshot))


def _source_columns(snapshot: Snapshot, slot: Slot) -> Iterator[CompletionItem]:
    index = next((step for step in slot.path if isinstance(step, int)), 0)
    yield from (
        CompletionItem(c.name, "column", flow(c.name), c.detail)
        for c in columns(snapshot, (*slot.path[:2], index))
    )


_PROVIDERS: dict[str, Provider] = {
    "model.name_or_path": names.models,
    "compute.target": names.devices,
    "method.target_modules": modules.choices,
    "method.target_modules[]": modules.names,
    "method.exclude_modules[]": modules.names,
    "method.modules_to_save[]": modules.saved,
    "data.stratify_by": _stratified,
    **{
        f"data.{role}[].{key}": provider
        for role in ("train", "eval", "test")
        for key, provider in (
            ("path", files.data),
            ("split", names.splits),
            *((f"columns.{part}", _source_columns) for part in PARTS),
        )
    },
}
