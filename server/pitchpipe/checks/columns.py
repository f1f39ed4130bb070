"""Rules about the columns of the data, as far as the heads of the files show them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from pitchpipe import conversations
from pitchpipe.checks.report import Report
from pitchpipe.checks.surveyed import look, sound, spot
from pitchpipe.checks.wording import (
    columns_there,
    flow,
    is_otherwise_separated,
    near_column,
)
from pitchpipe.context import Context
from pitchpipe.facts import JsonType, TableFact, json_type
from pitchpipe.findings import Edit, Fix
from pitchpipe.formats import PARTS, PARTS_OF, TEMPLATED, Part
from pitchpipe.suggest import all_of, nearest
from pitchpipe.template import TemplateError, parse
from pitchpipe.workflow import Missing, Present, Source, Wrong

_TEXTS: frozenset[JsonType] = frozenset({"string", "integer", "number", "boolean"})
_NAMES: dict[JsonType, str] = {
    "string": "a string",
    "integer": "a number",
    "number": "a number",
    "boolean": "true or false",
    "null": "no value",
    "array": "a list",
    "object": "an object",
}

_USUAL: dict[Part, frozenset[str]] = {
    "prompt": frozenset({"question", "instruction", "input", "query", "problem", "source"}),
    "completion": frozenset({"answer", "output", "response", "target", "solution", "label"}),
    "messages": frozenset({"conversation", "conversations", "chat", "dialog", "dialogue", "turns"}),
    "text": frozenset({"content", "body", "document", "sentence", "passage"}),
}
"""What data sets call the columns that play a part, in lower case."""


def column_not_found(context: Context, source: Source) -> Iterator[Report]:
    """A column that the data don't have, named under `columns` or meant by default."""
    if (found := context.rows(source)) is None:
        return
    path, table = found
    for part in PARTS:
        column = context.part_column(source, part)
        if isinstance(column, Present) and not table.column(column.value):
            message, fix = _no_column(context, column, path.value, table)
            yield Report(message, column.span, column.path, fix)
    lacking: list[Part] = [
        part
        for part in _parts_in_use(context, source, table)
        if isinstance(context.part_column(source, part), Missing) and not table.column(part)
    ]
    if lacking:
        yield _no_default_columns(context, lacking, path, table)


def column_wrong_type(context: Context, source: Source) -> Iterator[Report]:
    """A column whose values can't play their part: lists for texts, gaps, odd messages."""
    if (found := context.rows(source)) is None:
        return
    path, table = found
    for part in _parts_in_use(context, source, table):
        column = context.part_column(source, part)
        name = column.value if isinstance(column, Present) else part
        if isinstance(column, Wrong) or not table.column(name):
            continue
        problem = _messages_problem if part == "messages" else _text_problem
        said = problem(name, table) or _problem_behind(context, source, part, name)
        if said:
            told = column if isinstance(column, Present) else path
            yield Report(f"`{path.value}`, {said}", told.span, told.path)


def stratify_column_not_found(context: Context, source: Source) -> Iterator[Report]:
    """A column to stratify by that some of the data don't have."""
    setting = context.workflow.data.stratify_by
    if not isinstance(setting, Present) or setting.value is None:
        return
    name, found = setting.value, context.rows(source)
    if found and not found[1].column(name):
        column = Present(name, setting.span, setting.key, setting.path)
        message, fix = _no_column(context, column, found[0].value, found[1])
        yield Report(message, setting.span, setting.path, fix)


def label_not_in_data(context: Context, source: Source) -> Iterator[Report]:
    """Completions of a classification that are none of its labels."""
    labels = context.workflow.data.labels
    if context.effective(context.workflow.task) != "classification":
        return
    if not isinstance(labels, Present) or labels.value is None:
        return
    if (file := context.rows(source)) is None:
        return
    path, table = file
    found = _completions(context, source, table)
    strange = next((c for c in found if c not in labels.value), None)
    if strange is None and (all_rows := sound(context, source)):
        from pitchpipe.checks.labels import of_survey  # noqa: PLC0415  # as few files need it

        told = of_survey(context, all_rows[1], all_rows[2]) or {}
        strange = next((c for c in told if c not in labels.value), None)
    if strange is not None:
        message = f"`{path.value}` has the completion `{_short(strange)}`, which is no label"
        if near := nearest(strange, labels.value):
            message += f"; did you mean `{near}`?"
        yield Report(message, labels.key, labels.path)


