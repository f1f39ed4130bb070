"""Names that the world knows: models, devices, splits, metrics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pitchpipe import published
from pitchpipe.ide.completion import files
from pitchpipe.ide.items import CompletionItem
from pitchpipe.ide.slots import Slot
from pitchpipe.ide.snapshot import Snapshot

_COUNT = re.compile(r"[0-9]+ ?x +")
_SPLITS = ("train", "train[:90%]", "train[90%:]", "train[:1000]", "validation", "test")


def models(snapshot: Snapshot, slot: Slot) -> Iterator[CompletionItem]:
    """Local folders, what lies in the hub's cache, and published models."""
    yield from files.folders(snapshot, slot.written)
    for name in snapshot.world.models():
        yield CompletionItem(name, "model", name, "on this machine", key=f"model:{name}")
    yield from _published(snapshot.world.published())


def devices(snapshot: Snapshot, slot: Slot) -> Iterator[CompletionItem]:
    """The devices whose memory and speed are known, as many of each as are written."""
    count = _COUNT.match(slot.written)
    several = count.group() if count else ""
    for device in published.devices(snapshot.context.facts.devices()):
        size = f"{device.memory // 2**30} GiB"
        name = f"{several}{device.name}"
        yield CompletionItem(name, "value", name, size)


def splits(snapshot: Snapshot, slot: Slot) -> Iterator[CompletionItem]:
    """Usual slices. A file has the split `train` alone."""
    source = snapshot.reading.place((*slot.path[:-1], "path"))
    from_file = source is not None and snapshot.document.node_at(source) is not None
    for split in _SPLITS:
        if not from_file or split.startswith("train"):
            yield CompletionItem(split, "value", f'"{split}"' if "[" in split else split)


_made: list[tuple[Mapping[str, Any], tuple[CompletionItem, ...]]] = []
"""The items of the table that was asked for last: the table is one object as long as it lives."""


def _published(table: Mapping[str, Any]) -> tuple[CompletionItem, ...]:
    if not _made or _made[0][0] is not table:
        _made[:] = [(table, tuple(_from(table)))]
    return _made[0][1]


def _from(table: Mapping[str, Any]) -> Iterator[CompletionItem]:
    for name, row in table.get("models", {}).items():
        shape: Mapping[str, Any] = table["shapes"][row["shape"]]
        size = _count(shape["parameters"])
        yield CompletionItem(
            name, "model", name, f"{size} · {shape['config']['model_type']}", key=f"model:{name}"
        )


def _count(parameters: int) -> str:
    if parameters >= 1e9:
        return f"{parameters / 1e9:.3g}B"
    return f"{parameters / 1e6:.3g}M"
