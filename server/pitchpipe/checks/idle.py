"""Settings of models, rows and evaluations that another makes pointless; see `effects`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pitchpipe.checks.extent import few
from pitchpipe.context import Context
from pitchpipe.workflow import Present, Setting, Wrong


def idle_in_model(context: Context) -> Iterator[tuple[Setting[Any], str]]:
    """Of a folder there is one state, and of a class of transformers' own no other code."""
    model = context.workflow.model
    name = model.name_or_path
    if not isinstance(name, Present):
        return
    if isinstance(model.revision, Present) and model.revision.value != "main":
        found = context.file(name.value)
        if found is not None and found.is_dir:
            yield model.revision, "with a folder, which has one state alone"
    if brings_no_code(context) and context.effective(model.trust_remote_code) is True:
        yield model.trust_remote_code, "on this model, which brings no code of its own"


def idle_in_rows(context: Context) -> Iterator[tuple[Setting[Any], str]]:
    """Texts are learnt whole and never wrapped in a chat template; packs have about one length."""
    data, order = context.workflow.data, context.workflow.training.train_sampling_strategy
    if context.effective(data.packing) is True and context.effective(order) == "group_by_length":
        yield order, "with `data.packing: true`, whose packs are about equally long"
    learnt = isinstance(data.loss_on, Present) and data.loss_on.value != "all"
    wrapped = isinstance(data.chat_template, Present) and data.chat_template.value == "tokenizer"
    if (learnt or wrapped) and _texts_alone(context):
        if learnt:
            yield data.loss_on, "on rows that are texts, which are learnt whole"
        if wrapped:
            yield data.chat_template, "on rows that are texts"


def idle_in_evaluation(context: Context) -> Iterator[tuple[Setting[Any], str]]:
    """Evaluations where there are no rows, the length of answers where none is generated."""
    training, data = context.workflow.training, context.workflow.data
    listed = context.effective(data.eval)
    if context.effective(data.val_size) == 0 and not listed and not isinstance(listed, Wrong):
        strategy = training.eval_strategy
        if isinstance(strategy, Present) and strategy.value != "no":
            yield strategy, "where no rows are held out (`val_size: 0`)"
    evaluate = context.workflow.evaluate
    metrics, task = context.effective(evaluate.metrics), context.effective(context.workflow.task)
    if isinstance(metrics, Wrong) or context.effective(evaluate.generations) != 0:
        return
    answers = task != "text-generation" if metrics is None else "exact_match" in metrics
    if not answers:
        yield evaluate.max_new_tokens, "where nothing is generated (`generations: 0`)"


def brings_no_code(context: Context) -> bool:
    """Whether the model is known to be one of transformers' own."""
    config = context.model_config()
    return config is not None and config.source.kind == "config" and not config.remote_code


def _texts_alone(context: Context) -> bool:
    sources = few(context.workflow.data.train)
    found = [(source, context.rows(source)) for source in sources]
    kinds = {rows and context.row_format(source, rows[1]) for source, rows in found}
    return kinds == {"text"}
