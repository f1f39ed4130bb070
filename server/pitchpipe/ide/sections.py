"""Sections that a workflow lacks, and an evaluation split."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pitchpipe import edits
from pitchpipe.checks.wording import example, flow
from pitchpipe.document import Document, parse
from pitchpipe.findings import Edit
from pitchpipe.ide.changes import applied
from pitchpipe.ide.items import Action
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.ide.spelling import misspelt
from pitchpipe.keypath import KeyPath
from pitchpipe.layout import layout
from pitchpipe.schema import Schema
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Entry, Mapping
from pitchpipe.workflow import Present, Wrong

KEY = "section:"
SPLIT = "split"

SKELETONS = {
    "method": ("type", "r", "lora_alpha", "lora_dropout", "target_modules"),
    "training": (
        "learning_rate",
        "num_train_epochs",
        "per_device_train_batch_size",
        "gradient_accumulation_steps",
        "warmup_steps",
    ),
    "evaluate": ("generations", "max_new_tokens", "max_rows"),
    "export": ("format", "precision"),
}
"""The keys that a new section shows: the first one is written, the others are comments."""

_VAL_SIZE: KeyPath = ("data", "val_size")
_BLANK_LINE = re.compile(r"\n[ \t]*\r?\n")
_DEEPER_COMMENT = re.compile(r"\r?\n[ \t]+#[^\r\n]*")
_REST = re.compile(r"[^\r\n]*")


def missing(snapshot: Snapshot) -> Iterator[Action]:
    """The offer of every section that is not there."""
    root = snapshot.document.root
    if snapshot.is_foreign or snapshot.context.half_typed or not (root is None or _is_block(root)):
        return
    for section in SKELETONS:
        there = snapshot.document.entry_at((section,)) or misspelt(snapshot, (section,))
        if there is None:
            yield Action(f"Add `{section}`", "refactor", key=f"{KEY}{section}")


def added(snapshot: Snapshot, section: str) -> tuple[Edit, ...]:
    """The edit that adds a section where the schema has it among those that are there."""
    document = snapshot.document
    if section not in SKELETONS or document.entry_at((section,)) is not None:
        return ()
    newline = layout(document.text).newline
    lines = list(_skeleton(snapshot.schema, section, layout(document.text).unit))
    edit = _placed(snapshot, section, lines, newline)
    return (edit,) if edit and _only_adds(document, edit, section) else ()


def evaluation_split(snapshot: Snapshot) -> Action | None:
    """The offer to hold back rows for the evaluation; None where the file names some."""
    data = snapshot.analysis.workflow.data
    held_back = snapshot.context.effective(data.val_size)
    share = _share(snapshot)
    if snapshot.context.half_typed or not isinstance(data.train, Present) or share is None:
        return None
    if isinstance(data.eval, Wrong) or (isinstance(data.eval, Present) and data.eval.value):
        return None
    if isinstance(held_back, Wrong) or (isinstance(data.val_size, Present) and held_back > 0):
        return None
    if snapshot.is_foreign:
        if snapshot.reading.own(_VAL_SIZE) is None:
            return None
    elif misspelt(snapshot, _VAL_SIZE) or misspelt(snapshot, ("data", "eval")):
        return None
    title = f"Hold back {share * 100:.3g} % of the rows for the evaluation"
    return Action(title, "refactor.extract", key=SPLIT)


def split(snapshot: Snapshot) -> tuple[Edit, ...]:
    """The edits that write the schema's share as `val_size`."""
    if evaluation_split(snapshot) is None:
        return ()
    return edits.in_own_words(snapshot.reading, {_VAL_SIZE: _share(snapshot)}) or ()


def _share(snapshot: Snapshot) -> float | None:
    default = snapshot.workflow_schema.default(_VAL_SIZE)
    return float(default) if isinstance(default, (int, float)) else None


def _skeleton(schema: Schema, section: str, unit: int) -> Iterator[str]:
    """The lines of a section, with the values that count anyway."""
    yield f"{section}:"
    for index, key in enumerate(SKELETONS[section]):
        default = schema.default((section, key))
        value = flow(default) if default is not None else example(schema, (section, key))
        yield f"{' ' * unit}{'# ' if index else ''}{key}: {value}"


def _placed(snapshot: Snapshot, section: str, lines: list[str], newline: str) -> Edit | None:
    document = snapshot.document
    text, root = document.text, document.root
    body = newline.join(lines)
    if not isinstance(root, Mapping):
        lead = newline if text and not text.endswith("\n") else ""
        return Edit(Span(len(text), len(text)), f"{lead}{body}{newline}")
    column = document.lines.position(root.span.start)[1]
    body = newline.join(" " * column + line for line in lines)
    gap = newline * (2 if _BLANK_LINE.search(text, *root.span) else 1)
    order = snapshot.schema.keys(())
    place = order.index(section)
    above = [e for e in root.entries if e.key.raw in order[:place]]
    if not above:
        start = root.entries[0].span.start - column
        return Edit(Span(start, start), body + gap)
    last = max(above, key=lambda entry: order.index(entry.key.raw))
    at = _end(text, last)
    return Edit(Span(at, at), gap + body)


def _end(text: str, entry: Entry) -> int:
    """The end of an entry's last line, behind the comments that are indented below it."""
    rest = _REST.match(text, entry.span.end)
    at = rest.end() if rest else entry.span.end
    while comment := _DEEPER_COMMENT.match(text, at):
        at = comment.end()
    return at


def _only_adds(document: Document, edit: Edit, section: str) -> bool:
    """Whether everything else keeps its value, as it doesn't behind some texts."""
    after = parse(applied(document.text, (edit,)), document).data()
    before = document.data() or {}
    if not isinstance(after, dict) or not isinstance(before, dict) or section not in after:
        return False
    return repr({k: v for k, v in after.items() if k != section}) == repr(before)


def _is_block(node: object) -> bool:
    return isinstance(node, Mapping) and not node.flow and bool(node.entries)
