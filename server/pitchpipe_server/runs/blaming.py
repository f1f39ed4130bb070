"""A run's failure as a finding at the line that is to blame."""

from __future__ import annotations

from pitchpipe.findings import Finding
from pitchpipe.span import Lines, Span
from pitchpipe_server.runs.news import Failed


def finding(failed: Failed, text: str) -> Finding | None:
    """The finding in the `text` that was run; None where no place in it is to blame."""
    place = failed.place
    if place is None:
        return None
    starts = Lines(text).starts
    if not 0 < place.line <= len(starts) or not 0 < place.end_line <= len(starts):
        return None
    start = min(starts[place.line - 1] + max(place.column, 1) - 1, len(text))
    end = min(starts[place.end_line - 1] + max(place.end_column, 1) - 1, len(text))
    stage = f" in `{failed.stage}`" if failed.stage else ""
    hint = f"; {failed.hint}" if failed.hint else ""
    message = f"the last run failed{stage}: {failed.message}{hint}"
    return Finding(failed.code, message, Span(start, max(start, end)), path=failed.path or "")
