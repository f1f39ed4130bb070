"""The rules about settings that are sound each by itself."""

from __future__ import annotations

from pitchpipe.checks import (
    advice,
    arguments,
    exporting,
    habits,
    holding,
    mixing,
    output,
    precision,
    prompting,
    steps,
)
from pitchpipe.checks.rule import Rule
from pitchpipe.findings import Severity

_ERROR, _WARNING, _HINT = Severity.ERROR, Severity.WARNING, Severity.HINT

RULES = (
    Rule("warmup-over-steps", _WARNING, steps.warmup_over_steps),
    Rule("interval-over-steps", _WARNING, steps.interval_over_steps),
    Rule("no-whole-batch", _ERROR, steps.no_whole_batch),
    Rule("patience-over-evaluations", _WARNING, steps.patience_over_evaluations),
    Rule("batch-over-epoch", _WARNING, steps.batch_over_epoch),
    Rule("learning-rate-unusual", _HINT, habits.learning_rate_unusual),
    Rule("validation-share", _HINT, habits.validation_share),
    Rule("overfitting-likely", _HINT, habits.overfitting_likely),
    Rule("argument-not-taken", _ERROR, arguments.argument_not_taken),
    Rule("argument-missing", _ERROR, arguments.argument_missing),
    Rule("evaluations-unused", _HINT, habits.evaluations_unused),
    Rule("alpha-far-from-rank", _HINT, habits.alpha_far_from_rank),
    Rule("float16-without-gpu", _ERROR, precision.float16_without_gpu),
    Rule("mixed-precision-contradicts", _ERROR, mixing.mixed_precision_contradicts),
    Rule("bfloat16-unsuited", _WARNING, precision.bfloat16_unsuited),
    Rule("flash-attention-unsuited", _ERROR, precision.flash_attention_unsuited),
    Rule("target-contradicts-device", _WARNING, precision.target_contradicts_device),
    Rule("nothing-left-to-train", _ERROR, holding.nothing_left_to_train),
    Rule("evaluation-on-training-rows", _WARNING, holding.evaluation_on_training_rows),
    Rule("source-twice", _WARNING, holding.source_twice),
    Rule("nothing-to-measure", _WARNING, holding.nothing_to_measure),
    Rule("template-constant", _WARNING, prompting.template_constant),
    Rule("template-holds-answer", _WARNING, prompting.template_holds_answer),
    Rule("output-dir-is-file", _ERROR, output.output_dir_is_file),
    Rule("output-dir-among-inputs", _WARNING, output.output_dir_among_inputs),
    Rule("base-model-chat-template", _HINT, advice.base_model_chat_template),
    Rule("chat-model-without-template", _HINT, advice.chat_model_without_template),
    Rule("model-restricted", _HINT, advice.model_restricted),
    Rule("model-needs-terms", _HINT, advice.model_needs_terms),
    Rule("remote-code", _HINT, advice.remote_code),
    Rule("model-config-impossible", _ERROR, advice.model_config_impossible),
    Rule("export-not-buildable", _WARNING, exporting.export_not_buildable),
    Rule("packed-rows-mix", _HINT, exporting.packed_rows_mix),
)
