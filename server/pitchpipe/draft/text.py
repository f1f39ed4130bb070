"""The text: the keys that one mostly changes, with the schema's words on each."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from pitchpipe.checks.wording import flow
from pitchpipe.draft.choices import METHOD, TASK, said_of
from pitchpipe.draft.columns import Mapped
from pitchpipe.findings import Finding
from pitchpipe.key_page import first_sentence
from pitchpipe.keypath import KeyPath
from pitchpipe.schema import Schema

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
"""The base model where nobody chose one: small enough for any machine."""

DATA = "data/train.jsonl"
"""Where the rows are to be put where nobody named a file."""

_WIDTH = 88  # columns that a comment may take

# Section by section; what isn't listed keeps its default without a word.
_KEYS: Mapping[str, Sequence[str]] = {
    "version": (),
    "name": (),
    "task": (),
    "model": ("name_or_path",),
    "data": (
        "train",
        "val_size",
        "test_size",
        "stratify_by",
        "prompt_template",
        "max_length",
    ),
    "method": ("type", "r", "lora_alpha", "target_modules"),
    "training": (
        "learning_rate",
        "num_train_epochs",
        "per_device_train_batch_size",
        "gradient_accumulation_steps",
        "seed",
    ),
    "evaluate": ("generations",),
    "export": ("format", "precision"),
    "output_dir": (),
}

_RATE: KeyPath = ("training", "learning_rate")
_OF_ADAPTERS = ("r", "lora_alpha", "target_modules")
_SLOWER = 10  # full training's learning rate is so many times lower than LoRA's


def workflow(
    schema: Schema,
    *,
    name: str,
    task: str,
    model: str,
    data: str,
    parts: Mapped,
    method: str | None = None,
    hub: bool = False,
) -> str:
    """The text of a workflow. `data` and `model` are as the file shall spell them.

    `hub`: `data` is a data set of the hub.

    `task` and `method` are what the schema knows; None: its default.
    """
    source: dict[str, Any] = {"dataset_name" if hub else "path": data}
    if parts.columns:
        source["columns"] = parts.columns
    method = method or str(schema.default(METHOD))
    whole = method == "full"
    values: dict[KeyPath, Any] = {
        ("name",): name,
        TASK: task,
        ("model", "name_or_path"): model,
        ("data", "train"): [source],
        ("data", "test_size"): 0.1,
        ("data", "stratify_by"): parts.label if task == "classification" else None,
        ("data", "prompt_template"): parts.prompt_template,
        METHOD: method,
    }
    if whole:
        rate = schema.default(_RATE)
        assert isinstance(rate, float)
        values |= {_RATE: rate / _SLOWER} | {("method", key): None for key in _OF_ADAPTERS}
    return "\n".join(_lines(schema, values)) + "\n"


def fitted(text: str, findings: Iterable[Finding]) -> str:
    """`text` with rows no longer than the model's context, which only `findings` know."""
    for found in findings:
        if found.code == "max-length-over-context" and found.fix is not None:
            for edit in sorted(found.fix.edits, key=lambda e: e.span, reverse=True):
                text = text[: edit.span.start] + edit.new_text + text[edit.span.end :]
    return text


def _lines(schema: Schema, values: Mapping[KeyPath, Any]) -> Iterator[str]:
    """The sections with `values`, else the defaults; keys whose value is None stay away."""
    for number, (section, keys) in enumerate(_KEYS.items()):
        if number:
            yield ""
        yield from _comment(schema, (section,), values.get((section,)), indent=0)
        if not keys:
            path = (section,)
            yield from _entry(section, values.get(path, schema.default(path)), indent=0)
            continue
        yield f"{section}:"
        for key in keys:
            path = (section, key)
            value = values.get(path, schema.default(path))
            if value is not None:
                yield from _comment(schema, path, value, indent=2)
                yield from _entry(key, value, indent=2)


def _comment(schema: Schema, path: KeyPath, value: object, indent: int) -> Iterator[str]:
    """What the key is for; of a choice that the schema explains, what was chosen."""
    rule = schema.at(path) or {}
    description = str(rule.get("description", ""))
    said = said_of(schema, path, value) if description.startswith("- ") else None
    text = first_sentence(description if said is None else f"`{value}`: {said}")
    choices = f"Choices: {', '.join(map(str, rule.get('enum', ())))}." if "enum" in rule else ""
    for paragraph in filter(None, (text, choices)):
        yield from (f"{' ' * indent}# {line}" for line in _wrapped(paragraph, indent))


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(text, _WIDTH - indent, break_long_words=False, break_on_hyphens=False)


def _entry(key: str, value: Any, indent: int) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{' ' * indent}{key}: {_scalar(value)}"
        return
    yield f"{' ' * indent}{key}:"
    for source in cast("list[dict[str, Any]]", value):
        for number, (inner, said) in enumerate(source.items()):
            mark = "  " if number else "- "
            yield f"{' ' * (indent + 2)}{mark}{inner}: {_scalar(said)}"


def _scalar(value: object) -> str:
    """On one line; small numbers without an exponent, which YAML 1.1 would take for a string."""
    if isinstance(value, float) and "e" in repr(value):
        return f"{value:.12f}".rstrip("0")
    return flow(value)
