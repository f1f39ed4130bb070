"""Axolotl's files. What their keys mean stands in the schema; here is what a table can't say."""

from __future__ import annotations

from pitchpipe.dialects.axolotl import (
    adapters,
    outgoing,
    plugins,
    precision,
    refusals,
    schedule,
    sources,
)
from pitchpipe.dialects.dialect import Dialect
from pitchpipe.dialects.foreign import Foreign


def _lower(foreign: Foreign) -> None:
    adapters.lower(foreign)
    precision.lower(foreign)
    schedule.lower(foreign)
    sources.lower(foreign)
    plugins.lower(foreign)
    refusals.tell(foreign)


DIALECT = Dialect("axolotl", "Axolotl", _lower, outgoing.write, lax=True)
