"""A place where something can be written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pitchpipe.keypath import KeyPath
from pitchpipe.span import Span

SlotKind = Literal["key", "value", "item", "new", "text"]


@dataclass(frozen=True, slots=True)
class Slot:
    """A place where something can be written.

    `kind`: a `key` of the mapping at `path`; the `value` at `path`, on its key's line, behind a
    dash or in flow style; an `item` of the list at `path`, whose dash has yet to be written;
    something `new` on a line of its own below the key at `path`: keys, a dash or a value; or `text`
    inside a quoted or block scalar at `path`.

    `written` is what stands in `replace` up to the cursor. `replace` reaches to the word's end,
    `insert` ends at the cursor. `column` is that of the line's first thing, dashes aside. `taken`
    are the keys that the mapping has beside the one at the cursor. `colon`: one stands behind the
    word already. `quote` is the mark that the text stands in, `|` for a block of either kind.
    `gap`: a blank has to be written first. `list` is the one of which an item could begin there
    too, as its dashes stand in the column of its key; `list_first`: that is likelier than a key.
    """

    kind: SlotKind
    path: KeyPath
    replace: Span
    insert: Span
    written: str
    column: int
    taken: frozenset[str] = frozenset()
    flow: bool = False
    colon: bool = False
    quote: str = ""
    gap: bool = False
    list: KeyPath | None = None
    list_first: bool = False
