"""The rules about what the rows hold, for the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module

from pitchpipe.checks import lengths, rows
from pitchpipe.checks.report import Report
from pitchpipe.checks.rule import Rule
from pitchpipe.context import Context
from pitchpipe.findings import Severity
from pitchpipe.workflow import Present, Source

_ERROR, _WARNING, _HINT = Severity.ERROR, Severity.WARNING, Severity.HINT


# Importing a family takes as long as going through some hundred rows, and most files need few.


def _labels(rule: str) -> Callable[[Context], Iterable[Report]]:
    return _of("labels", rule, _classifies)


def _of(
    family: str, rule: str, may_find: Callable[[Context], bool]
) -> Callable[[Context], Iterable[Report]]:
    """A rule of a family that is imported where it may find something."""

    def find(context: Context) -> Iterable[Report]:
        if may_find(context):
            return getattr(import_module(f"pitchpipe.checks.{family}"), rule)(context)
        return ()

    return find


def _classifies(context: Context) -> bool:
    return context.effective(context.workflow.task) == "classification"


def _holds_out(context: Context) -> bool:
    data = context.workflow.data
    return isinstance(data.eval, Present) or isinstance(data.test, Present)


def _has_local_model(context: Context) -> bool:
    return context.local_model() is not None


def _labels_contradict(context: Context, source: Source) -> Iterable[Report]:
    """The same prompt with one label here and another there."""
    if not _classifies(context):
        return ()
    return import_module("pitchpipe.checks.labels").labels_contradict(context, source)


RULES = (
    Rule("empty-rows", _WARNING, of_source=rows.empty_rows),
    Rule("duplicate-rows", _HINT, of_source=rows.duplicate_rows),
    Rule("roles-out-of-order", _WARNING, of_source=rows.roles_out_of_order),
    Rule("garbled-text", _WARNING, of_source=rows.garbled_text),
    Rule("rows-in-two-splits", _WARNING, _of("leakage", "rows_in_two_splits", _holds_out)),
    Rule("labels-unusable", _ERROR, _labels("labels_unusable")),
    Rule("label-never-trained", _WARNING, _labels("label_never_trained")),
    Rule("label-not-evaluated", _HINT, _labels("label_not_evaluated")),
    Rule("labels-unbalanced", _HINT, _labels("labels_unbalanced")),
    Rule("labels-contradict", _WARNING, of_source=_labels_contradict),
    Rule("rows-over-max-length", _WARNING, lengths.rows_over_max_length),
    Rule("one-packed-sequence", _HINT, lengths.one_packed_sequence),
    Rule("no-end-token", _WARNING, _of("ending", "no_end_token", _has_local_model)),
    Rule("end-token-unknown", _WARNING, _of("ending", "end_token_unknown", _has_local_model)),
)
