"""How long rows are in tokens, judged by their text where no tokenizer has seen them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pitchpipe import formats, template
from pitchpipe.plan import DataPlan, SourcePlan


@dataclass(frozen=True, slots=True)
class Guess:
    """One way to judge: bytes of UTF-8 a token, and what a chat template adds in tokens."""

    bytes_per_token: float
    per_message: int
    per_conversation: int


# Assumptions, so the range is wide: texts differ in language, tokenizers in what they have seen.
# ChatML adds 5 tokens a message; templates with a system message of their own add more at once.
FEW, LIKELY, MANY = Guess(6.0, 3, 0), Guess(4.0, 5, 0), Guess(2.5, 8, 40)


@dataclass(frozen=True, slots=True)
class Text:
    """A row's text in bytes of UTF-8: what is given, what is learnt, and in how many messages.

    `messages` is 0 where no chat template is in use.
    """

    given: int
    learnt: int
    messages: int


def texts(
    data: DataPlan, source: SourcePlan, rows: tuple[Mapping[str, Any], ...], *, chat: bool
) -> Iterator[Text]:
    """The text of each of `rows`, as the runner renders them; rows that it refuses are left out.

    `chat`: the model has a chat template, as far as is known.
    """
    if not rows:
        return
    written = {
        part: text
        for part in formats.TEMPLATED
        if (text := getattr(data, f"{part}_template")) is not None
    }
    columns = list(rows[0])
    kind = formats.decide(source.format, source.columns, written, columns)
    wrapped = kind != "text" and chat and data.chat_template != "none"
    names = {part: part for part in formats.PARTS} | cast("dict[Any, str]", source.columns)
    for row in rows:
        if kind == "messages":
            found = _conversation(data, row.get(names["messages"]))
        else:
            found = _parts(data, kind, row, names, written)
        if found is not None:
            given, learnt, messages = found
            system = len((data.system_prompt or "").encode()) if wrapped else 0
            yield Text(given + system, learnt, messages if wrapped else 0)


def tokens(text: Text, guess: Guess) -> tuple[int, int]:
    """How many tokens are given and how many learnt, the end token among the latter."""
    added = guess.per_message * text.messages
    around = guess.per_conversation if text.messages else 0
    given = round(text.given / guess.bytes_per_token) + added + around
    return given, max(1, round(text.learnt / guess.bytes_per_token)) + 1


def _parts(
    data: DataPlan,
    kind: str,
    row: Mapping[str, Any],
    names: Mapping[str, str],
    templates: Mapping[str, str],
) -> tuple[int, int, int] | None:
    parts = ("text",) if kind == "text" else ("prompt", "completion")
    sizes = [_size(row, names[part], templates.get(part)) for part in parts]
    if None in sizes:
        return None
    *given, learnt = cast("list[int]", sizes)
    if kind != "text" and data.loss_on == "all":
        return 0, sum(given) + learnt, 2
    return sum(given), learnt, 2


def _size(row: Mapping[str, Any], column: str, written: str | None) -> int | None:
    try:
        if written is not None:
            return len(template.parse(written).render(row).encode("utf-8", "replace"))
    except template.TemplateError:
        return None
    value = row.get(column)
    if value is None or not formats.is_text(value):
        return None
    text = value if isinstance(value, str) else json.dumps(value)
    return len(text.encode("utf-8", "replace"))


def _conversation(data: DataPlan, value: Any) -> tuple[int, int, int] | None:
    """Up to the last answer, behind which nothing is learnt."""
    messages = cast("list[Any]", value) if isinstance(value, list) else []
    said = [cast("dict[str, Any]", m) for m in messages if isinstance(m, dict)]
    answers = [i for i, m in enumerate(said) if m.get("role") == "assistant"]
    if not answers or len(said) != len(messages):
        return None
    said = said[: answers[-1] + 1]
    sizes = [len(str(m.get("content", "")).encode("utf-8", "replace")) for m in said]
    learnt = answers if data.loss_on == "assistant" else answers[-1:]
    if data.loss_on == "all":
        learnt = list(range(len(said)))
    of_learnt = sum(sizes[i] for i in learnt)
    return sum(sizes) - of_learnt, of_learnt, len(said)
