"""What a look at all rows of a data file finds: gaps, repetitions, labels, odd conversations.

`pitchpipe.surveying` makes a survey, `pitchpipe.survey_json` carries it from one process to another
and keeps it on a disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pitchpipe.facts import TableProblem


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
    Both are arrays, for there may be a hundred thousand.
    """

    level: int
    keys: Sequence[int] = ()
    places: Sequence[int] = ()


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
    prompts: Sketch = Sketch(0)
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
    theirs = dict(zip(other.prompts.keys, other.prompts.places, strict=True))
    mine = zip(one.prompts.keys, one.prompts.places, strict=True)
    both = [(at, theirs[key]) for key, at in mine if key in theirs and not key & mask]
    return Shared(len(both) << level, *min(both), exact=level == 0) if both else None
