"""What a source's rows hold, where the file doesn't say it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal, cast

RowFormat = Literal["prompt-completion", "messages", "text"]
Part = Literal["prompt", "completion", "messages", "text"]

PARTS: tuple[Part, ...] = ("prompt", "completion", "messages", "text")
TEMPLATED: tuple[Part, ...] = ("prompt", "completion", "text")
"""The parts that can be written by a template (`prompt_template` and so on)."""

PARTS_OF: Mapping[RowFormat, tuple[Part, ...]] = {
    "prompt-completion": ("prompt", "completion"),
    "messages": ("messages",),
    "text": ("text",),
}


def decide(
    written: str | None,
    parts: Collection[str],
    templates: Collection[str],
    columns: Collection[str],
) -> RowFormat:
    """The format of a source: as written, else by templates, `columns` or the data.

    `parts` are the keys under the source's `columns`, `templates` the parts that have a template,
    `columns` the names of the data's own columns.
    """
    if written is not None:
        return cast(RowFormat, written)
    if "text" in templates:
        return "text"
    if templates:
        return "prompt-completion"
    named = parts or columns
    if "messages" in named:
        return "messages"
    return "text" if "text" in named and "prompt" not in named else "prompt-completion"


def is_text(value: Any) -> bool:
    """Whether a cell can serve as a text: strings, and numbers as they are printed."""
    return isinstance(value, (str, int, float))
