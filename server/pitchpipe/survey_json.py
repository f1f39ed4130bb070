"""Surveys as JSON."""

from __future__ import annotations

import base64
import sys
from array import array
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, cast

from pitchpipe.facts import TableProblem
from pitchpipe.survey import Label, Repeated, Seen, Sketch, Survey

SURVEY_VERSION = 1
"""Of the JSON. Another one is asked for anew."""


def to_json(survey: Survey) -> dict[str, Any]:
    """A survey as plain values."""
    plain = {
        name: _plain(getattr(survey, name))
        for name in Survey.__dataclass_fields__
        if name != "prompts"
    }
    sketch = survey.prompts
    return {
        "version": SURVEY_VERSION,
        **plain,
        "prompts": {
            "level": sketch.level,
            "keys": _packed(sketch.keys),
            "places": _packed(sketch.places),
        },
    }


def from_json(data: Any) -> Survey:
    """Reads what `to_json` made.

    Raises:
        KeyError, TypeError, ValueError: it is none, or another version's.
    """
    if data["version"] != SURVEY_VERSION:
        raise ValueError("it is another version's")
    labels, sketch = data["labels"], data["prompts"]
    return Survey(
        rows=data["rows"],
        whole=data["whole"],
        by_line=data["by_line"],
        exact=data["exact"],
        odd={column: _seen(kinds) for column, kinds in data["odd"].items()},
        blank=_seen(data["blank"]),
        garbled=_seen(data["garbled"]),
        roles=_seen(data["roles"]),
        answers=data["answers"],
        labels=None
        if labels is None
        else tuple(Label(tuple(x["values"]), x["rows"], x["at"]) for x in labels),
        longest=data["longest"],
        size=data["size"],
        repeated=data["repeated"] and Repeated(**data["repeated"]),
        contradicted=data["contradicted"] and Repeated(**data["contradicted"]),
        prompts=Sketch(sketch["level"], _unpacked(sketch["keys"]), _unpacked(sketch["places"])),
        problem=data["problem"] and TableProblem(**data["problem"]),
    )


def _seen(data: Any) -> dict[str, Seen]:
    return {what: Seen(**seen) for what, seen in data.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, tuple):
        return [_plain(v) for v in cast("tuple[Any, ...]", value)]
    if isinstance(value, (Seen, Label, Repeated, TableProblem)):
        return asdict(value)
    return value


def _packed(numbers: Any) -> str:
    """Numbers below 2^64, little-endian, in base64: a survey may hold a hundred thousand."""
    packed = array("Q", numbers)
    if sys.byteorder == "big":
        packed.byteswap()
    return base64.b64encode(packed.tobytes()).decode("ascii")


def _unpacked(text: str) -> array[int]:
    packed = array("Q")
    packed.frombytes(base64.b64decode(text, validate=True))
    if sys.byteorder == "big":
        packed.byteswap()
    return packed
