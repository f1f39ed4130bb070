"""Rules about keys that another key makes pointless."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pitchpipe.checks.idle import idle_in_evaluation, idle_in_model, idle_in_rows
from pitchpipe.checks.pointing import set_here
from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.findings import Related
from pitchpipe.formats import TEMPLATED
from pitchpipe.optimizers import OPTIMIZERS
from pitchpipe.schedules import SCHEDULES
from pitchpipe.workflow import Missing, Present, Setting, Source, Workflow, Wrong

_KEYS = re.compile(r"`([a-z_][\w.]*)")


def key_without_effect(context: Context) -> Iterator[Report]:
    """A key that changes nothing, because of what another key says."""
    for setting, why in _idle(context):
        if isinstance(setting, Present):
            causes = _named(context.workflow, setting, why)
            yield _told(setting, why, set_here(context, *causes))


def source_key_without_effect(context: Context, source: Source) -> Iterator[Report]:
    """The same of a key of a source."""
    for setting, why in _idle_in_source(context, source):
        if isinstance(setting, Present):
            yield _told(setting, why)


def _told(setting: Present[Any], why: str, related: tuple[Related, ...] = ()) -> Report:
    message = f"`{setting.path[-1]}` has no effect {why}"
    return Report(message, setting.key, setting.path, related=related)


def _named(workflow: Workflow, setting: Present[Any], why: str) -> Iterator[Setting[Any]]:
    """The settings that a reason names, by their whole paths or as keys of the same section."""
    for words in _KEYS.findall(why):
        steps = words.split(".")
        for path in ((*setting.path[:-1], *steps), steps):
            found: Any = workflow
            for step in path:
                found = getattr(found, str(step), None)
            if isinstance(found, Present):
                yield found
                break


def _idle(context: Context) -> Iterator[tuple[Setting[Any], str]]:
    """Every setting that would have no effect, and why, whether or not it is written."""
    yield from _idle_in_method(context)
    yield from _idle_in_training(context)
    yield from _idle_in_data(context)
    yield from _idle_in_export(context)
    yield from idle_in_model(context)
    yield from idle_in_rows(context)
    yield from idle_in_evaluation(context)


_OF_4_BITS = ("bnb_4bit_quant_type", "bnb_4bit_use_double_quant")


def _idle_in_method(context: Context) -> Iterator[tuple[Setting[Any], str]]:
    method = context.workflow.method
    if context.effective(method.type) == "full":
        for name in context.reading.schema.keys(("method",)):
            if name != "type":
                yield getattr(method, name), "with `method.type: full`"
    elif context.effective(method.type) == "lora":
        for name in ("bits", *_OF_4_BITS):
            yield getattr(method, name), "with `method.type: lora`"
    elif context.effective(method.bits) == 8:
        for name in _OF_4_BITS:
            yield getattr(method, name), "with `method.bits: 8`"


def _idle_in_training(context: Context) -> Iterator[tuple[Setting[Any], str]]:
    training = context.workflow.training
    for verb in ("eval", "save"):
        strategy = context.effective(getattr(training, f"{verb}_strategy"))
        if strategy in {"no", "epoch", "best"}:
            default = isinstance(getattr(training, f"{verb}_strategy"), Missing)
            why = (
                f"unless `{verb}_strategy` is `steps`"
                if default
                else f"with `{verb}_strategy: {strategy}`"
            )
            yield getattr(training, f"{verb}_steps"), why
    steps = context.effective(training.max_steps)
    if not isinstance(steps, Wrong) and steps > 0:
        yield training.num_train_epochs, f"with `max_steps: {steps}`"
    schedule = context.effective(training.lr_scheduler_type)
    if not isinstance(schedule, Wrong):
        why = f"with `lr_scheduler_type: {schedule}`"
        if not SCHEDULES[schedule].warms_up:
            yield _unless_zero(training.warmup_steps), why
        if not SCHEDULES[schedule].arguments:
            yield _unless_empty(training.lr_scheduler_kwargs), why
    if context.effective(training.save_strategy) == "no":
        yield training.save_total_limit, "with `save_strategy: no`"
        yield training.save_only_model, "with `save_strategy: no`"
    if context.effective(training.eval_strategy) == "no":
        yield _unless_zero(training.eval_delay), "with `eval_strategy: no`"
    logged = context.effective(training.logging_strategy)
    if logged in {"no", "epoch"}:
        yield training.logging_steps, f"with `logging_strategy: {logged}`"
    if context.effective(training.gradient_checkpointing) is False:
        why = "without `gradient_checkpointing`"
        yield _unless_empty(training.gradient_checkpointing_kwargs), why
    yield from _idle_without_evaluations_to_go_by(context)
    yield from _idle_in_the_optimizer(context)
    device = context.effective(context.workflow.compute.device)
    if device in {"cpu", "mps"}:
        yield _unless_null(training.tf32), f"with `compute.device: {device}`"


def _idle_in_the_optimizer(context: Context) -> Iterator[tuple[Setting[Any], str]]:
    training = context.workflow.training
    optim = context.effective(training.optim)
    if isinstance(optim, Wrong):
        return
    takes, why = OPTIMIZERS[optim], f"with `optim: {optim}`"
    if not takes.arguments:
        yield _unless_null(training.optim_args), why
    if not takes.betas:
        yield training.adam_beta1, why
        yield training.adam_beta2, why
    if not takes.epsilon:
        yield training.adam_epsilon, why


def _idle_without_evaluations_to_go_by(context: Context) -> Iterator[tuple[Setting[Any], str]]:
    """What says which evaluation is better, where nobody asks."""
    training = context.workflow.training
    patience = context.effective(training.early_stopping_patience)
    if patience is None:
        yield training.early_stopping_threshold, "without `early_stopping_patience`"
    best = context.effective(training.load_best_model_at_end)
    saved = context.effective(training.save_strategy)
    schedule = context.effective(training.lr_scheduler_type)
    plain = not isinstance(schedule, Wrong) and not SCHEDULES[schedule].evaluates
    if patience is None and best is False and saved in {"no", "steps", "epoch"} and plain:
        why = "without `load_best_model_at_end`, early stopping or `save_strategy: best`"
        yield training.metric_for_best_model, why
        yield _unless_null(training.greater_is_better), why


def _idle_in_data(context: Context) -> Iterator[tuple[Setting[Any], str]]:
    data = context.workflow.data
    if isinstance(data.eval, Present) and data.eval.value:
        yield _unless_zero(data.val_size), "when `data.eval` names the rows"
    if isinstance(data.test, Present) and data.test.value:
        yield _unless_zero(data.test_size), "when `data.test` names the rows"
    task = context.effective(context.workflow.task)
    if task != "classification" and not isinstance(task, Wrong):
        yield _unless_null(data.labels), "unless the task is `classification`"
    yield from _idle_where_rows_are_plain(context)
    if _splits_nothing(context):
        yield _unless_null(data.stratify_by), "where no rows are split off"
    if isinstance(data.text_template, Present) and data.text_template.value:
        formats = (context.effective(s.format) for s in context.sources())
        if "prompt-completion" not in formats:
            for setting in (data.prompt_template, data.completion_template):
                yield _unless_null(setting), "beside `text_template`, for the rows are texts then"


def _idle_in_source(context: Context, source: Source) -> Iterator[tuple[Setting[Any], str]]:
    if isinstance(source.path, Present) and isinstance(source.dataset_name, Missing):
        yield _unless_null(source.dataset_config), "with `path`"
    for part in TEMPLATED:
        if context.effective(getattr(context.workflow.data, f"{part}_template")) is not None:
            yield context.part_column(source, part), f"beside `data.{part}_template`"


def _idle_where_rows_are_plain(context: Context) -> Iterator[tuple[Setting[Any], str]]:
    """A system message is one of a conversation, which a chat template writes."""
    system = _unless_null(context.workflow.data.system_prompt)
    if not isinstance(system, Present):
        return
    template = context.effective(context.workflow.data.chat_template)
    model = context.local_model()
    if template == "none":
        yield system, "with `chat_template: none`"
    elif template == "auto" and model and model.has_tokenizer and not model.has_chat_template:
        yield system, "without a chat template, and the model has none"
    elif _all_are_texts(context):
        yield system, "on rows that are texts"


def _all_are_texts(context: Context) -> bool:
    formats = (context.row_format(source, table) for source, _, table in context.tables())
    first = next(formats, None)
    return first == "text" and all(kind == "text" for kind in formats)


def _splits_nothing(context: Context) -> bool:
    """Whether evaluation and test rows are all listed, or not wanted."""
    data = context.workflow.data
    for share, listed in ((data.val_size, data.eval), (data.test_size, data.test)):
        wanted = context.effective(share)
        if isinstance(wanted, Wrong) or isinstance(listed, Wrong):
            return False
        if wanted > 0 and not context.effective(listed):
            return False
    return True


def _idle_in_export(context: Context) -> Iterator[tuple[Setting[Any], str]]:
    export = context.workflow.export
    if context.effective(export.format) == "none":
        yield export.precision, "with `export.format: none`"
        yield export.device, "with `export.format: none`"


def _unless_null(setting: Setting[Any]) -> Setting[Any]:
    """Null says nothing, so it can't be said in vain."""
    if isinstance(setting, Present) and setting.value is None:
        return Missing(setting.span, setting.path)
    return setting


def _unless_zero(setting: Setting[float]) -> Setting[float]:
    """A share of 0 says what is the case anyway."""
    if isinstance(setting, Present) and setting.value == 0:
        return Missing(setting.span, setting.path)
    return setting


def _unless_empty(setting: Setting[dict[str, Any]]) -> Setting[dict[str, Any]]:
    if isinstance(setting, Present) and not setting.value:
        return Missing(setting.span, setting.path)
    return setting
