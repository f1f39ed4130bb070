"""What the columns of a data file are for, as far as their names and values tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pitchpipe.facts import NotRead, Table, TableFact
from pitchpipe.formats import is_text

# Names under which data sets keep the two parts, the likelier ones first.
_PROMPTS = (
    *("prompt", "instruction", "question", "input", "query", "text", "sentence", "message"),
    *("phrase", "subject", "title", "review", "document", "article", "body", "content", "source"),
)
_COMPLETIONS = (
    *("completion", "output", "answer", "response", "label", "target", "tone", "category", "class"),
    *("sentiment", "intent", "topic", "summary", "chosen", "reply", "translation"),
)
_CONVERSATIONS = ("messages", "conversations", "conversation", "chat", "dialogue")


@dataclass(frozen=True, slots=True)
class Mapped:
    """How columns play their parts; all empty where they have the parts' own names."""

    columns: dict[str, str] = field(default_factory=dict[str, str])
    prompt_template: str | None = None
    label: str | None = None


def parts(table: Table, task: str, name: str) -> tuple[Mapped, str | None]:
    """The parts that the columns of a file play for `task`, and what of them is not clear.

    `name` is what the file is called. Where nothing is clear, no column gets a part.
    """
    if isinstance(table, NotRead):
        return Mapped(), f"{name} was not read: {table.reason}"
    found = mapped(table)
    if found is None:
        names = ", ".join(f"`{column.name}`" for column in table.columns) or "none"
        return Mapped(), (
            f"set `columns` yourself: it is not clear which of the columns of {name} "
            f"is the prompt and which the completion (there are {names})"
        )
    if task == "classification" and found.label and not _few_labels(table, found.label):
        return replace(found, label=None), None
    return found, None


def unseen(dataset: str) -> str:
    """What is not clear of a data set of the hub, which nobody has looked into."""
    return (
        f"the columns of `{dataset}` are not known here; give them their parts in `columns` "
        "where they have other names"
    )


def mapped(table: TableFact) -> Mapped | None:
    """The parts that the columns of `table` play, or None where it is not clear."""
    texts = [c.name for c in table.columns if set(c.types) & {"string", "integer", "number"}]
    lists = [c.name for c in table.columns if "array" in c.types]
    if conversation := _first(_CONVERSATIONS, lists):
        return Mapped(_named("messages", conversation))
    if {"instruction", "input"} <= set(texts) and (answer := _first(_COMPLETIONS, texts)):
        template = "{instruction}\n{input}"
        return Mapped(_named("completion", answer), template, label=answer)
    completion = _first(_COMPLETIONS, texts)
    prompt = _first(_PROMPTS, [name for name in texts if name != completion])
    if len(texts) == 2:
        # Either name tells the other's part; where none is known, the answer comes last.
        completion = completion or next(n for n in reversed(texts) if n != prompt)
        prompt = prompt or next(n for n in texts if n != completion)
    if prompt and completion:
        return Mapped(_named("prompt", prompt) | _named("completion", completion), None, completion)
    text = "text" if "text" in texts else texts[0] if len(texts) == 1 else None
    return Mapped(_named("text", text)) if text else None


def _first(names: Sequence[str], columns: Sequence[str]) -> str | None:
    lower = {column.lower(): column for column in reversed(columns)}
    return next((lower[name] for name in names if name in lower), None)


def _named(part: str, column: str) -> dict[str, str]:
    return {} if part == column else {part: column}


def _few_labels(table: TableFact, column: str) -> bool:
    """Whether the column's values repeat as labels do."""
    values = [row[column] for row in table.rows if is_text(row.get(column))]
    return 2 <= len(set(values)) <= len(values) // 2
