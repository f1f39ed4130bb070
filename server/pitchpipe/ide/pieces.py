"""The pieces that a text consists of: scalars, marks such as `-` and `&name`, and comments.

Blanks and line breaks are what lies between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from pitchpipe.document import Document
from pitchpipe.span import Span
from pitchpipe.syntax.characters import BLANKS
from pitchpipe.syntax.nodes import Alias, Broken, Mapping, Node, Scalar, Sequence, Style

Kind: TypeAlias = Literal["node", "comment", "anchor", "tag", "mark", "other"]
Leaf: TypeAlias = "Scalar | Alias | Broken"


class Piece(NamedTuple):
    """`node` is a scalar, an alias or a broken stretch; None of everything else.

    "mark" is one of `- ? : , [ ] { }` that belongs to the structure; "other" is text that the tree
    knows nothing of: document markers and directives, and stretches of broken files.
    """

    kind: Kind
    span: Span
    node: Leaf | None = None


_GAP = re.compile(
    rf"(?P<blank>[{BLANKS}\ufeff]+)|(?P<comment>#[^\r\n]*)|(?P<anchor>&[^{BLANKS},\[\]{{}}]+)"
    rf"|(?P<tag>!<[^>\r\n]*>|![^{BLANKS},\[\]{{}}]*)|(?P<mark>[-?:,\[\]{{}}](?!--))"
    rf"|(?P<other>[^{BLANKS}]+)"
)


def pieces(document: Document) -> Iterator[Piece]:
    """Everything but blanks, in order."""
    text, at = document.text, 0
    for leaf in _leaves(document.root):
        if leaf.span.end > leaf.span.start >= at:
            yield from _between(text, at, leaf.span.start)
            at = _end(text, leaf)
            yield Piece("node", Span(leaf.span.start, at), leaf)
    yield from _between(text, at, len(text))


def content(text: str, scalar: Scalar) -> Span:
    """A scalar's place without its quotes, of which the last may not be there yet."""
    start, end = scalar.span
    if scalar.style not in {Style.SINGLE, Style.DOUBLE}:
        return scalar.span
    closed = end - start > 1 and text[end - 1] == text[start]
    return Span(start + 1, end - 1 if closed else end)


def comments(document: Document) -> Iterator[Span]:
    """Every comment without its line break, in order."""
    if "#" in document.text:
        yield from (piece.span for piece in pieces(document) if piece.kind == "comment")


def _leaves(root: Node | None) -> Iterator[Leaf]:
    """Scalars, aliases and broken stretches in the order of the text."""
    waiting: list[Node] = [root] if root is not None else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            for entry in reversed(node.entries):
                waiting += (entry.value, entry.key)
        elif isinstance(node, Sequence):
            waiting += reversed(node.items)
        else:
            yield node


def _end(text: str, leaf: Leaf) -> int:
    """Where a leaf ends: a block scalar with the blanks on its last line, which belong to it."""
    end = leaf.span.end
    if isinstance(leaf, Scalar) and leaf.style in {Style.LITERAL, Style.FOLDED}:
        while text[end : end + 1] in (" ", "\t"):
            end += 1
    return end


def _between(text: str, start: int, end: int) -> Iterator[Piece]:
    for match in _GAP.finditer(text, start, end):
        kind = match.lastgroup
        if kind != "blank":
            yield Piece(kind, Span(*match.span()))  # pyright: ignore[reportArgumentType]
