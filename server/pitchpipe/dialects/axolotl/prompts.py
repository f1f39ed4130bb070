"""How Axolotl's dataset types turn rows into texts.

The wording is that of the data sets' own authors, which models were trained with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pitchpipe.syntax.nodes import Data


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as the workflow's `prompt_template`; `plain` is that of rows without an input.

    `optional` is the column that rows may lack, None where there is none.
    """

    template: str
    plain: str
    completion: str
    optional: str | None = "input"


Kind = Prompt | Literal["messages", "text", "preferences"]

_WITH = (
    "Below is an instruction that describes a task, paired with an input that provides further "
    "context. Write a response that appropriately completes the request."
)
_WITHOUT = (
    "Below is an instruction that describes a task. "
    "Write a response that appropriately completes the request."
)
_CONCISE_WITH = (
    "Below is an instruction from a USER that describes a task, paired with an input that provides "
    "further context. The ASSISTANT writes a response that concisely and appropriately completes "
    "the request.\n\n"
)
_CONCISE_WITHOUT = (
    "Below is an instruction from a USER that describes a task. The ASSISTANT writes a response "
    "that appropriately and concisely completes the request.\n\n"
)
_STYLES: Mapping[str, tuple[str, str, str]] = {
    "instruct": (
        "{system}\n\n",
        "### Instruction:\n{instruction}\n\n### Input:\n{input}\n\n### Response:\n",
        "### Instruction:\n{instruction}\n\n### Response:\n",
    ),
    "chat": (
        "SYSTEM: {system}\n",
        "USER: {instruction}\n{input}\nASSISTANT:",
        "USER: {instruction}\nASSISTANT:",
    ),
    "chatml": (
        "<|im_start|>system\n{system}<|im_end|>\n",
        "<|im_start|>user\n{instruction}\n{input}<|im_end|>\n<|im_start|>assistant\n",
        "<|im_start|>user\n{instruction}<|im_end|>\n<|im_start|>assistant\n",
    ),
    "phi": (
        "<|system|>\n{system}<|end|>\n",
        "<|user|>\n{instruction}<|end|>{input}<|assistant|>",
        "<|user|>\n{instruction}<|end|>\n<|assistant|>\n",
    ),
}
"""Of each style: the system prompt, a turn with an input, and one without."""


def _alpaca(style: str, with_input: str = _WITH, without: str = _WITHOUT) -> Prompt:
    system, turn, plain = _STYLES[style]
    return Prompt(
        _head(system, with_input) + turn, _head(system, without) + plain, completion="output"
    )


def _head(system: str, prompt: str) -> str:
    return system.replace("{system}", prompt) if prompt else ""


def _asked(prompt: Prompt, question: str, answer: str) -> Prompt:
    """The prompt without an input, of rows that call question and answer so."""
    plain = prompt.plain.replace("{instruction}", "{" + question + "}")
    return Prompt(plain, plain, answer, optional=None)


_CONCISE = _alpaca("chat", _CONCISE_WITH, _CONCISE_WITHOUT)
_BARE = Prompt("{instruction} {input} ", "{instruction} ", "output")
_TYPES: Mapping[str, Kind] = {
    "alpaca": _alpaca("instruct"),
    "alpaca:instruct": _alpaca("instruct"),
    "alpaca:chat": _alpaca("chat"),
    "alpaca:chatml": _alpaca("chatml"),
    "alpaca:phi": _alpaca("phi"),
    "alpaca_instruct": _alpaca("instruct"),
    "alpaca_instruct.load_no_prompt": _alpaca("instruct", "", ""),
    "alpaca_chat": _alpaca("chat"),
    "alpaca_chat.load_concise": _CONCISE,
    "alpaca_chat.load_no_prompt": _alpaca("chat", "", ""),
    "alpaca_chat.load_qa": _asked(_CONCISE, "question", "answer"),
    "alpaca_chat.load_camel_ai": _asked(_CONCISE, "message_1", "message_2"),
    "gpteacher": replace(_alpaca("instruct", "", ""), completion="response"),
    "gpteacher:chat": replace(_alpaca("chat", "", ""), completion="response"),
    "completion": "text",
    "pretrain": "text",
    "chat_template": "messages",
    "chat_template.default": "messages",
    "messages": "messages",
    "messages.chat": "messages",
}
_PREFERENCES = ("chatml.", "llama3.", "zephyr.", "passthrough", "user_defined.", "bradley_terry")
_STRANGE = {
    "input_output": "rows of labelled segments can't be learnt here",
    "stepwise_supervised": "single steps can't be rated here",
    "_synthetic": "rows that are made up can't be learnt here",
}


def of_type(name: Data) -> Kind | str:
    """What rows of a type become; a sentence that says why the runner can't do it."""
    if isinstance(name, dict):
        return _own(name)
    if not isinstance(name, str) or not name:
        return "messages"
    if name in _TYPES:
        return _TYPES[name]
    if name.startswith("sharegpt"):
        return "messages"
    if name.startswith(_PREFERENCES) or name.startswith("chat_template."):
        return "preferences"
    for start, reason in _STRANGE.items():
        if name.startswith(start):
            return reason
    return "prompts of this type aren't written here; a mapping of one's own says the same"


def _own(said: dict[str, Data]) -> Kind | str:
    """A prompt that the file writes itself."""
    if any(key in said for key in ("field_chosen", "field_rejected", "field_label")):
        return "preferences"

    def text(key: str, default: str) -> str:
        value = said.get(key)
        return value if isinstance(value, str) and value else default

    shape = text("format", "{instruction} {input} ")
    plain = text("no_input_format", "{instruction} ")
    system = text("system_prompt", "")
    head = text("system_format", "{system}").replace("{system}", _escaped(system)) if system else ""
    fields = {
        "instruction": text("field_instruction", "instruction"),
        "input": text("field_input", "input"),
    }

    def named(template: str) -> str:
        for part, column in fields.items():
            template = template.replace("{" + part + "}", "{" + column + "}")
        return template

    optional = fields["input"] if "{input}" in shape else None
    return Prompt(
        head + named(shape), head + named(plain), text("field_output", "output"), optional
    )


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
