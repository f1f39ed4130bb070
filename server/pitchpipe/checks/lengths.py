"""Rules about how long rows are in tokens: as counted, or as the number of bytes bounds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from pitchpipe.checks.report import Report
from pitchpipe.checks.surveyed import sound
from pitchpipe.context import Context
from pitchpipe.findings import Edit, Fix, Related
from pitchpipe.survey import Survey, View
from pitchpipe.template import parse
from pitchpipe.workflow import Present, Wrong

_FEW = 64  # sources; with more of them looking takes longer than a keystroke
_WORTH = 32  # rows, of which more than one sequence is expected
_AROUND = 8  # tokens that a row may have beside its text: begin, end, what a split text gains


def rows_over_max_length(context: Context) -> Iterator[Report]:
    """Rows that are cut or left out because they are longer than `max_length`."""
    data = context.workflow.data
    limit, what = context.effective(data.max_length), context.effective(data.over_length)
    if isinstance(limit, Wrong) or isinstance(what, Wrong):
        return
    # A token of a text has four bytes or so: where no row has as many bytes, nobody need be asked.
    system = context.effective(data.system_prompt)
    around = len(system) if isinstance(system, str) else 0
    if not any(survey.longest + around > limit for _, survey in _trained(context)):
        return
    facts = _counted(context)
    over = facts["over_length"]["rows"] if facts else 0
    if facts is None or not over:
        return
    lost = facts["over_length"]["tokens_lost"]
    kept, tokens = sum(facts["rows"].values()), sum(facts["tokens"].values()) + lost
    rows = kept + facts.get("left_out", 0) + (over if what == "drop" else 0)
    done = "left out" if what == "drop" else "cut at the end"
    message = (
        f"longer than {limit} tokens and {done}: {over:,} of {rows:,} rows ({over / rows:.1%}); "
        f"{lost / tokens:.1%} of all tokens are lost"
    )
    related = ()
    if isinstance(data.over_length, Present) and not context.reading.overridden(
        data.over_length.path
    ):
        related = (Related("`data.over_length` is set here", data.over_length.span),)
    yield Report(message, data.max_length.span, data.max_length.path, related=related)


def one_packed_sequence(context: Context) -> Iterator[Report]:
    """Many rows that all fit into one sequence, so that an epoch is a single step."""
    data = context.workflow.data
    packing, limit = context.effective(data.packing), context.effective(data.max_length)
    if packing is not True or isinstance(limit, Wrong):
        return
    trained = list(_trained(context))
    rows = sum(survey.rows for _, survey in trained)
    if rows < _WORTH or not all(survey.whole for _, survey in trained):
        return
    if not _fits(context, trained, limit) and not _counted_as_one(context, trained, limit):
        return
    message = (
        f"all {rows:,} training rows fit into one sequence of {limit} tokens, so an epoch is one "
        "optimizer step; with `packing: false` it has one for each batch"
    )
    yield Report(message, data.packing.span, data.packing.path, _unpacked(context))


def _trained(context: Context) -> Iterator[tuple[View, Survey]]:
    """The training data's surveys; none where one of them is not known."""
    listed = context.workflow.data.train
    if not isinstance(listed, Present) or len(listed.value) > _FEW:
        return
    found = [sound(context, source) for source in islice(listed.value, _FEW)]
    known = [looked for looked in found if looked is not None]
    if len(known) == len(found):
        for _, view, survey in known:
            yield view, survey


def _counted(context: Context) -> Mapping[str, Any] | None:
    # Most files never come here, and what judges costs takes long to import.
    from pitchpipe.costs.settings import of_context  # noqa: PLC0415

    return context.facts.counted(of_context(context))


def _counted_as_one(context: Context, trained: list[tuple[View, Survey]], limit: int) -> bool:
    # Looking takes long, so only for who asks for packs; a token of a text has four bytes or so.
    if (
        not isinstance(context.workflow.data.packing, Present)
        or sum(survey.size for _, survey in trained) > 8 * limit
    ):
        return False
    facts = _counted(context)
    return facts is not None and facts["packs"].get("train") == 1


def _fits(context: Context, trained: list[tuple[View, Survey]], limit: int) -> bool:
    """Whether the bytes of all rows, which are no fewer than tokens, fit into `limit`.

    Nobody knows what a chat template adds, so never where there may be one.
    """
    total = 0
    around, times = _of_templates(context)
    for view, survey in trained:
        is_text = not view.given and view.messages is None
        if not is_text and context.effective(context.workflow.data.chat_template) != "none":
            return False
        total += times * survey.size + survey.rows * (around + _AROUND)
    return total <= limit


def _of_templates(context: Context) -> tuple[int, int]:
    """How many bytes templates put into a row, and how often a column is in one of them at most."""
    data, size, times = context.workflow.data, 0, 1
    for setting in (data.prompt_template, data.completion_template, data.text_template):
        text = context.effective(setting)
        if isinstance(text, str):
            names = Counter(field.name for field in parse(text).fields)
            size += len(text.encode("utf-8", "replace"))
            times = max([times, *names.values()])
    return size, times


def _unpacked(context: Context) -> Fix | None:
    packing = context.workflow.data.packing
    scalar = context.reading.scalar(packing.path) if isinstance(packing, Present) else None
    return Fix("Write `packing: false`", (Edit(scalar.span, "false"),)) if scalar else None
