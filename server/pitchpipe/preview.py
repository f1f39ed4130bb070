"""Rows as the model sees them: what the runner's `preview` prints, and how people read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pitchpipe import amounts

OPEN, CLOSE = "⟦", "⟧"
"""Around what is learnt, where colours can't say it."""


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is empty where the token is one of several that write the same character.

    `learnt`: the loss counts it.
    """

    text: str
    learnt: bool


@dataclass(frozen=True, slots=True)
class Row:
    """`source` is the file as the workflow spells it, and `row` counts in it from 0.

    `length` is how many tokens there were before `cut` of them were left out.
    """

    source: str
    row: int
    tokens: tuple[Token, ...]
    length: int
    cut: int

    @property
    def learnt(self) -> int:
        """How many tokens are."""
        return sum(token.learnt for token in self.tokens)

    @property
    def stretches(self) -> list[tuple[bool, str]]:
        """The text, parted where it begins or ends to be learnt."""
        groups = groupby(self.tokens, key=lambda token: token.learnt)
        return [(learnt, "".join(token.text for token in part)) for learnt, part in groups]


@dataclass(frozen=True, slots=True)
class Preview:
    """`total` is how many rows there are in all, None where nobody has counted them.

    `max_length` is what rows are cut to, in tokens: the model's context where that is shorter.
    """

    rows: tuple[Row, ...]
    total: int | None
    max_length: int


def from_json(found: Mapping[str, Any]) -> Preview:
    """Reads what the runner prints.

    Raises:
        KeyError, TypeError: it is something else.
    """
    return Preview(
        tuple(
            Row(
                row["source"],
                row["row"],
                tuple(Token(token["text"], token["learnt"]) for token in row["tokens"]),
                row["length"],
                row["cut"],
            )
            for row in found["rows"]
        ),
        found["total"],
        found["max_length"],
    )


def heading(row: Row) -> str:
    """`rows.jsonl, row 3: 34 tokens, 2 learnt`."""
    said = [amounts.plural(row.length, "token")]
    if row.cut == row.length:
        said.append("left out, because it is too long")
    else:
        said += [f"{row.cut:,} cut"] if row.cut else []
        said.append(f"{row.learnt:,} learnt" if row.learnt else "left out: nothing is learnt")
    return f"{row.source}, row {row.row + 1:,}: {', '.join(said)}"


def marked(row: Row) -> str:
    """The text with marks around what is learnt."""
    return "".join(f"{OPEN}{text}{CLOSE}" if learnt else text for learnt, text in row.stretches)


def closing(shown: Preview) -> str:
    """`3 of 2,000 rows, at most 512 tokens each`."""
    count = amounts.plural(len(shown.rows), "row")
    if shown.total is not None:
        count = f"{len(shown.rows):,} of {amounts.plural(shown.total, 'row')}"
    return f"{count}, at most {shown.max_length:,} tokens each"


def markdown(shown: Preview) -> str:
    """For editors that show nothing else."""
    parts = [
        f"{heading(row)}\n\n{_fenced(marked(row))}" if row.tokens else heading(row)
        for row in shown.rows
    ]
    return "\n\n".join([*parts, f"{closing(shown)}. What is learnt stands in {OPEN}{CLOSE}."])


def _fenced(text: str) -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}text\n{text}\n{fence}"
