"""Rules about what a run needs and what its device has."""

from __future__ import annotations

from collections.abc import Iterable

from pitchpipe.checks.report import Report
from pitchpipe.context import Context


def does_not_fit(context: Context) -> Iterable[Report]:
    """A predicted peak above what the device has.

    Silent where the model's modules are not known, or the device is not.
    """
    shape = context.shape()
    if shape is None or context.half_typed:
        return ()
    # Estimates take longer to import than most files take to check, and most do without.
    from pitchpipe.checks.fitting import too_large  # noqa: PLC0415

    return too_large(context, shape)
