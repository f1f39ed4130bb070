"""Numbers that are strings to PyYAML, with which Olive reads YAML: `1e-6`."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe.dialects.foreign import Foreign
from pitchpipe.document import Document
from pitchpipe.keypath import KeyPath
from pitchpipe.syntax.nodes import Data, Style
from pitchpipe.syntax.scalars import reader_1_1

_TUTORIALS = {"model", "training_config", "search_space"}
"""Keys that stand at the top of a file in tutorials alone."""


def is_json(document: Document) -> bool:
    return document.text[:2000].lstrip("\ufeff \t\r\n")[:1] == "{"


def is_tutorials(data: Data) -> bool:
    """Whether a file is of the form that tutorials show, which no Olive has ever read."""
    return isinstance(data, dict) and bool(_TUTORIALS & data.keys())


def lower(foreign: Foreign) -> None:
    """Tells of them in a tutorial's file, where they are the numbers that they look like."""
    if is_json(foreign.reading.document) or not is_tutorials(foreign.data):
        return
    for path in _leaves(foreign.data, ()):
        scalar = foreign.reading.scalar(path)
        if scalar is None or scalar.style is not Style.PLAIN or scalar.tag is not None:
            continue
        if isinstance(scalar.value, float) and isinstance(reader_1_1(scalar.raw), str):
            message = f"`{path[-1]}`: `{scalar.raw}` is a string to PyYAML, with which Olive reads"
            foreign.note("otherwise", path, message)


def _leaves(data: Data, path: KeyPath) -> Iterator[KeyPath]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _leaves(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _leaves(value, (*path, index))
    else:
        yield path
