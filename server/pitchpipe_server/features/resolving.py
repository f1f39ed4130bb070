"""What an item that is to be resolved says of itself."""

from __future__ import annotations


def told(data: object) -> tuple[str, str]:
    """The document and the key in an item's `data`; empty where they are not of this server."""
    parts: list[object] = [*data] if isinstance(data, (list, tuple)) else []
    texts = [part for part in parts if isinstance(part, str)]
    return (texts[0], texts[1]) if len(parts) == len(texts) == 2 else ("", "")
