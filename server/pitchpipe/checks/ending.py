"""Rules about how rows end, for a model that is never shown an end never stops.

The run puts the tokenizer's end token behind every row that doesn't end in a special token
(`pitchpipe_runner.render.tokens`), so no template need write one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pitchpipe.checks.report import Report
from pitchpipe.checks.templates import within
from pitchpipe.context import Context
from pitchpipe.facts import ModelFact
from pitchpipe.findings import Edit, Fix
from pitchpipe.workflow import Present, Setting

_LIKE_AN_END = re.compile(
    r"</s>|<\|(?:endoftext|end_of_text|im_end|eot_id|eom_id|end|eos|eot)\|>|<end_of_turn>|<eos>"
    r"|<EOS(?:_TOKEN)?>|\[EOS\]|<\|EOS\|>",
)


def no_end_token(context: Context) -> Iterator[Report]:
    """A tokenizer without an end token, where no chat template ends the rows instead."""
    model, name = context.local_model(), context.workflow.model.name_or_path
    if model is None or model.has_end_token is not False or not isinstance(name, Present):
        return
    if _in_chat(context, model) or _written_end(context, model):
        return
    message = (
        f"the tokenizer of `{name.value}` names no end token, so nothing is put behind the rows "
        "and the model never learns to stop; name one as `eos_token` in `tokenizer_config.json`"
    )
    yield Report(message, name.span, name.path)


def end_token_unknown(context: Context) -> Iterator[Report]:
    """An end token in a template that is none of this model's, so that it is learnt as letters."""
    model, name = context.local_model(), context.workflow.model.name_or_path
    if model is None or not model.special_tokens or not isinstance(name, Present):
        return
    for setting in _learnt(context):
        if not isinstance(setting, Present) or setting.value is None:
            continue
        for match in _LIKE_AN_END.finditer(setting.value):
            if match[0] in model.special_tokens:
                continue
            written = Present(setting.value, setting.span, setting.key, setting.path)
            span = within(context, written, match.start(), match.end())
            message = (
                f"`{match[0]}` is no token of `{name.value}`: it would be learnt letter by letter; "
                "the run itself puts the model's own end token behind each row"
            )
            fix = Fix(f"Remove `{match[0]}`", (Edit(span, ""),)) if span else None
            yield Report(message, span or setting.span, setting.path, fix)


def _in_chat(context: Context, model: ModelFact) -> bool:
    """Whether the rows may be conversations, which their template ends."""
    data = context.workflow.data
    text = context.effective(data.text_template)
    return (
        model.has_chat_template
        and context.effective(data.chat_template) != "none"
        and not isinstance(text, str)
    )


def _written_end(context: Context, model: ModelFact) -> bool:
    return any(
        isinstance(text, str) and any(text.rstrip().endswith(t) for t in model.special_tokens)
        for text in map(context.effective, _learnt(context))
    )


def _learnt(context: Context) -> tuple[Setting[str | None], ...]:
    data = context.workflow.data
    return data.completion_template, data.text_template
