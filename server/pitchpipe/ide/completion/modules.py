"""Module names of the very model that the file names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pitchpipe.ide.items import CompletionItem
from pitchpipe.ide.slots import Slot
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.modules import ModelShape, ModuleGroup, Role
from pitchpipe.targets import PRESETS

_ADAPTABLE = {"linear", "conv1d", "convolution", "embedding"}
_LAST: tuple[Role, ...] = ("embedding", "head", "tower")
_TOLD = {"all-linear": "every linear layer but the head"}


def choices(snapshot: Snapshot, slot: Slot) -> Iterator[CompletionItem]:
    """What stands for many modules at once."""
    for name in ("all-linear", *PRESETS):
        yield CompletionItem(name, "keyword", name, _TOLD.get(name, "by role"))
    if not slot.quote and slot.kind == "value" and not slot.written:
        listed = ", ".join(one.label for one in _leaves(snapshot.context.shape(), 4))
        if listed:
            yield CompletionItem(f"[{listed}]", "value", f"[{listed}]", "modules of this model")


def names(snapshot: Snapshot, slot: Slot) -> Iterator[CompletionItem]:
    """The modules that an adapter can go on."""
    yield from _leaves(snapshot.context.shape())


def patterns(snapshot: Snapshot, slot: Slot, lead: str) -> Iterator[CompletionItem]:
    """The same as keys, each of which gets a number of its own."""
    mark = "" if slot.colon else f"{slot.quote}: "
    for one in _leaves(snapshot.context.shape()):
        if one.label not in slot.taken:
            yield replace(one, text=f"{lead}{one.text}{mark}")


def saved(snapshot: Snapshot, slot: Slot) -> Iterator[CompletionItem]:
    """What is trained whole beside adapters: usually embedding and head."""
    shape = snapshot.context.shape()
    if shape is None:
        return
    told = set[str]()
    for group in shape.groups:
        wanted = group.role in {"embedding", "head", "norm"} and group.parameters
        if wanted and group.leaf not in told:
            told.add(group.leaf)
            yield _item(group)


def _leaves(shape: ModelShape | None, most: int | None = None) -> Iterator[CompletionItem]:
    if shape is None:
        return
    found: dict[str, ModuleGroup] = {}
    groups = [g for g in shape.groups if g.kind in _ADAPTABLE]
    for group in sorted(groups, key=lambda g: g.role in _LAST):
        if most is None or group.role in {"q", "k", "v", "qkv", "o"}:
            found.setdefault(group.leaf, group)
    yield from (_item(group) for group in list(found.values())[:most])


def _item(group: ModuleGroup) -> CompletionItem:
    sides = " × ".join(map(str, group.parameters[0].shape)) if group.parameters else ""
    where = f"{group.count} modules" if group.count > 1 else "1 module"
    detail = " · ".join(part for part in (_called(group.role), sides, where) if part)
    return CompletionItem(group.leaf, "module", group.leaf, detail, key=f"module:{group.leaf}")


def _called(role: Role) -> str:
    return {"q": "query", "k": "key", "v": "value", "o": "output"}.get(role, role)
