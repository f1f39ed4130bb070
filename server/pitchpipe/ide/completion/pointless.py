"""Keys that say nothing beside what a section says already."""

from __future__ import annotations

from typing import TypeAlias

from pitchpipe.document import Document
from pitchpipe.keypath import KeyPath
from pitchpipe.schema import Schema
from pitchpipe.syntax.nodes import Mapping, Scalar

_ANY = None

_ALL = None
_Rules: TypeAlias = "dict[str, list[tuple[frozenset[str] | None, frozenset[str] | None]]]"
_SOURCE: _Rules = {
    "path": [(_ANY, frozenset({"dataset_name", "dataset_config"}))],
    "dataset_name": [(_ANY, frozenset({"path"}))],
}
_BESIDE: dict[KeyPath, _Rules] = {
    ("method",): {"type": [(frozenset({"full"}), _ALL)]},
    ("training",): {
        "eval_strategy": [(frozenset({"no", "epoch"}), frozenset({"eval_steps"}))],
        "save_strategy": [
            (frozenset({"no", "epoch", "best"}), frozenset({"save_steps"})),
            (frozenset({"no"}), frozenset({"save_total_limit", "save_only_model"})),
        ],
        "logging_strategy": [(frozenset({"no", "epoch"}), frozenset({"logging_steps"}))],
        "lr_scheduler_type": [
            (
                frozenset({"constant", "reduce_lr_on_plateau", "greedy"}),
                frozenset({"warmup_steps"}),
            ),
        ],
    },
    ("data",): {
        "eval": [(_ANY, frozenset({"val_size"}))],
        "test": [(_ANY, frozenset({"test_size"}))],
    },
    ("export",): {"format": [(frozenset({"none"}), frozenset({"precision", "device"}))]},
    **{("data", role, 0): _SOURCE for role in ("train", "eval", "test")},
}
"""By section and key: with which of its values (None: any) which others (None: all) are idle.

The rules `data-source-ambiguous` and `key-without-effect` say so once they are written.
"""


def pointless(document: Document, schema: Schema, path: KeyPath) -> frozenset[str]:
    """The keys of the section at `path` that another one, as it is written, makes pointless."""
    rules = _BESIDE.get(tuple(0 if isinstance(step, int) else step for step in path))
    node = document.node_at(path) if rules else None
    node = node and document.resolved(node)
    if not rules or not isinstance(node, Mapping):
        return frozenset()
    found: set[str] = set()
    for entry in document.entries(node):
        value = document.resolved(entry.value)
        said = value.raw if isinstance(value, Scalar) else None
        if said == "":
            continue
        for values, keys in rules.get(entry.key.raw, ()):
            if values is None or (said is not None and said in values):
                others = frozenset(schema.keys(path)) - {entry.key.raw}
                found |= others if keys is None else keys
    return frozenset(found)
