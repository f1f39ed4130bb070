"""The texts that are open in the editor, kept as it edits them.

pygls keeps them too, but takes for the end of a line what LSP does not (U+2028, form feeds), after
which every later edit goes astray.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from lsprotocol.types import (
    TextDocumentContentChangeEvent,
    TextDocumentContentChangePartial,
    TextDocumentItem,
)

from pitchpipe.span import Lines
from pitchpipe_server.positions import Positions, Units


@dataclass(frozen=True)
class OpenText:
    """One version of a text."""

    uri: str
    language: str
    version: int
    text: str
    units: Units

    @cached_property
    def lines(self) -> Lines:
        return Lines(self.text)

    @cached_property
    def positions(self) -> Positions:
        return Positions(self.text, self.lines, self.units)


class Texts:
    """The open texts by their URI."""

    def __init__(self) -> None:
        self.units: Units = len
        self._open: dict[str, OpenText] = {}

    def __iter__(self) -> Iterator[OpenText]:
        return iter(tuple(self._open.values()))

    def get(self, uri: str) -> OpenText | None:
        return self._open.get(uri)

    def open(self, item: TextDocumentItem) -> None:
        text = OpenText(item.uri, item.language_id, item.version, item.text, self.units)
        self._open[item.uri] = text

    def change(
        self, uri: str, version: int, changes: Sequence[TextDocumentContentChangeEvent]
    ) -> None:
        """Applies changes one after the other, each to what the one before left."""
        known = self._open.get(uri)
        if known is None:
            return
        for change in changes:
            if isinstance(change, TextDocumentContentChangePartial):
                known = self._edited(known, version, change)
            else:
                known = OpenText(uri, known.language, version, change.text, self.units)
        self._open[uri] = known

    def _edited(
        self, known: OpenText, version: int, change: TextDocumentContentChangePartial
    ) -> OpenText:
        start, end = known.positions.span(change.range)
        end = max(start, end)
        text = known.text[:start] + change.text + known.text[end:]
        after = OpenText(known.uri, known.language, version, text, self.units)
        by = len(text) - len(known.text)
        after.__dict__["lines"] = known.lines.edited(text, start, end + by, by)
        return after

    def close(self, uri: str) -> None:
        self._open.pop(uri, None)
