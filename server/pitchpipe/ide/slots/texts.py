"""The slot in a text of several lines."""

from __future__ import annotations

from pitchpipe.document import Document
from pitchpipe.ide.slots.slot import Slot
from pitchpipe.ide.slots.words import plain_line_end
from pitchpipe.keypath import KeyPath
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Style

BLOCK = frozenset({Style.LITERAL, Style.FOLDED})


def block_text(document: Document, path: KeyPath, lines: Span, offset: int) -> Slot:
    """The slot in a block scalar whose lines are at `lines`; all of its text is what is written."""
    text = document.text
    content = text[lines.start : lines.end]
    begin = lines.start + len(content) - len(content.lstrip())
    end = max(lines.start + len(content.rstrip()), plain_line_end(text, offset))
    here = Span(min(begin, offset), max(end, offset))
    written = text[here.start : offset]
    column = document.lines.position(here.start)[1]
    return Slot("text", path, here, Span(here.start, offset), written, column, quote="|")
