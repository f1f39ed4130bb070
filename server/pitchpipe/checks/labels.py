"""Rules about the answers of a classification, over all rows of the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Literal

from pitchpipe.checks.report import Report
from pitchpipe.checks.surveyed import place, share, sound, spot
from pitchpipe.context import Context
from pitchpipe.findings import Related
from pitchpipe.suggest import all_of
from pitchpipe.survey import Survey, View
from pitchpipe.template import TemplateError, parse
from pitchpipe.workflow import Missing, Present, Setting, Source, Wrong

_MOST_SOURCES = 64  # beyond, a keystroke would take too long
_MOST_LABELS = 100  # the runner's (pitchpipe_runner.prepare)
_MOST_NAMED = 5
_LONGEST = 30  # characters of a label that a message shows
_MAJORITY = 0.9  # of the rows
_ENOUGH = 20  # rows, for their shares to mean something


@dataclass(frozen=True, slots=True)
class _Told:
    """A source's labels, how many rows have each, and where the first does.

    `answers` are its distinct completions, of which `labels` has all, or is empty where they are
    too many to be labels.
    """

    source: Source
    path: Present[str]
    survey: Survey
    answers: int
    labels: Mapping[str, tuple[int, int]]


def labels_unusable(context: Context) -> Iterator[Report]:
    """Completions that are no labels: all the same, too many, or none that `labels` names."""
    told = _told(context, context.workflow.data.train)
    labels = context.effective(context.workflow.data.labels)
    if not told or isinstance(labels, Wrong):
        return
    named = context.workflow.data.labels
    distinct = {label for t in told for label in t.labels}
    if labels is not None:
        all_known = all(t.labels for t in told)
        if all_known and distinct.isdisjoint(labels) and isinstance(named, Present):
            one = told[0]
            said = next(iter(one.labels))
            message = (
                f"no completion in the training data is one of `labels`; the one in "
                f"{place(one.path, one.survey, one.labels[said][1])} is `{_short(said)}`"
            )
            yield Report(message, named.key, named.path)
        return
    count = max([len(distinct), *(t.answers for t in told if not t.labels)])
    if count == 1 or count - _held_out(context, told) > _MOST_LABELS:
        task = context.workflow.task
        have = "1 distinct completion" if count == 1 else f"{count:,} distinct completions or more"
        message = (
            f"the training rows have {have}; a classification needs 2 to {_MOST_LABELS}: "
            "name the labels in `data.labels`, or set `task: text-generation`"
        )
        yield Report(message, task.span, task.path)


def label_never_trained(context: Context) -> Iterator[Report]:
    """Labels that are listed or evaluated, but that no training row shows."""
    data = context.workflow.data
    told = _told(context, data.train)
    if not told or not all(t.labels for t in told):
        return
    shown = {label for t in told for label in t.labels}
    listed = context.effective(data.labels)
    if isinstance(data.labels, Present) and isinstance(listed, tuple):
        strange = [label for label in listed if label not in shown]
        if strange and shown.issubset(listed):  # else they may just be spelt otherwise
            message = f"no training row has the label {_named(strange)}"
            yield Report(message, data.labels.key, data.labels.path)
    for held in (data.eval, data.test):
        for t in _told(context, held) or ():
            strange = [label for label in t.labels if label not in shown]
            if strange:
                where = place(t.path, t.survey, t.labels[strange[0]][1])
                message = f"{where}: no training row has the label {_named(strange)}"
                yield Report(message, t.path.span, t.path.path, related=_trained_on(context, told))


def label_not_evaluated(context: Context) -> Iterator[Report]:
    """Labels that are trained on and missing where the model is evaluated."""
    data = context.workflow.data
    told = _told(context, data.train)
    if not told or not all(t.labels for t in told):
        return
    shown = list(dict.fromkeys(label for t in told for label in t.labels))
    for name, held in (("eval", data.eval), ("test", data.test)):
        found = _told(context, held)
        if not found or len(shown) > _MOST_LABELS or not all(t.labels for t in found):
            continue
        missing = [label for label in shown if not any(label in t.labels for t in found)]
        if missing and len(missing) < len(shown):
            path = found[0].path
            message = (
                f"no row of `data.{name}` has the label {_named(missing)}, "
                "so nothing is known of how well it is told"
            )
            yield Report(message, path.span, path.path, related=_trained_on(context, told))


def labels_unbalanced(context: Context) -> Iterator[Report]:
    """A label that nearly all training rows have."""
    told = _told(context, context.workflow.data.train)
    if not told or not all(t.labels for t in told):
        return
    rows: dict[str, int] = {}
    for t in told:
        for label, (count, _) in t.labels.items():
            rows[label] = rows.get(label, 0) + count
    total, (most, count) = sum(rows.values()), max(rows.items(), key=lambda item: item[1])
    if len(rows) > 1 and total >= _ENOUGH and count >= _MAJORITY * total:
        path = told[0].path
        message = (
            f"{count:,} of {total:,} training rows have the label `{_short(most)}`: a model that "
            "always says so is right as often; go by `f1`, or even the rows out"
        )
        yield Report(message, path.span, path.path)


def labels_contradict(context: Context, source: Source) -> Iterator[Report]:
    """The same prompt with one label here and another there."""
    if context.effective(context.workflow.task) != "classification":
        return
    found = sound(context, source)
    if found is None or not found[1].given or found[2].contradicted is None:
        return
    path, _, survey = found
    again = found[2].contradicted
    message = (
        f"{place(path, survey, again.at)} has the prompt of {spot(survey, again.of)} and another "
        f"label ({share(again.rows, survey, exact=survey.exact)})"
    )
    yield Report(message, path.span, path.path)


def of_survey(context: Context, view: View, survey: Survey) -> dict[str, tuple[int, int]] | None:
    """Each label as the run will spell it: its rows and the place of the first.

    None where there are too many to tell.
    """
    kept = _kept(context)
    if id(survey) not in kept:
        kept[id(survey)] = survey, _rendered(context, view, survey)
    return kept[id(survey)][1]


@lru_cache(maxsize=4)
def _kept(_: Context) -> dict[int, tuple[Survey, dict[str, tuple[int, int]] | None]]:
    return {}


def _rendered(context: Context, view: View, survey: Survey) -> dict[str, tuple[int, int]] | None:
    written = context.effective(context.workflow.data.completion_template)
    if survey.labels is None or isinstance(written, Wrong):
        return None
    try:
        template = parse(written) if written is not None and view.messages is None else None
    except TemplateError:
        return None
    found: dict[str, tuple[int, int]] = {}
    for label in survey.labels:
        row = dict(zip(view.learnt, label.values, strict=False))
        text = (template.render(row) if template else label.values[0]).strip()
        rows, at = found.get(text, (0, label.at))
        found[text] = (rows + label.rows, at)
    return found


def _told(context: Context, listed: Setting[Sequence[Source]]) -> list[_Told] | None:
    """What the sources of a classification say; None where that is not known of all of them."""
    if context.effective(context.workflow.task) != "classification":
        return None
    if not isinstance(listed, Present) or len(listed.value) > _MOST_SOURCES:
        return [] if isinstance(listed, Missing) else None
    told: list[_Told] = []
    for source in islice(listed.value, _MOST_SOURCES):
        found = sound(context, source)
        if found is None or not found[2].whole or _is_text(found[1]):
            return None
        path, view, survey = found
        labels = of_survey(context, view, survey)
        told.append(_Told(source, path, survey, survey.answers, labels or {}))
    return told


def _is_text(view: View) -> bool:
    return not view.given and view.messages is None


def _held_out(context: Context, told: Sequence[_Told]) -> int:
    """How many training rows may be held out, and take their labels along."""
    data = context.workflow.data
    kept: dict[Literal["eval", "test"], Setting[float]] = {
        "eval": data.val_size,
        "test": data.test_size,
    }
    shares = [
        context.effective(size)
        for name, size in kept.items()
        if not isinstance(getattr(data, name), Present)
    ]
    rows = sum(t.survey.rows for t in told)
    return sum(rows if isinstance(s, Wrong) else int(rows * s) + 1 for s in shares)


def _trained_on(context: Context, told: Sequence[_Told]) -> tuple[Related, ...]:
    return tuple(
        Related("the training rows are named here", t.path.span)
        for t in told[:1]
        if not context.reading.overridden(t.path.path)
    )


def _named(labels: Sequence[str]) -> str:
    shown = all_of(_short(label) for label in labels[:_MOST_NAMED])
    more = len(labels) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def _short(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= _LONGEST and line == text else f"{line[: _LONGEST - 1]}…"