def _parts_in_use(context: Context, source: Source, table: TableFact) -> tuple[Part, ...]:
    """The parts that a column must play: those of the source's format that no template writes."""
    kind = context.row_format(source, table)
    data = context.workflow.data
    if kind is None:
        return ()
    return tuple(
        part
        for part in PARTS_OF[kind]
        if part not in TEMPLATED or context.effective(getattr(data, f"{part}_template")) is None
    )


def _no_column(
    context: Context, column: Present[str], file: str, table: TableFact
) -> tuple[str, Fix | None]:
    message = f"`{file}` has no column `{column.value}`"
    if near := near_column(column.value, table):
        scalar = context.reading.scalar(column.path)
        fix = Fix(f"Write `{near}`", (Edit(scalar.span, near),)) if scalar else None
        return f"{message}; did you mean `{near}`?", fix
    return message + columns_there(table), None


def _no_default_columns(
    context: Context, parts: list[Part], path: Present[str], table: TableFact
) -> Report:
    owner = path.path[:-1]
    noun = "column" if len(parts) == 1 else "columns"
    message = f"`{path.value}` has no {noun} {all_of(parts)}{columns_there(table)}"
    if is_otherwise_separated(table):
        return Report(message, path.span, path.path)
    guessed = _guessed(parts, table)
    if guessed is None:
        which = " and which ".join(f"is the {part}" for part in parts)
        advice = f"; say which {which} under `columns`"
        return Report(message + advice, path.span, (*owner, "columns"))
    written = f"columns: {flow(guessed)}"
    fix = context.reading.inserted_behind(path.path, written)
    advice = f"; did you mean `{written}`?"
    return Report(message + advice, path.span, (*owner, "columns"), fix)


def _guessed(parts: list[Part], table: TableFact) -> dict[Part, str] | None:
    """The columns that probably play `parts`, by their names; None where that is open for any."""
    found: dict[Part, str] = {}
    for part in parts:
        free = [c.name for c in table.columns if c.name not in found.values()]
        usual = (name for name in free if name.lower() in _USUAL[part])
        name = near_column(part, table) or next(usual, None)
        if name is None or name not in free:
            return None
        found[part] = name
    return found


def _text_problem(name: str, table: TableFact) -> str | None:
    for number, row in enumerate(table.rows, start=1):
        if name not in row:
            return f"row {number}: it lacks the column `{name}`"
        kind = json_type(row[name])
        if kind not in _TEXTS:
            return f"row {number}: `{name}` holds {_NAMES[kind]} where a text is needed"
    return None


def _problem_behind(context: Context, source: Source, part: Part, name: str) -> str | None:
    """What is wrong with a column in the rows behind the head."""
    if (found := look(context, source)) is None:
        return None
    _, view, survey = found
    if part != "messages" and name not in (*view.given, *view.learnt):
        return None
    for kind, seen in survey.odd.get(name, {}).items():
        where = spot(survey, seen.at)
        if kind == "conversation":
            return f"{where}: {seen.detail.format(name=name)}"
        if kind == "missing":
            return f"{where}: it lacks the column `{name}`"
        if kind == "half a character":
            return f"{where}: `{name}` holds half a character, which is no Unicode text"
        return f"{where}: `{name}` holds {_NAMES[cast('JsonType', kind)]} where a text is needed"
    return None


def _messages_problem(name: str, table: TableFact) -> str | None:
    for number, row in enumerate(table.rows, start=1):
        if problem := conversations.problem(row.get(name)):
            return f"row {number}: {problem.format(name=name)}"
    return None


def _completions(context: Context, source: Source, table: TableFact) -> list[str]:
    """The completions of the head's rows as the run will render them; none if it can't."""
    if context.row_format(source, table) != "prompt-completion":
        return []
    column = context.part_column(source, "completion")
    written = context.effective(context.workflow.data.completion_template)
    if isinstance(column, Wrong) or isinstance(written, Wrong):
        return []
    name = column.value if isinstance(column, Present) else "completion"
    try:
        template = parse(f"{{{name}}}" if written is None else written)
        return [template.render(row).strip() for row in table.rows]
    except TemplateError:
        return []


def _short(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= 30 and line == text else f"{line[:29]}…"
