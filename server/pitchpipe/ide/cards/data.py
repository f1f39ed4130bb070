"""Data files and templates: what is in them, and the first row filled in."""

from __future__ import annotations

from itertools import islice
from typing import Any

from pitchpipe import amounts, template
from pitchpipe.checks import labels, surveyed
from pitchpipe.context import Context
from pitchpipe.facts import NotRead, TableFact
from pitchpipe.ide.cards.tables import grid, pairs
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.ide.world import Lengths
from pitchpipe.not_yet import NotYet
from pitchpipe.template import TemplateError

_LONGEST = 60  # code points of a cell
_LONGEST_TEXT = 800
_MOST_LABELS = 8  # that are shown
_MOST_SOURCES = 64  # that are looked through for the file


def file_card(snapshot: Snapshot, written: str) -> str:
    """A data file: where it is, how many rows, what is in them, how long they are in tokens."""
    resolved = snapshot.context.resolve(written)
    if resolved.unset or snapshot.context.blind:
        return ""
    path = resolved.absolute
    file = snapshot.context.facts.file(path)
    if not file.exists:
        return f"There is no file `{path}`."
    rows = [("file", f"`{path}`"), ("size", amounts.size(file.size))]
    count = snapshot.world.rows(path)
    if count is None:
        rows.append(("rows", "being counted …"))
    elif not isinstance(count, NotRead):
        rows.append(("rows", f"{count:,}"))
    rows.append(("tokens a row", _lengths(snapshot.world.lengths(path, snapshot.context))))
    rows += _surveyed(snapshot.context, written)
    parts = [pairs(rows)]
    table = snapshot.context.facts.table(path)
    if isinstance(table, NotRead):
        parts.append(f"Not read: {table.reason}.")
    else:
        parts.append(_columns(table))
        if table.problem:
            parts.append(f"**{table.problem.message}**")
    return "\n\n".join(part for part in parts if part)


def _lengths(found: Lengths | NotRead | None) -> str:
    if found is None:
        return "being counted …"
    if isinstance(found, NotRead):
        return f"not counted: {found.reason}"
    told = ", ".join(f"{quantile:.0%}: {tokens:,}" for quantile, tokens in found.quantiles.items())
    return f"{told} (of {found.rows:,} {found.of})"


def _surveyed(context: Context, written: str) -> list[tuple[str, str]]:
    """What is known of all rows, or of the first ones, of the source that names the file first."""
    sources = islice(context.sources(), _MOST_SOURCES)
    source = next((s for s in sources if getattr(s.path, "value", None) == written), None)
    try:
        found = surveyed.sound(context, source) if source else None
    except NotYet:
        return []
    if found is None:
        return []
    _, view, survey = found
    rows: list[tuple[str, str]] = []
    if survey.repeated:
        said = surveyed.share(survey.repeated.rows, survey, exact=survey.exact)
        rows.append(("repeated", said))
    if context.effective(context.workflow.task) == "classification":
        told = labels.of_survey(context, view, survey) or {}
        ordered = sorted(told.items(), key=lambda item: -item[1][0])
        shown = [f"`{_shortened(x)}` {n / survey.rows:.0%}" for x, (n, _) in ordered[:_MOST_LABELS]]
        more = len(ordered) - len(shown)
        rows.append(("labels", ", ".join([*shown, f"{more} more"] if more else shown)))
    return [row for row in rows if row[1]]


def _columns(table: TableFact) -> str:
    first: Any = table.rows[0] if table.rows else {}
    rows = [
        (f"`{c.name}`", " or ".join(c.types), _shortened(first.get(c.name, "")))
        for c in table.columns
    ]
    return grid(("column", "type", "first row"), rows) if rows else ""


def template_card(snapshot: Snapshot, text: str) -> str:
    """The first row of the training data, filled in."""
    row = next((t.rows[0] for _, _, t in snapshot.context.tables()), None)
    if row is None:
        return ""
    try:
        filled = template.parse(text).render(row)
    except TemplateError as error:
        return f"With the first row: {error}."
    shown = filled if len(filled) <= _LONGEST_TEXT else filled[: _LONGEST_TEXT - 1] + "…"
    fence = "```" if "```" not in shown else "~~~~"
    return f"With the first row:\n\n{fence}text\n{shown}\n{fence}"


def _shortened(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
