"""Rules about the comments that silence findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.findings import Edit, Fix, Severity
from pitchpipe.layout import layout
from pitchpipe.silencing import Code, Ignore, Outcome, has_content, line_at
from pitchpipe.span import Span
from pitchpipe.suggest import all_of, nearest


def unknown_code(context: Context, outcome: Outcome) -> Iterator[Report]:
    """A code that no finding has."""
    for ignore in outcome.ignores:
        for code in ignore.codes or ():
            if code.name in outcome.severities:
                continue
            near = nearest(code.name, outcome.severities)
            hint = f"; did you mean `{near}`?" if near else ""
            fix = Fix(f"Write `{near}`", (Edit(code.span, near),)) if near else None
            yield Report(f"no finding has the code `{code.name}`{hint}", code.span, fix=fix)


def ignore_of_error(context: Context, outcome: Outcome) -> Iterator[Report]:
    """An error, which no comment silences."""
    for index, ignore in enumerate(outcome.ignores):
        silenced, refused = outcome.silenced[index], outcome.refused[index]
        if ignore.codes is None:
            if refused and not silenced:
                codes = all_of(sorted(refused))
                yield Report(f"errors can't be silenced: {codes}", ignore.span)
            continue
        for code in ignore.codes:
            if code.name not in silenced and _is_error(outcome, index, code):
                message = f"`{code.name}` is an error, which can't be silenced"
                yield Report(message, code.span, fix=_without(context, ignore, [code]))


def unused_ignore(context: Context, outcome: Outcome) -> Iterator[Report]:
    """A comment, or some of its codes, that silences nothing."""
    if outcome.open_codes is None:
        return
    for index, ignore in enumerate(outcome.ignores):
        if ignore.of_file and ignore.about is None:
            message = "`ignore-file` counts only above the first key"
            yield Report(message, ignore.span, fix=_moved_up(context, ignore))
        elif not ignore.codes:
            if not _may_be_of_use(outcome, index, ignore):
                why = _why(context, ignore, "" if ignore.codes is None else "it names no code")
                word = "`ignore-file`" if ignore.of_file else "`ignore`"
                fix = _without(context, ignore, ())
                yield Report(f"{word} silences nothing: {why}", ignore.span, fix=fix)
        elif idle := [code for code in ignore.codes if _is_idle(outcome, index, code)]:
            names = all_of([code.name for code in idle])
            verb = "silences" if len(idle) == 1 else "silence"
            span = idle[0].span if len(idle) == 1 else ignore.span
            fix = _without(context, ignore, idle)
            yield Report(f"{names} {verb} nothing: {_why(context, ignore)}", span, fix=fix)


def _is_error(outcome: Outcome, index: int, code: Code) -> bool:
    named = outcome.severities.get(code.name) is Severity.ERROR
    return named or code.name in outcome.refused[index]


def _is_idle(outcome: Outcome, index: int, code: Code) -> bool:
    return (
        code.name in outcome.severities
        and code.name not in outcome.silenced[index]
        and code.name not in (outcome.open_codes or ())
        and not _is_error(outcome, index, code)
    )


def _may_be_of_use(outcome: Outcome, index: int, ignore: Ignore) -> bool:
    """Of a comment that names no code: whether it has silenced something, or may yet."""
    if ignore.codes is not None:
        return False
    return bool(outcome.silenced[index] or outcome.refused[index] or outcome.open_codes)


def _why(context: Context, ignore: Ignore, otherwise: str = "") -> str:
    if otherwise:
        return otherwise
    if ignore.about is None:
        return "no line follows"
    such = "such finding" if ignore.codes else "warning and no hint"
    if ignore.of_file:
        return f"the file has no {such}"
    line, _ = context.document.lines.position(ignore.about.start)
    return f"line {line + 1} has no {such}"


def _without(context: Context, ignore: Ignore, going: Sequence[Code]) -> Fix:
    """Takes codes out of a comment; where none is left, the comment goes."""
    left = [code.name for code in ignore.codes or () if code not in going]
    if left and ignore.codes:
        first, last = ignore.codes[0].span.start, ignore.codes[-1].span.end
        edit = Edit(Span(first, last), ", ".join(left))
        return Fix(f"Remove {all_of([code.name for code in going])}", (edit,))
    return Fix("Remove the comment", (Edit(_whole(context, ignore), ""),))


def _whole(context: Context, ignore: Ignore) -> Span:
    """The comment to the end of its line with the blanks before it, or its whole line."""
    text, line = context.document.text, line_at(context.document, ignore.span.start)
    before = text[line.start : ignore.span.start]
    if not before.strip(" \t"):
        return Span(line.start, min(line.end, len(text)))
    end = line.start + len(text[line.start : line.end].rstrip("\r\n"))
    return Span(line.start + len(before.rstrip(" \t")), end)


def _moved_up(context: Context, ignore: Ignore) -> Fix | None:
    root, text = context.document.root, context.document.text
    if root is None:
        return None
    first = line_at(context.document, root.span.start).start
    if not has_content(context.document, first):  # the first key stands behind `---`
        return None
    comment = text[ignore.span.start : ignore.span.end] + layout(text).newline
    gone = _whole(context, ignore)
    return Fix("Move it above the first key", (Edit(Span(first, first), comment), Edit(gone, "")))
