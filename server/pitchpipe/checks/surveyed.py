"""What the rules about rows ask: a source's survey, and how messages name what is in it."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

from pitchpipe import splits
from pitchpipe.context import Context
from pitchpipe.facts import TableFact
from pitchpipe.formats import Part
from pitchpipe.survey import Seen, Survey, View
from pitchpipe.template import TemplateError, parse
from pitchpipe.workflow import Missing, Present, Source, Wrong

_Kept: TypeAlias = "dict[int, tuple[Present[str], View, Survey] | None]"


def look(context: Context, source: Source) -> tuple[Present[str], View, Survey] | None:
    """A source's `path`, what of it makes its rows, and what they hold.

    None where nobody can tell, or the source has faults that other rules report.

    Raises:
        NotYet: nobody knows it yet.
    """
    kept = _kept(context)
    key = id(source)  # it lives as long as the workflow does
    if key not in kept:
        kept[key] = _look(context, source)
    return kept[key]


def sound(context: Context, source: Source) -> tuple[Present[str], View, Survey] | None:
    """The same of a file that can be read to its end, or as far as was looked."""
    found = look(context, source)
    return found if found and found[2].problem is None and found[2].rows else None


def place(path: Present[str], survey: Survey, at: int) -> str:
    """Where a row stands, for a message to go on behind it."""
    return f"`{path.value}`, {spot(survey, at)}"


def spot(survey: Survey, at: int) -> str:
    """The same without the file."""
    return f"{'line' if survey.by_line else 'row'} {at}"


def share(rows: int, survey: Survey, *, exact: bool = True) -> str:
    """How many of the rows are so."""
    about = "" if exact else "about "
    if not survey.whole:
        return f"{about}{rows:,} of the first {survey.rows:,} rows"
    return f"{about}{rows:,} of {survey.rows:,} row{'' if survey.rows == 1 else 's'}"


def first_of(path: Present[str], survey: Survey, seen: Seen, what: str) -> str:
    """A message about rows of which the first is named."""
    return f"{place(path, survey, seen.at)}: {what} ({share(seen.rows, survey)})"


@lru_cache(maxsize=4)
def _kept(_: Context) -> _Kept:
    return {}


def _look(context: Context, source: Source) -> tuple[Present[str], View, Survey] | None:
    found = context.rows(source)
    if found is None or found[1].problem:
        return None
    path, table = found
    view = _view(context, source, table)
    if view is None:
        return None
    survey = context.facts.survey(context.resolve(path.value).absolute, view)
    return (path, view, survey) if isinstance(survey, Survey) else None


def _view(context: Context, source: Source, table: TableFact) -> View | None:
    split, kind = context.effective(source.split), context.row_format(source, table)
    if isinstance(split, Wrong) or kind is None or not _is_of_a_file(split):
        return None
    if kind == "messages":
        columns = _columns(context, source, table, "messages")
        return View(split, messages=columns[0]) if columns else None
    given = () if kind == "text" else _columns(context, source, table, "prompt")
    learnt = _columns(context, source, table, "text" if kind == "text" else "completion")
    return None if given is None or not learnt else View(split, given, learnt)


def _is_of_a_file(split: str) -> bool:
    try:
        return splits.parse(split).name == "train"
    except splits.SplitError:
        return False


def _columns(
    context: Context, source: Source, table: TableFact, part: Part
) -> tuple[str, ...] | None:
    """The columns that a part is made of; None where one of them is wrong or not there."""
    written = None
    if part != "messages":
        written = context.effective(getattr(context.workflow.data, f"{part}_template"))
    if isinstance(written, str):
        try:
            names = tuple(dict.fromkeys(field.name for field in parse(written).fields))
        except TemplateError:
            return None
    else:
        column = context.part_column(source, part)
        if isinstance(written, Wrong) or isinstance(column, Wrong):
            return None
        names = (part if isinstance(column, Missing) else column.value,)
    return names if all(table.column(name) for name in names) else None
