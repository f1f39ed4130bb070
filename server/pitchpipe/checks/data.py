"""The rules about what the rows hold, for the registry."""

from __future__ import annotations

from pitchpipe.checks import ending, labels, leakage, lengths, rows
from pitchpipe.checks.rule import Rule
from pitchpipe.findings import Severity

_ERROR, _WARNING, _HINT = Severity.ERROR, Severity.WARNING, Severity.HINT

RULES = (
    Rule("empty-rows", _WARNING, of_source=rows.empty_rows),
    Rule("duplicate-rows", _HINT, of_source=rows.duplicate_rows),
    Rule("roles-out-of-order", _WARNING, of_source=rows.roles_out_of_order),
    Rule("garbled-text", _WARNING, of_source=rows.garbled_text),
    Rule("rows-in-two-splits", _WARNING, leakage.rows_in_two_splits),
    Rule("labels-unusable", _ERROR, labels.labels_unusable),
    Rule("label-never-trained", _WARNING, labels.label_never_trained),
    Rule("label-not-evaluated", _HINT, labels.label_not_evaluated),
    Rule("labels-unbalanced", _HINT, labels.labels_unbalanced),
    Rule("labels-contradict", _WARNING, of_source=labels.labels_contradict),
    Rule("rows-over-max-length", _WARNING, lengths.rows_over_max_length),
    Rule("one-packed-sequence", _HINT, lengths.one_packed_sequence),
    Rule("no-end-token", _WARNING, ending.no_end_token),
    Rule("end-token-unknown", _WARNING, ending.end_token_unknown),
)
