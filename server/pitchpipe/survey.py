"""What a look at all rows of a data file finds: gaps, repetitions, labels, odd conversations.

`pitchpipe.surveying` makes a survey, `to_json` and `from_json` carry it from one process to
another and keep it on a disk.
"""

from __future__ import annotations

import base64
import sys
from array import array
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from pitchpipe.facts import TableProblem

SURVEY_VERSION = 1
"""Of the JSON. Another one is asked for anew."""


@dataclass(frozen=True, slots=True)
class View:
    """Which rows of a file are meant, and which of their columns play a part.

    `given` are the columns that a prompt is made of, `learnt` those of a completion, or of the text
    where a row is one; a conversation stands in the column `messages`, and then both are empty.
    """

    split: str = "train"
    given: tuple[str, ...] = ()
    learnt: tuple[str, ...] = ()
    messages: str | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> View:
        """Reads what `dataclasses.asdict` made of a view and JSON of that."""
        given, learnt = tuple(data["given"]), tuple(data["learnt"])
        return cls(data["split"], given, learnt, data["messages"])


@dataclass(frozen=True, slots=True)
class Seen:
    """How many rows are so, and where the first of them stands (see `Survey.by_line`)."""

    rows: int
    at: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A completion: the texts of the columns `learnt`, in how many rows, and where first."""

    values: tuple[str, ...]
    rows: int
    at: int


@dataclass(frozen=True, slots=True)
class Repeated:
    """Rows that repeat an earlier one: how many, and one of them (`at`) with the earlier (`of`)."""

    rows: int
    at: int
    of: int


@dataclass(frozen=True, slots=True)
class Sketch:
    """Prompts by a 64-bit hash, with the place of each where it comes first.

    Every hash whose last `level` bits are 0: all of them at level 0, a half at level 1, and so on.
    """

    level: int
    places: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Survey:
    """What the rows of a `View` hold.

    `whole`: they are all that the view takes, not just the head of the file. `by_line`: places are
    lines of the file, from 1; else rows. `exact`: `repeated` and `contradicted` count every row;
    else they are estimated from a sample, though each that is named is one.

    `odd` has, by column, the cells that are no text, by what they are instead: a JSON type,
    "missing", "half a character", "conversation" (`detail` says what is wrong with it). `blank` has
    the parts ("prompt", "completion", "text") that are nothing but white space, `garbled` the
    characters that betray a wrong conversion, `roles` what is unusual about the order of messages.
    `answers` are the distinct completions, of which `labels` has all, or is None where they are too
    many to be labels. `longest` is that of a row, `size` that of all, in bytes of UTF-8 before any
    template. `problem` is what keeps the file from being read on.
    """

    rows: int
    whole: bool
    by_line: bool
    exact: bool
    odd: Mapping[str, Mapping[str, Seen]] = field(default_factory=dict[str, "Mapping[str, Seen]"])
    blank: Mapping[str, Seen] = field(default_factory=dict[str, Seen])
    garbled: Mapping[str, Seen] = field(default_factory=dict[str, Seen])
    roles: Mapping[str, Seen] = field(default_factory=dict[str, Seen])
    answers: int = 0
    labels: tuple[Label, ...] | None = ()
    longest: int = 0
    size: int = 0
    repeated: Repeated | None = None
    contradicted: Repeated | None = None
    prompts: Sketch = Sketch(0, {})
    problem: TableProblem | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """Prompts of one survey that another has too.

    How many, and one of them: `at` in the one, `of` in the other. `exact` as in `Survey`.
    """

    prompts: int
    at: int
    of: int
    exact: bool


def shared(one: Survey, other: Survey) -> Shared | None:
    """The prompts of `one` that `other` has too; None where none was found."""
    level = max(one.prompts.level, other.prompts.level)
    mask = (1 << level) - 1
    mine, theirs = one.prompts.places, other.prompts.places
    both = [key for key in mine if key in theirs and not key & mask]
    if not both:
        return None
    first = min(both, key=mine.__getitem__)
    return Shared(len(both) << level, mine[first], theirs[first], exact=level == 0)


def to_json(survey: Survey) -> dict[str, Any]:
    """A survey as plain values."""
    plain = {
        name: _plain(getattr(survey, name))
        for name in Survey.__dataclass_fields__
        if name != "prompts"
    }
    places = survey.prompts.places
    return {
        "version": SURVEY_VERSION,
        **plain,
        "prompts": {
            "level": survey.prompts.level,
            "keys": _packed(places),
            "places": _packed(places.values()),
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
    keys, places = _unpacked(sketch["keys"]), _unpacked(sketch["places"])
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
        prompts=Sketch(sketch["level"], dict(zip(keys, places, strict=True))),
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
