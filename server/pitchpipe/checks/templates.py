"""Rules about templates: their braces, and the columns that they name."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe.checks.report import Report
from pitchpipe.checks.surveyed import look, place
from pitchpipe.checks.wording import columns_there, near_column
from pitchpipe.context import Context
from pitchpipe.facts import TableFact
from pitchpipe.findings import Edit, Fix
from pitchpipe.formats import PARTS_OF, TEMPLATED
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Style
from pitchpipe.template import Field, Template, TemplateError, parse
from pitchpipe.workflow import Present, Setting, Source


def template_syntax(context: Context) -> Iterator[Report]:
    """A template whose braces don't pair."""
    for setting in _settings(context):
        parsed = _parsed(setting)
        if isinstance(parsed, TemplateError):
            span = within(context, setting, parsed.start, parsed.end)
            yield Report(str(parsed), span or setting.span, setting.path)


def template_unknown_column(context: Context, source: Source) -> Iterator[Report]:
    """A `{column}` that the data don't have."""
    if (found := context.rows(source)) is None:
        return
    path, table = found
    kind = context.row_format(source, table)
    for part, setting, template in _templates(context):
        for field in template.fields:
            if kind and part in PARTS_OF[kind] and not table.column(field.name):
                yield _unknown(context, setting, field, path.value, table)


def template_empty_cell(context: Context, source: Source) -> Iterator[Report]:
    """A `{column}` that has no value in some row, so that the row can't be rendered."""
    if (found := context.rows(source)) is None:
        return
    path, table = found
    kind = context.row_format(source, table)
    for part, setting, template in _templates(context):
        fields = [f for f in template.fields if table.column(f.name)]
        if kind is None or part not in PARTS_OF[kind]:
            continue
        for number, row in enumerate(table.rows, start=1):
            if empty := next((f for f in fields if row.get(f.name) is None), None):
                message = f"`{path.value}`, row {number}: `{empty.name}` has no value"
                span = within(context, setting, empty.start, empty.end) or setting.span
                yield Report(message, span, setting.path)
                break
        else:
            yield from _empty_behind(context, source, setting, fields)


def _empty_behind(
    context: Context, source: Source, setting: Present[str], fields: list[Field]
) -> Iterator[Report]:
    """The same of rows behind the head."""
    if (found := look(context, source)) is None:
        return
    path, _, survey = found
    for field in fields:
        odd = survey.odd.get(field.name, {})
        if empty := odd.get("null") or odd.get("missing"):
            message = f"{place(path, survey, empty.at)}: `{field.name}` has no value"
            span = within(context, setting, field.start, field.end) or setting.span
            yield Report(message, span, setting.path)
            break


def _unknown(
    context: Context, setting: Present[str], field: Field, file: str, table: TableFact
) -> Report:
    span = within(context, setting, field.start, field.end)
    message = f"`{file}` has no column `{field.name}`"
    near = near_column(field.name, table)
    if near:
        fix = Fix(f"Write `{{{near}}}`", (Edit(span, f"{{{near}}}"),)) if span else None
        return Report(f"{message}; did you mean `{near}`?", span or setting.span, setting.path, fix)
    advice = columns_there(table)
    if not field.name.isidentifier():
        advice += "; `{{` and `}}` are literal braces"
    return Report(message + advice, span or setting.span, setting.path)


def _settings(context: Context) -> Iterator[Present[str]]:
    for part in TEMPLATED:
        setting: Setting[str | None] = getattr(context.workflow.data, f"{part}_template")
        if isinstance(setting, Present) and setting.value is not None:
            yield Present(setting.value, setting.span, setting.key, setting.path)


def _templates(context: Context) -> Iterator[tuple[str, Present[str], Template]]:
    for setting in _settings(context):
        parsed = _parsed(setting)
        if isinstance(parsed, Template):
            yield str(setting.path[-1]).removesuffix("_template"), setting, parsed


def _parsed(setting: Present[str]) -> Template | TemplateError:
    try:
        return parse(setting.value)
    except TemplateError as error:
        return error


def within(context: Context, setting: Present[str], start: int, end: int) -> Span | None:
    """The place of `[start, end)` of a setting's text in the file.

    None where the text is not written there letter by letter on one line.
    """
    scalar = context.reading.scalar(setting.path)
    if scalar is None or scalar.style not in {Style.PLAIN, Style.SINGLE, Style.DOUBLE}:
        return None
    written = context.document.text[scalar.span.start : scalar.span.end]
    quote = 0 if scalar.style is Style.PLAIN else 1
    if written[quote : len(written) - quote] != scalar.raw:
        return None
    return Span(scalar.span.start + quote + start, scalar.span.start + quote + end)
