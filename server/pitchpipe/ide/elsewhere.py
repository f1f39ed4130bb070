"""What is left to say where another server of the editor has our schema.

What the other one says was tried with yaml-language-server 2.0.0.
"""

from __future__ import annotations

from pitchpipe.findings import Finding
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.keypath import dotted

_SYNTAX = frozenset({"yaml-syntax", "tab-indentation", "duplicate-key", "undefined-alias"})
"""What every reader of YAML refuses. Those that are not here some take as they are."""

_SCHEMA = frozenset({
    "unknown-key",
    "missing-required",
    "wrong-type",
    "out-of-range",
    "invalid-value",
})


def told(snapshot: Snapshot) -> tuple[Finding, ...]:
    """The findings that the editor would not have without us.

    The others are there all the same for who mends them (`fixes`).
    """
    if not snapshot.client.schema_elsewhere:
        return snapshot.findings
    ours = _beyond_json(snapshot)
    return tuple(f for f in snapshot.findings if f.path in ours or not is_told(snapshot, f.code))


def is_told(snapshot: Snapshot, code: str) -> bool:
    """Whether the other server finds what has that code."""
    return snapshot.client.schema_elsewhere and (code in _SYNTAX or code in _SCHEMA)


def _beyond_json(snapshot: Snapshot) -> frozenset[str]:
    """Where numbers stand that JSON doesn't have, of which validators know nothing."""
    found = snapshot.context.reading.violations
    return frozenset(dotted(v.path) for v in found if v.keyword == "finite")
