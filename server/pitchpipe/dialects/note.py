"""What there is to say about a part of a foreign file that is no key of the workflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pitchpipe.findings import Fix, Related
from pitchpipe.keypath import KeyPath

NoteKind = Literal["lost", "stops", "refused", "otherwise", "old"]
"""What a note says: left out, not to be run here, refused by the tool itself, read otherwise by it
than was meant, or an old name."""


@dataclass(frozen=True, slots=True)
class Note:
    """What there is to say about the key at `path` of the foreign file.

    `message` is a finding's.
    """

    kind: NoteKind
    path: KeyPath
    message: str
    fix: Fix | None = None
    related: tuple[Related, ...] = ()
