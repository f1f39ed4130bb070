"""A workflow to start from: the keys that one mostly changes, with the schema's words on each."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pitchpipe.facts import TableFact
from pitchpipe.formats import is_text
from pitchpipe.key_page import first_sentence
from pitchpipe.schema import Schema

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

# Names under which data sets keep the two parts, the likelier ones first.
_PROMPTS = (
    *("prompt", "instruction", "question", "input", "query", "text", "sentence", "message"),
    *("phrase", "subject", "title", "review", "document", "article", "body", "content", "source"),
)
_COMPLETIONS = (
    *("completion", "output", "answer", "response", "label", "target", "tone", "category", "class"),
    *("sentiment", "intent", "topic", "summary", "chosen", "reply", "translation"),
)
_CONVERSATIONS = ("messages", "conversations", "conversation", "chat", "dialogue")


@dataclass(frozen=True, slots=True)
class Mapped:
    """How columns play their parts; all empty where they have the parts' own names."""

    columns: dict[str, str] = field(default_factory=dict[str, str])
    prompt_template: str | None = None
    label: str | None = None


def mapped(table: TableFact) -> Mapped | None:
    """The parts that the columns of `table` play, or None where it is not clear."""
    texts = [c.name for c in table.columns if set(c.types) & {"string", "integer", "number"}]
    lists = [c.name for c in table.columns if "array" in c.types]
    if conversation := _first(_CONVERSATIONS, lists):
        return Mapped(_named("messages", conversation))
    if {"instruction", "input"} <= set(texts) and (answer := _first(_COMPLETIONS, texts)):
        template = "{instruction}\n{input}"
        return Mapped(_named("completion", answer), template, label=answer)
    completion = _first(_COMPLETIONS, texts)
    prompt = _first(_PROMPTS, [name for name in texts if name != completion])
    if len(texts) == 2:
        # Either name tells the other's part; where none is known, the answer comes last.
        completion = completion or next(n for n in reversed(texts) if n != prompt)
        prompt = prompt or next(n for n in texts if n != completion)
    if prompt and completion:
        return Mapped(_named("prompt", prompt) | _named("completion", completion), None, completion)
    text = "text" if "text" in texts else texts[0] if len(texts) == 1 else None
    return Mapped(_named("text", text)) if text else None


def _first(names: Sequence[str], columns: Sequence[str]) -> str | None:
    lower = {column.lower(): column for column in reversed(columns)}
    return next((lower[name] for name in names if name in lower), None)


def _named(part: str, column: str) -> dict[str, str]:
    return {} if part == column else {part: column}


def few_labels(table: TableFact, column: str) -> bool:
    """Whether the column's values repeat as labels do."""
    values = [row[column] for row in table.rows if is_text(row.get(column))]
    return 2 <= len(set(values)) <= len(values) // 2


def workflow(schema: Schema, *, name: str, task: str, model: str, data: str, parts: Mapped) -> str:
    """The text of a workflow. `data` and `model` are as the file shall spell them."""
    source = CommentedMap({"path": data})
    if parts.columns:
        source["columns"] = _inline(parts.columns)
    classifies = task == "classification"
    values: dict[tuple[str, ...], Any] = {
        ("name",): name,
        ("task",): task,
        ("model", "name_or_path"): model,
        ("data", "train"): CommentedSeq([source]),
        ("data", "test_size"): 0.1,
        ("data", "stratify_by"): parts.label if classifies else None,
        ("data", "prompt_template"): parts.prompt_template,
    }
    return _written(_filled(schema, values))


def _inline(values: dict[str, str]) -> CommentedMap:
    """`{prompt: phrase, completion: tone}` on one line."""
    inline: Any = CommentedMap(values)
    inline.fa.set_flow_style()
    return inline


def _filled(schema: Schema, values: dict[tuple[str, ...], Any]) -> CommentedMap:
    """The sections with `values`, else the defaults; keys whose value is None stay away."""
    root = CommentedMap()
    for section, keys in _KEYS.items():
        if not keys:
            root[section] = values.get((section,), schema.default((section,)))
            _comment(root, section, schema, (section,), indent=0)
            continue
        inner = root[section] = CommentedMap()
        _comment(root, section, schema, (section,), indent=0)
        for key in keys:
            path = (section, key)
            value = values.get(path, schema.default(path))
            if value is not None:
                inner[key] = value
                _comment(inner, key, schema, path, indent=2)
    return root


def _comment(node: Any, key: str, schema: Schema, path: tuple[str, ...], indent: int) -> None:
    rule = schema.at(path) or {}
    lines = _wrapped(first_sentence(str(rule.get("description", ""))), indent)
    if choices := rule.get("enum"):
        lines += _wrapped(f"Choices: {', '.join(map(str, choices))}.", indent)
    blank = "\n" if indent == 0 and len(node) > 1 else ""
    node.yaml_set_comment_before_after_key(key, before=blank + "\n".join(lines), indent=indent)


def _wrapped(text: str, indent: int) -> list[str]:
    return textwrap.wrap(text, _WIDTH - indent, break_long_words=False, break_on_hyphens=False)


def _written(root: CommentedMap) -> str:
    yaml: Any = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 10_000
    stream = io.StringIO()
    yaml.dump(root, stream)
    return stream.getvalue()
