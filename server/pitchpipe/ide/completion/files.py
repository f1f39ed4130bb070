"""Paths of data files and folders, as far as they have been typed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from pitchpipe.checks.wording import flow
from pitchpipe.ide.items import CompletionItem
from pitchpipe.ide.slots import Slot
from pitchpipe.ide.snapshot import Snapshot

ENDINGS = (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".arrow", ".txt")


def data(snapshot: Snapshot, slot: Slot) -> Iterator[CompletionItem]:
    """Data files, and folders to look into."""
    for path, is_folder in _below(snapshot, slot.written):
        if is_folder or path.lower().endswith(ENDINGS):
            yield _item(path, is_folder=is_folder)


def folders(snapshot: Snapshot, written: str) -> Iterator[CompletionItem]:
    """Folders: those that hold a model first say so."""
    for path, is_folder in _below(snapshot, written):
        if is_folder:
            there = snapshot.context.facts.model(snapshot.context.resolve(path).absolute)
            held = getattr(there, "model_type", None)
            yield _item(path, is_folder=not held, detail=held or "")


def _below(snapshot: Snapshot, written: str) -> Iterator[tuple[str, bool]]:
    """What lies in the folder that has been typed, as a path from where it starts."""
    folder = written.replace("\\", "/").rpartition("/")[0]
    if written.startswith("/") and not folder:
        folder = "/"
    resolved = snapshot.context.resolve(folder or ".")
    if resolved.unset:
        return
    for child in snapshot.world.children(resolved.absolute):
        if not child.name.startswith("."):
            yield posixpath.join(folder, child.name), child.is_dir


def _item(path: str, *, is_folder: bool, detail: str = "") -> CompletionItem:
    if is_folder:
        path += "/"
    return CompletionItem(
        path,
        "folder" if is_folder else "file",
        path if is_folder else flow(path),
        detail,
        retrigger=is_folder,
    )
