"""A syntax tree as plain values, for tests that look at its shape."""

from __future__ import annotations

from pitchpipe.syntax.nodes import Alias, Broken, Mapping, Node, Scalar


def outline(node: Node | None) -> object:
    """Scalars by value; a key without its colon as `key?`; a broken piece as `<its text>`."""
    if node is None:
        return None
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Alias):
        return f"*{node.name}"
    if isinstance(node, Broken):
        return f"<{node.raw}>"
    if isinstance(node, Mapping):
        return {e.key.raw + ("" if e.colon else "?"): outline(e.value) for e in node.entries}
    return [outline(item) for item in node.items]
