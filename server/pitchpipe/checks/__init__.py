"""The rules, one function each.

To add one: write it in its family's file, list it here, give it a page and fixtures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from pitchpipe.checks import (
    columns,
    effects,
    environment,
    foreign,
    keys,
    memory,
    model,
    sources,
    templates,
    training,
    values,
)
from pitchpipe.checks.data import RULES as OF_DATA
from pitchpipe.checks.report import Report
from pitchpipe.checks.rule import Rule
from pitchpipe.checks.settings import RULES as OF_SETTINGS
from pitchpipe.context import Context
from pitchpipe.findings import Severity, Tag
from pitchpipe.workflow import Missing

if TYPE_CHECKING:
    from pitchpipe.silencing import Outcome

_ERROR, _WARNING, _HINT = Severity.ERROR, Severity.WARNING, Severity.HINT

_SELECTING = (
    "target_modules",
    "exclude_modules",
    "target_parameters",
    "layers_to_transform",
    "layers_pattern",
    "rank_pattern",
    "alpha_pattern",
    "modules_to_save",
)


def _of_comments(rule: str) -> Callable[[Context, Outcome], Iterable[Report]]:
    """A rule about comments that silence findings, which most files have none of."""

    def find(context: Context, outcome: Outcome) -> Iterable[Report]:
        return getattr(import_module("pitchpipe.checks.ignores"), rule)(context, outcome)

    return find


def _adapters(family: str, rule: str) -> Callable[[Context], Iterable[Report]]:
    """A rule about adapters, whose file is imported when a file says or a model has something.

    With what it imports that takes longer than most files take to check.
    """

    def find(context: Context) -> Iterable[Report]:
        method = context.workflow.method
        known = context.shape() is not None  # asked first: where nobody knows yet, that is all
        written = any(not isinstance(getattr(method, key), Missing) for key in _SELECTING)
        if written or known:
            return getattr(import_module(f"pitchpipe.checks.{family}"), rule)(context)
        return ()

    return find


RULES = (
    Rule("yaml-syntax", _ERROR),
    Rule("tab-indentation", _ERROR),
    Rule("duplicate-key", _ERROR),
    Rule("multiple-documents", _ERROR),
    Rule("non-string-key", _ERROR),
    Rule("undefined-alias", _ERROR),
    Rule("recursive-alias", _ERROR),
    Rule("merge-of-no-mapping", _ERROR),
    Rule("nesting-too-deep", _ERROR),
    Rule("alias-expansion", _ERROR),
    Rule("unknown-key", _ERROR, keys.unknown_key, foreign=True),
    Rule("ignored-key", _WARNING, keys.ignored_key, foreign=True, tags=(Tag.UNNECESSARY,)),
    Rule("missing-required", _ERROR, keys.missing_required, foreign=True),
    Rule("wrong-type", _ERROR, values.wrong_type, foreign=True),
    Rule("out-of-range", _ERROR, values.out_of_range, foreign=True),
    Rule("invalid-value", _ERROR, values.invalid_value, foreign=True),
    Rule("yaml11-float", _WARNING, values.yaml11_float, values.source_yaml11_float, foreign=True),
    Rule("refused-by-tool", _ERROR, foreign.refused_by_tool, foreign=True),
    Rule("deprecated-key", _HINT, foreign.deprecated_key, foreign=True, tags=(Tag.DEPRECATED,)),
    Rule("runner-cannot", _WARNING, foreign.runner_cannot, foreign=True),
    Rule("read-otherwise", _HINT, foreign.read_otherwise, foreign=True),
    Rule("incomplete-workflow", _HINT, foreign.incomplete_workflow, foreign=True),
    Rule("not-carried-over", _HINT, foreign.not_carried_over, foreign=True),
    Rule(
        "unset-environment-variable",
        _ERROR,
        environment.unset_environment_variable,
        environment.source_unset_environment_variable,
    ),
    Rule("unknown-device", _WARNING, environment.unknown_device),
    Rule("model-not-found", _ERROR, model.model_not_found),
    Rule("model-not-causal", _ERROR, model.model_not_causal),
    Rule("model-taken-for-hub-name", _WARNING, model.model_taken_for_hub_name),
    Rule("tokenizer-not-found", _ERROR, model.tokenizer_not_found),
    Rule("chat-template-missing", _ERROR, model.chat_template_missing),
    Rule("quantized-base-already", _WARNING, model.quantized_base_already),
    Rule("max-length-over-context", _WARNING, model.max_length_over_context),
    Rule("target-module-not-found", _ERROR, _adapters("targets", "target_module_not_found")),
    Rule("target-matches-nothing", _ERROR, _adapters("targets", "target_matches_nothing")),
    Rule("target-pattern-invalid", _ERROR, _adapters("patterns", "target_pattern_invalid")),
    Rule("target-refused", _ERROR, _adapters("targets", "target_refused")),
    Rule("pattern-matches-nothing", _WARNING, _adapters("patterns", "pattern_matches_nothing")),
    Rule("target-hits-head-or-tower", _WARNING, _adapters("targets", "target_hits_head_or_tower")),
    Rule("rank-over-dimension", _WARNING, _adapters("targets", "rank_over_dimension")),
    Rule("expert-weights-frozen", _HINT, _adapters("targets", "expert_weights_frozen")),
    Rule("low-coverage", _WARNING, _adapters("targets", "low_coverage")),
    Rule("tied-head-saved", _WARNING, _adapters("targets", "tied_head_saved")),
    Rule("does-not-fit", _WARNING, memory.does_not_fit),
    Rule("data-source-ambiguous", _ERROR, of_source=sources.data_source_ambiguous),
    Rule("data-file-not-found", _ERROR, of_source=sources.data_file_not_found),
    Rule("data-unreadable", _ERROR, of_source=sources.data_unreadable),
    Rule("data-not-read", _HINT, of_source=sources.data_not_read),
    Rule("data-empty", _ERROR, of_source=sources.data_empty),
    Rule("split-invalid", _ERROR, of_source=sources.split_invalid),
    Rule("unknown-split", _ERROR, of_source=sources.unknown_split),
    Rule("column-not-found", _ERROR, of_source=columns.column_not_found),
    Rule("column-wrong-type", _ERROR, of_source=columns.column_wrong_type),
    Rule(
        "stratify-column-not-found", _ERROR, of_source=columns.stratify_column_not_found, first=True
    ),
    Rule("label-not-in-data", _WARNING, of_source=columns.label_not_in_data),
    Rule("template-syntax", _ERROR, templates.template_syntax),
    Rule(
        "template-unknown-column", _ERROR, of_source=templates.template_unknown_column, first=True
    ),
    Rule("template-empty-cell", _ERROR, of_source=templates.template_empty_cell),
    Rule("best-model-strategies", _ERROR, training.best_model_strategies),
    Rule("no-evaluation-rows", _ERROR, training.no_evaluation_rows),
    Rule("classification-needs-answers", _ERROR, of_source=training.classification_needs_answers),
    Rule("metric-needs-task", _ERROR, training.metric_needs_task),
    Rule(
        "key-without-effect",
        _WARNING,
        effects.key_without_effect,
        effects.source_key_without_effect,
        tags=(Tag.UNNECESSARY,),
    ),
    *OF_DATA,
    *OF_SETTINGS,
    Rule("unknown-code", _WARNING, foreign=True, of_ignores=_of_comments("unknown_code")),
    Rule("ignore-of-error", _WARNING, foreign=True, of_ignores=_of_comments("ignore_of_error")),
    Rule(
        "unused-ignore",
        _HINT,
        foreign=True,
        of_ignores=_of_comments("unused_ignore"),
        tags=(Tag.UNNECESSARY,),
    ),
)
