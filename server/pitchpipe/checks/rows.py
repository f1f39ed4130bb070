"""Rules about the rows themselves, as far as a survey of the file has come."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe.checks.report import Report
from pitchpipe.checks.surveyed import first_of, place, share, sound, spot
from pitchpipe.context import Context
from pitchpipe.survey import Seen
from pitchpipe.workflow import Source

_SOME = 0.01  # of the rows: fewer repeated ones make no difference
_MOST = 3  # kinds of disorder that are named

_BLANK = {
    "prompt": "the prompt is empty",
    "completion": "the completion is empty, so what is learnt is to end at once",
    "text": "the text is empty",
}
_GARBLED = {
    "NUL": "the text has a NUL character in it",
    "U+FFFD": "the text has U+FFFD in it, which stands for what an earlier conversion lost",
}


def empty_rows(context: Context, source: Source) -> Iterator[Report]:
    """Rows whose prompt, completion or text is nothing but white space."""
    if (found := sound(context, source)) is None:
        return
    path, _, survey = found
    for part, seen in survey.blank.items():
        yield Report(first_of(path, survey, seen, _BLANK[part]), path.span, path.path)


def duplicate_rows(context: Context, source: Source) -> Iterator[Report]:
    """Rows that are there more than once, where they are more than a few."""
    if (found := sound(context, source)) is None:
        return
    path, _, survey = found
    repeated = survey.repeated
    if repeated is None or repeated.rows < _SOME * survey.rows:
        return
    message = (
        f"{place(path, survey, repeated.at)} repeats {spot(survey, repeated.of)} "
        f"({share(repeated.rows, survey, exact=survey.exact)}); what is said twice weighs twice"
    )
    yield Report(message, path.span, path.path)


def roles_out_of_order(context: Context, source: Source) -> Iterator[Report]:
    """Messages in an order that many chat templates refuse, or whose end is not learnt."""
    if (found := sound(context, source)) is None:
        return
    path, _, survey = found
    common = sorted(survey.roles.items(), key=lambda item: -item[1].rows)
    for what, seen in common[:_MOST]:
        yield Report(first_of(path, survey, seen, what), path.span, path.path)


def garbled_text(context: Context, source: Source) -> Iterator[Report]:
    """Characters that no text has unless it was converted wrongly."""
    if (found := sound(context, source)) is None:
        return
    path, _, survey = found
    for what, seen in survey.garbled.items():
        message = first_of(path, survey, Seen(seen.rows, seen.at), _GARBLED[what])
        yield Report(message, path.span, path.path)
