"""Microsoft Olive's run configurations, as they are today and as tutorials show them."""

from __future__ import annotations

from dataclasses import replace

from pitchpipe.dialects.dialect import Dialect
from pitchpipe.dialects.foreign import Foreign
from pitchpipe.dialects.olive import data, export, floats, model, passes, references, training
from pitchpipe.dialects.olive.shape import shaped
from pitchpipe.document import Document
from pitchpipe.schema import Schema

_WHOLE = {"input_model", "model", "data_configs"}
"""Keys of which a whole configuration has at least one."""


def _lower(foreign: Foreign) -> None:
    foreign.result.fragment = bool(foreign.data) and not _WHOLE & foreign.data.keys()
    found = passes.of(foreign)
    trainer = training.lower(foreign, found)
    model.lower(foreign, trainer)
    data.lower(foreign, trainer)
    export.lower(foreign, found, trainer)
    references.lower(foreign, found)
    floats.lower(foreign)


def _suited(schema: Schema, document: Document) -> tuple[Dialect, Schema]:
    """PyYAML reads Olive's YAML, so `2e-5` is a string there. JSON has no such trap.

    What tutorials show is meant as it looks.
    """
    data = document.data()
    lenient = floats.is_json(document) or floats.is_tutorials(data)
    dialect = replace(DIALECT, old_floats="number") if lenient else DIALECT
    return dialect, shaped(schema, data)


DIALECT = Dialect("olive", "Olive", _lower, old_floats="mistake", suited=_suited)
