"""Rules about the base model."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pitchpipe.checks.report import Report
from pitchpipe.context import Context
from pitchpipe.facts import FileFact, ModelFact, json_type
from pitchpipe.findings import Edit, Fix
from pitchpipe.paths import is_path
from pitchpipe.suggest import nearest
from pitchpipe.workflow import Present, Wrong

_HUB_NAME = re.compile(r"(?:[\w.-]+/)?[\w.-]+")


def model_not_found(context: Context) -> Iterator[Report]:
    """A model that is meant as a folder, which isn't there or holds no model."""
    name = context.workflow.model.name_or_path
    if not isinstance(name, Present):
        return
    found = context.file(name.value)
    if found is None:
        return
    if not found.exists:
        yield from _absent(context, name, found)
    elif not found.is_dir:
        message = f"`{name.value}` is a file; name the folder that holds `config.json`"
        yield Report(message, name.span, name.path)
    else:
        model = context.facts.model(context.resolve(name.value).absolute)
        if isinstance(model, ModelFact) and not model.has_config:
            message = f"the folder `{name.value}` holds no model: it has no readable `config.json`"
            yield Report(message, name.span, name.path)


def model_taken_for_hub_name(context: Context) -> Iterator[Report]:
    """A name that the hub would be asked for, though a folder is there that is called nearly so."""
    name = context.workflow.model.name_or_path
    if not isinstance(name, Present) or is_path(name.value) or "/" not in name.value:
        return
    found = context.file(name.value)
    if found and not found.exists and _HUB_NAME.fullmatch(name.value):
        near, fix = _near(context, name, found)
        if near:
            message = (
                f"no folder `{name.value}`, so the hub is asked for it; did you mean `{near}`?"
            )
            yield Report(message, name.span, name.path, fix)


def tokenizer_not_found(context: Context) -> Iterator[Report]:
    """A model folder without a tokenizer."""
    model = context.local_model()
    name = context.workflow.model.name_or_path
    if isinstance(name, Present) and model and model.has_config and not model.has_tokenizer:
        message = f"the folder `{name.value}` holds no tokenizer, such as `tokenizer.json`"
        yield Report(message, name.span, name.path)


def chat_template_missing(context: Context) -> Iterator[Report]:
    """A chat template that is wanted where the model has none, or where it is turned off."""
    setting = context.workflow.data.chat_template
    choice = context.effective(setting)
    if isinstance(choice, Wrong):
        return
    model = context.local_model()
    lacking = model is not None and model.has_tokenizer and not model.has_chat_template
    if choice == "tokenizer" and lacking:
        message = "the model's tokenizer has no chat template; use `auto` or `none`"
        yield Report(message, setting.span, setting.path)
        return
    if choice != "none" and not lacking:
        return
    why = "`chat_template` is `none`" if choice == "none" else "the model has none"
    for source, path, table in context.tables():
        if context.row_format(source, table) == "messages":
            message = f"the messages in `{path.value}` need a chat template, and {why}"
            yield Report(message, setting.span if choice == "none" else path.span, setting.path)
            return


def quantized_base_already(context: Context) -> Iterator[Report]:
    """A base model whose stored weights are quantized, or said to be in no way that is known."""
    name, config = context.workflow.model.name_or_path, context.model_config()
    if not isinstance(name, Present) or config is None:
        return
    if config.quantization is None:
        said = config.config.get("quantization_config")
        if said and not isinstance(said, dict):
            message = f"`quantization_config` of `{name.value}` is a JSON {json_type(said)}"
            yield Report(f"{message}, not an object that says how", name.span, name.path)
        return
    message = f"the weights of `{name.value}` are stored quantized: {config.quantization}"
    if context.effective(context.workflow.method.type) == "full":
        message += "; quantized weights can't be trained in full"
    else:
        message += "; an adapter merged into them is rounded again"
    yield Report(f"{message}, so take the model that it was made from", name.span, name.path)


def model_not_causal(context: Context) -> Iterator[Report]:
    """A model of a type that has no causal language model, which is what is trained."""
    model = context.workflow.model
    own_code = context.effective(model.trust_remote_code)
    if not isinstance(model.name_or_path, Present) or own_code is not False:
        return
    if context.shape() is not None:
        return
    shape = context.shape(head=None)
    if shape is not None and shape.exact and shape.head != "causal-lm":
        name, kind = model.name_or_path, shape.model_type
        message = (
            f"`{name.value}` is a `{kind}` ({shape.class_name}), which is no causal language model"
        )
        yield Report(f"{message}; nothing else can be trained", name.span, name.path)


def max_length_over_context(context: Context) -> Iterator[Report]:
    """Rows that may be longer than the model has positions for."""
    setting, config = context.workflow.data.max_length, context.model_config()
    length = context.effective(setting)
    if config is None or config.context_length is None or isinstance(length, Wrong):
        return
    if length > config.context_length:
        what = "`max_length`" if isinstance(setting, Present) else "the default of `max_length`"
        message = (
            f"{what} is {length}, and the model's context ends at {config.context_length} tokens; "
            "rows are held to that"
        )
        scalar = context.reading.scalar(setting.path)
        limit = str(config.context_length)
        fix = Fix(f"Write `{limit}`", (Edit(scalar.span, limit),)) if scalar else None
        yield Report(message, setting.span, setting.path, fix)


def _absent(context: Context, name: Present[str], found: FileFact) -> Iterator[Report]:
    if is_path(name.value):
        message = f"there is no folder `{name.value}`"
        near, fix = _near(context, name, found)
        if near:
            yield Report(f"{message}; did you mean `{near}`?", name.span, name.path, fix)
            return
        where = context.resolve(name.value).absolute
        beside = f" (`{where}`)" if where != name.value else ""
        yield Report(message + beside, name.span, name.path)
    elif not _HUB_NAME.fullmatch(name.value):
        message = f"`{name.value}` is neither a folder nor a name on the hub, such as `owner/model`"
        yield Report(message, name.span, name.path)


def _near(context: Context, name: Present[str], found: FileFact) -> tuple[str | None, Fix | None]:
    """A folder or file that does exist, spelt as the name was, and the change to it."""
    folder, _, last = name.value.rpartition("/")
    near = nearest(last, found.siblings)
    if near is None:
        return None, None
    full = f"{folder}/{near}" if "/" in name.value else near
    scalar = context.reading.scalar(name.path)
    return full, Fix(f"Write `{full}`", (Edit(scalar.span, full),)) if scalar else None
