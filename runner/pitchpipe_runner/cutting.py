"""Rows that are longer than may be trained on: cut, or left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transformers import AutoConfig

from pitchpipe.plan import Plan
from pitchpipe_runner.events import Events
from pitchpipe_runner.positions import context_of
from pitchpipe_runner.render import IGNORED, Rendered, Tokens


@dataclass(frozen=True, slots=True)
class Row:
    rendered: Rendered
    tokens: Tokens


def limit_of(plan: Plan, model: Path) -> int:
    """`max_length`, or the context of the model in a folder where that ends sooner, in tokens."""
    trust = plan.model.trust_remote_code
    context = context_of(AutoConfig.from_pretrained(model, trust_remote_code=trust))
    return min(plan.data.max_length, context or plan.data.max_length)


class Cut:
    """Brings rows to `max_length` and counts what that costs."""

    def __init__(self, max_length: int, over_length: str) -> None:
        self._max = max_length
        self._drop = over_length == "drop"
        self.rows = self.lost = self.left_out = self._all = 0

    def __call__(self, found: Sequence[Row]) -> list[Row]:
        kept = [self._one(row) for row in found]
        return [row for row in kept if row is not None]

    def shortened(self, tokens: Tokens) -> Tokens | None:
        """What is kept of a row; None where it is too long and `over_length` says `drop`."""
        if len(tokens.ids) <= self._max:
            return tokens
        if self._drop:
            return None
        kept = slice(self._max)
        return Tokens(tokens.ids[kept], tokens.labels[kept], min(tokens.answer, self._max))

    def _one(self, row: Row) -> Row | None:
        length, t = len(row.tokens.ids), self.shortened(row.tokens)
        self._all += length
        if t is not row.tokens:
            self.rows += 1
            self.lost += length - (len(t.ids) if t else 0)
        if t is None:
            return None
        if all(label == IGNORED for label in t.labels):
            self.left_out += 1
            return None
        return Row(row.rendered, t)

    def tell(self, events: Events) -> None:
        if self.rows:
            share = 100 * self.lost / self._all
            what = "left out" if self._drop else "cut at the end"
            events.warn(
                "rows-over-max-length",
                f"{_rows(self.rows)} longer than {self._max} tokens, {what}: "
                f"{self.lost} tokens lost ({share:.1f} %)",
                "data.max_length",
            )
        if self.left_out:
            events.warn(
                "rows-without-target",
                f"{_rows(self.left_out)} with nothing to learn within {self._max} tokens, left out",
                "data.max_length",
            )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"
