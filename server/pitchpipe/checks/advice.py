"""Rules about which base model is taken, under which terms, and how it is spoken to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pitchpipe.checks.extent import few
from pitchpipe.checks.idle import brings_no_code
from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.facts import ModelFact, TableFact
from pitchpipe.model_config import text_config
from pitchpipe.paths import is_path
from pitchpipe.published import PublishedModel
from pitchpipe.workflow import Present

_BASE = re.compile(r"(?:^|[-_.])(?:base|pretrained)(?:$|[-_.])", re.IGNORECASE)
_CHAT = re.compile(r"(?:^|[-_.])(?:instruct|chat|it|sft|dpo)(?:$|[-_.])", re.IGNORECASE)
_RESTRICTED = {
    "cc-by-nc-4.0": "it forbids commercial use",
    "exaone": "it forbids commercial use",
    "mrl": "it allows research alone",
    "qwen-research": "it allows research and evaluation alone",
    "tongyi-qianwen-research": "it allows research and evaluation alone",
}
"""Of the licences in the table of published models those that forbid a common use."""

_SIZES = (
    *("hidden_size", "n_embd", "d_model"),
    *("num_hidden_layers", "n_layer", "num_layers"),
    *("num_attention_heads", "n_head"),
    *("vocab_size", "max_position_embeddings", "n_positions"),
)
_DIVIDED = {"gpt2", "gpt_neo", "gpt_neox", "bloom", "opt", "llama", "mistral", "qwen2"}
"""Types of models that split their width evenly among the heads."""


def base_model_chat_template(context: Context) -> Iterator[Report]:
    """A base model, which has never seen the marks that a chat template writes."""
    name, template = context.workflow.model.name_or_path, context.workflow.data.chat_template
    if not isinstance(name, Present) or not _BASE.search(_last(name.value)):
        return
    choice, has_one = context.effective(template), _has_chat_template(context, name.value)
    wrapped = has_one is True and choice in {"auto", "tokenizer"}
    if not (wrapped or (has_one is None and choice == "tokenizer")) or _kinds(context) <= {"text"}:
        return
    message = (
        f"`{name.value}` is a base model, which has hardly seen the marks of a chat template; take "
        "its instruct model, or write `chat_template: none` and templates of your own"
    )
    yield Report(message, name.span, name.path)


def chat_model_without_template(context: Context) -> Iterator[Report]:
    """A model that has learnt to chat, trained on rows without the marks that it knows."""
    name, template = context.workflow.model.name_or_path, context.workflow.data.chat_template
    if not isinstance(name, Present) or not _CHAT.search(_last(name.value)):
        return
    kinds = _kinds(context)
    if context.effective(template) == "none" and isinstance(template, Present):
        why, span, path = "`chat_template: none` trains it without", template.span, template.path
    elif kinds == {"text"}:
        why, span, path = "rows that are texts are learnt without", name.span, name.path
    else:
        return
    message = (
        f"`{name.value}` has learnt to answer in its chat template, and {why}; train in the "
        "template, or take the base model"
    )
    yield Report(message, span, path)


def model_restricted(context: Context) -> Iterator[Report]:
    """A model whose licence forbids a common use."""
    name, model = context.workflow.model.name_or_path, _published(context)
    if isinstance(name, Present) and model and model.license in _RESTRICTED:
        why = _RESTRICTED[model.license]
        message = f"the licence of `{name.value}` is `{model.license}`: {why}, of tuned models too"
        yield Report(message, name.span, name.path)


def model_needs_terms(context: Context) -> Iterator[Report]:
    """A model that the hub gives out to those who have accepted its terms, and that isn't here."""
    name, model = context.workflow.model.name_or_path, _published(context)
    if not isinstance(name, Present) or model is None or not model.gated:
        return
    config = context.model_config()
    if config is None or config.source.kind == "table":
        message = (
            f"the hub gives `{name.value}` only to who has accepted its terms there and brings a "
            "token (`HF_TOKEN`, or `hf auth login`)"
        )
        yield Report(message, name.span, name.path)


def remote_code(context: Context) -> Iterator[Report]:
    """Consent in a file to run a model's own code."""
    trust = context.workflow.model.trust_remote_code
    if isinstance(trust, Present) and trust.value and not brings_no_code(context):
        message = (
            "the model's own Python code would run with all your rights; read it first, and add "
            "`--trust-remote-code` to the command, for a file alone is no consent"
        )
        yield Report(message, trust.key, trust.path)


def model_config_impossible(context: Context) -> Iterator[Report]:
    """A configuration that no model can have."""
    name, config = context.workflow.model.name_or_path, context.model_config()
    if not isinstance(name, Present) or config is None:
        return
    inner = text_config(config.config)
    for key in _SIZES:
        value = inner.get(key)
        if value is not None and not isinstance(value, (list, dict)) and not _is_size(value):
            message = (
                f"`config.json` of `{name.value}` says `{key}` is {value!r}, which no model has"
            )
            yield Report(message, name.span, name.path)
            return
    yield from _uneven(name, config.model_type, inner)


def _uneven(name: Present[str], model_type: str | None, inner: Any) -> Iterator[Report]:
    heads = inner.get("num_attention_heads", inner.get("n_head"))
    pairs = [("num_key_value_heads", inner.get("num_key_value_heads"), heads)]
    if model_type in _DIVIDED and not inner.get("head_dim"):
        pairs.append(("num_attention_heads", heads, inner.get("hidden_size", inner.get("n_embd"))))
    for what, part, whole in pairs:
        if _is_size(part) and _is_size(whole) and whole % part:
            held = "attention heads" if what == "num_key_value_heads" else "numbers of its width"
            message = (
                f"`config.json` of `{name.value}` shares {whole} {held} among {part} "
                f"(`{what}`), which does not come out even"
            )
            yield Report(message, name.span, name.path)
            return


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _last(name: str) -> str:
    """A model's name without its owner, or the folder's without those above it."""
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2]


def _published(context: Context) -> PublishedModel | None:
    name = context.workflow.model.name_or_path
    if not isinstance(name, Present) or is_path(name.value) or "/" not in name.value:
        return None
    found = context.file(name.value)
    return None if found and found.is_dir else context.facts.published(name.value)


def _has_chat_template(context: Context, name: str) -> bool | None:
    local = context.local_model()
    if isinstance(local, ModelFact):
        return local.has_chat_template
    model = _published(context)
    return model.chat_template if model else None


def _kinds(context: Context) -> set[str | None]:
    """What the training rows hold, as far as it is known of few sources."""
    found: set[str | None] = set()
    for source in few(context.workflow.data.train):
        data = context.data_file(source)
        if data and isinstance(data[1], TableFact) and data[1].rows:
            found.add(context.row_format(source, data[1]))
        else:
            written = context.effective(source.format)
            found.add(written if isinstance(written, str) else None)
    return found
