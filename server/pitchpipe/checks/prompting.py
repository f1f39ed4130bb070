"""Rules about what templates make of the rows: always the same, or the answer itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pitchpipe.checks.extent import few
from pitchpipe.checks.pointing import set_here
from pitchpipe.checks.report import Report
from pitchpipe.checks.templates import within
from pitchpipe.context import Context
from pitchpipe.findings import Edit, Fix
from pitchpipe.formats import TEMPLATED
from pitchpipe.template import Template, TemplateError, parse
from pitchpipe.workflow import Missing, Present, Setting, Wrong

_DOUBLED = re.compile(r"\{\{(\w+)\}\}")


def template_constant(context: Context) -> Iterator[Report]:
    """A template that names no column, so that all rows come out the same."""
    for part in TEMPLATED:
        setting: Setting[str | None] = getattr(context.workflow.data, f"{part}_template")
        template = _parsed(setting)
        if template is not None and not template.fields and isinstance(setting, Present):
            doubled = list(_DOUBLED.finditer(template.text))
            advice = f"`{{{doubled[0][1]}}}`" if doubled else "`{column}`"
            message = (
                f"`{setting.path[-1]}` names no column, so this part is the same in every row; "
                f"{advice} stands for a row's value"
            )
            fix = _undoubled(context, setting, doubled)
            yield Report(message, setting.span, setting.path, fix)


def template_holds_answer(context: Context) -> Iterator[Report]:
    """A prompt in which the answer stands that the model shall give."""
    data = context.workflow.data
    prompt = _parsed(data.prompt_template)
    answer = _answer(context)
    if prompt is None or not answer or not isinstance(data.prompt_template, Present):
        return
    if answer <= {field.name for field in prompt.fields}:
        named = ", ".join(f"`{{{name}}}`" for name in sorted(answer))
        message = f"the prompt holds the answer: {named} is what the model shall say itself"
        related = set_here(context, data.completion_template)
        yield Report(message, data.prompt_template.span, data.prompt_template.path, related=related)


def _undoubled(context: Context, setting: Present[Any], doubled: list[re.Match[str]]) -> Fix | None:
    """`{{name}}` as the column that it was likely meant for."""
    places = [(found, within(context, setting, *found.span())) for found in doubled]
    edits = tuple(Edit(span, f"{{{found[1]}}}") for found, span in places if span)
    if not edits or len(edits) < len(doubled):
        return None
    return Fix(f"Write `{{{doubled[0][1]}}}`", edits)


def _answer(context: Context) -> set[str]:
    """The columns that make the completions; empty where nobody can tell."""
    setting = context.workflow.data.completion_template
    if isinstance(setting, Wrong):
        return set()
    if isinstance(setting, Present) and setting.value is not None:
        template = _parsed(setting)
        return {field.name for field in template.fields} if template else set()
    named: set[str] = set()
    for source in few(context.workflow.data.train):
        column = source.columns.completion
        if isinstance(column, Wrong):
            return set()
        named.add("completion" if isinstance(column, Missing) else column.value)
    return named if len(named) == 1 else set()


def _parsed(setting: Setting[str | None]) -> Template | None:
    """The template that is written; None where none is, or nobody can read it."""
    if not isinstance(setting, Present) or setting.value is None:
        return None
    try:
        return parse(setting.value)
    except TemplateError:
        return None
