"""What a rule hands back."""

from __future__ import annotations

from dataclasses import dataclass

from pitchpipe.findings import Fix, Related
from pitchpipe.keypath import KeyPath
from pitchpipe.span import Span


@dataclass(frozen=True, slots=True)
class Report:
    """A finding without its code and severity, which the registry knows."""

    message: str
    span: Span
    path: KeyPath = ()
    fix: Fix | None = None
    related: tuple[Related, ...] = ()
