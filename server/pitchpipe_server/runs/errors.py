"""What keeps a run from being started or stopped, in sentences for people without a full stop."""

from __future__ import annotations

from pitchpipe.findings import Finding


class CannotStart(Exception):
    """Nothing was started.

    `findings` are the file's errors; `wants_consent`: the user may allow it and try again, `model`
    being whose code would run.
    """

    def __init__(
        self,
        message: str,
        *,
        findings: tuple[Finding, ...] = (),
        wants_consent: bool = False,
        model: str | None = None,
    ) -> None:
        super().__init__(message)
        self.findings = findings
        self.wants_consent = wants_consent
        self.model = model


class CannotStop(Exception):
    """The run can't be stopped from here."""


def reason(error: OSError | ValueError) -> str:
    """Why the system refused, without the error number and the path."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror[:1].lower() + error.strerror[1:]
    return str(error)
