"""What is said of an item when it is chosen."""

from __future__ import annotations

from pitchpipe import key_page, published
from pitchpipe.ide.cards.model import published_card
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.keypath import parse_dotted
from pitchpipe.modules import ModelShape


def document(snapshot: Snapshot, key: str) -> str:
    """Markdown for an item's `key`; "" where there is nothing to say."""
    kind, _, rest = key.partition(":")
    if kind == "key":
        return _of_key(snapshot, rest)
    if kind == "value":
        return _of_value(snapshot, rest)
    if kind == "model":
        found = published.find_model(rest, snapshot.world.published())
        return published_card(found) if found else ""
    if kind == "module":
        return _of_module(snapshot.context.shape(), rest)
    return ""


def _of_key(snapshot: Snapshot, dotted: str) -> str:
    path = parse_dotted(dotted)
    return key_page.page(snapshot.schema, path) if snapshot.schema.at(path) else ""


def _of_value(snapshot: Snapshot, rest: str) -> str:
    """What the key's description says of the value, if it lists its values."""
    dotted, _, value = rest.partition("\n")  # neither holds a break
    rule = snapshot.schema.at(parse_dotted(dotted)) or {}
    description = str(rule.get("description", ""))
    for line in description.split("\n"):
        if line.startswith(f"- `{value}`"):
            return line.removeprefix("- ")
    return description


def _of_module(shape: ModelShape | None, leaf: str) -> str:
    groups = [g for g in shape.groups if g.leaf == leaf] if shape else []
    rows = [
        f"| `{g.path.replace('{}', '*')}` | {g.count} | {g.role} | "
        f"{' × '.join(map(str, g.parameters[0].shape)) if g.parameters else ''} |"
        for g in groups
    ]
    return "\n".join(["| module | | role | weight |", "|---|---|---|---|", *rows]) if rows else ""
