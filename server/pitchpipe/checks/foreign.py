"""Rules about files of other tools: what their tool or our runner can't do with them."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe.checks.report import Report
from pitchpipe.checks.wording import TYPES, shown
from pitchpipe.context import Context
from pitchpipe.dialects.note import NoteKind
from pitchpipe.keypath import dotted
from pitchpipe.schema import Violation
from pitchpipe.suggest import all_of, one_of


def refused_by_tool(context: Context) -> Iterator[Report]:
    """What the file's own tool refuses."""
    return _noted(context, "refused")


def read_otherwise(context: Context) -> Iterator[Report]:
    """What the file's own tool makes of a value is not what it seems to mean."""
    return _noted(context, "otherwise")


def deprecated_key(context: Context) -> Iterator[Report]:
    """A name that the file's own tool has given up for another."""
    return _noted(context, "old")


def not_carried_over(context: Context) -> Iterator[Report]:
    """What has no part in the workflow that runs here."""
    return _noted(context, "lost")


def runner_cannot(context: Context) -> Iterator[Report]:
    """What keeps the file from being run here, though its own tool can."""
    yield from _noted(context, "stops")
    if context.reading.tool is None:
        return
    for violation in context.reading.violations:
        if violation.keyword != "required" and not context.reading.overridden(violation.path):
            yield _no_such_value(context, violation)


def incomplete_workflow(context: Context) -> Iterator[Report]:
    """A part of a workflow, that says nothing of model or data."""
    if not context.reading.is_fragment:
        return
    lacking = [v.path for v in context.reading.violations if v.keyword == "required"]
    if lacking:
        named = all_of([dotted(path) for path in lacking])
        message = (
            f"this is a part of a workflow, which lacks {named}; "
            "run it together with another: `pitchpipe run --with FILE`"
        )
        yield Report(message, context.written.key_span(()))


def _noted(context: Context, kind: NoteKind) -> Iterator[Report]:
    for note in context.reading.notes:
        if note.kind == kind:
            span = context.written.key_span(note.path)
            yield Report(note.message, span, note.path, note.fix, note.related)


def _no_such_value(context: Context, violation: Violation) -> Report:
    """A value that its own tool takes and that is none of the workflow's."""
    reading, path = context.reading, violation.path
    name = reading.respelt(f"`{dotted(path)}`")
    message = f"{name}: Pitchpipe can't do {shown(violation.found)}"
    if violation.keyword == "enum":
        message += f"; it can be {one_of([str(w) for w in violation.expected if w is not None])}"
    elif violation.keyword == "type":
        types = violation.expected
        types = [types] if isinstance(types, str) else types
        message += f", but {' or '.join(TYPES[t] for t in types)}"
    own = reading.own(path)
    return Report(message, reading.value_span(path), path if own is None else own)
