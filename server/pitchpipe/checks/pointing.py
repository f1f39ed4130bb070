"""Other places that a finding names, and the change that writes another value."""

from __future__ import annotations

from typing import Any

from pitchpipe.context import Context
from pitchpipe.findings import Edit, Fix, Related
from pitchpipe.keypath import dotted
from pitchpipe.workflow import Present, Setting


def set_here(context: Context, *settings: Setting[Any]) -> tuple[Related, ...]:
    """The places of those settings that the file itself writes."""
    return tuple(
        Related(f"`{dotted(setting.path)}` is set here", setting.span)
        for setting in settings
        if isinstance(setting, Present) and not context.reading.overridden(setting.path)
    )


def rewritten(context: Context, setting: Setting[Any], text: str) -> Fix | None:
    """The change that writes `text` for the value; None where no scalar gives it."""
    scalar = context.reading.scalar(setting.path) if isinstance(setting, Present) else None
    return Fix(f"Write `{text}`", (Edit(scalar.span, text),)) if scalar else None
