"""A workflow as a file of Axolotl, where a table can't say it."""

from __future__ import annotations

import re
from typing import cast

from pitchpipe.converting.outgoing import Outgoing
from pitchpipe.keypath import KeyPath, as_path
from pitchpipe.syntax.nodes import Data

_DTYPES: dict[Data, dict[str, Data]] = {
    "auto": {"bf16": "auto"},
    "bfloat16": {"bf16": True},
    "float16": {"bf16": False, "fp16": True},
    "float32": {"bf16": False, "fp16": False},
}
_TRACKERS = {
    "wandb": "use_wandb",
    "mlflow": "use_mlflow",
    "tensorboard": "use_tensorboard",
    "comet_ml": "use_comet",
    "trackio": "use_trackio",
}
_COLUMN = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")


def write(out: Outgoing) -> None:
    _method(out)
    rate = "training.learning_rate"  # Axolotl has no default
    out.put("learning_rate", out.value(rate), rate)
    if out.says("model.dtype"):
        for key, value in _DTYPES.get(out.value("model.dtype"), {}).items():
            out.put(key, value, "model.dtype")
    _sources(out, "train", "datasets")
    _sources(out, "eval", "test_datasets")
    _learnt(out)
    _often(out, "eval")
    _often(out, "save")
    _trackers(out)


def _method(out: Outgoing) -> None:
    kind = out.value("method.type")
    if kind in {"lora", "qlora"}:
        _bits(out, quantized=kind == "qlora")
        if out.value("method.target_modules") == "all-linear":
            out.data.pop("lora_target_modules", None)
            out.put("lora_target_linear", True, "method.target_modules")
        for key, native in (("lora_r", "method.r"), ("lora_alpha", "method.lora_alpha")):
            out.put(key, out.value(native), native)
    out.done("method.type")


def _bits(out: Outgoing, *, quantized: bool) -> None:
    eight = out.value("method.bits") == 8
    out.put("adapter", "qlora" if quantized and not eight else "lora", "method.type")
    if quantized:
        out.put("load_in_8bit" if eight else "load_in_4bit", True, "method.bits")
    for key in ("bnb_4bit_quant_type", "bnb_4bit_use_double_quant"):
        native = f"method.{key}"
        if (
            quantized
            and out.says(native)
            and out.value(native) != out.native.default(as_path(native))
        ):
            out.put(("bnb_config_kwargs", key), out.value(native), native)
        out.done(native)
    out.done("method.bits")


def _sources(out: Outgoing, native: str, key: str) -> None:
    path: KeyPath = ("data", native)
    listed = out.value(path)
    for index, source in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(source, dict):
            place: KeyPath = (key, index)
            out.places[(*path, index)] = place
            out.put((*place, "path"), source.get("path") or source.get("dataset_name"))
            if config := source.get("dataset_config"):
                out.put((*place, "name"), config)
            if (split := source.get("split")) and split != "train":
                out.put((*place, "split"), split)
            _rows(out, source, place)
    out.done(path)


def _rows(out: Outgoing, source: dict[str, Data], place: KeyPath) -> None:
    said = source.get("columns")
    columns = cast("dict[str, str]", said) if isinstance(said, dict) else {}
    kind = source.get("format") or next((p for p in ("messages", "text") if p in columns), None)
    if kind == "messages":
        out.put((*place, "type"), "chat_template")
        if columns.get("messages", "messages") != "messages":
            out.put((*place, "field_messages"), columns["messages"])
    elif kind == "text":
        out.put((*place, "type"), "completion")
        if columns.get("text", "text") != "text":
            out.put((*place, "field"), columns["text"])
    else:
        _prompt(out, columns, (*place, "type"))


def _prompt(out: Outgoing, columns: dict[str, str], place: KeyPath) -> None:
    """A prompt of one's own, which can show two columns."""
    written = out.value("data.prompt_template")
    template = written if isinstance(written, str) else f"{{{columns.get('prompt', 'prompt')}}}"
    used = list(dict.fromkeys(_COLUMN.findall(template)))
    if len(used) > 2:
        out.lost("data.prompt_template", "prompts of Axolotl show two columns at most")
        return
    for part, column in zip(("instruction", "input"), used, strict=False):
        out.put((*place, f"field_{part}"), column)
        template = template.replace(f"{{{column}}}", f"{{{part}}}")
    out.put((*place, "field_output"), columns.get("completion", "completion"))
    out.put((*place, "format"), template, "data.prompt_template")
    if "{input}" not in template:
        out.put((*place, "no_input_format"), template)
    if out.value("data.chat_template") == "none":
        out.done("data.chat_template")
    else:
        reason = "Axolotl writes prompts of one's own without the chat template"
        out.lost("data.chat_template", reason)


def _learnt(out: Outgoing) -> None:
    if out.value("data.loss_on") == "all":
        out.put("train_on_inputs", True, "data.loss_on")
    elif out.value("data.loss_on") == "assistant":
        out.done("data.loss_on")
    elif any(item.get("type") == "chat_template" for item in _items(out)):
        out.lost("data.loss_on", "Axolotl learns all that the assistant says")
    else:
        out.done("data.loss_on")


def _items(out: Outgoing) -> list[dict[str, Data]]:
    listed = out.data.get("datasets")
    return cast("list[dict[str, Data]]", listed) if isinstance(listed, list) else []


def _often(out: Outgoing, what: str) -> None:
    strategy, steps = f"training.{what}_strategy", f"training.{what}_steps"
    named = out.value(strategy)
    if named == "steps":
        out.put(f"{what}_steps", out.value(steps), steps)
        out.done(strategy)
        return
    out.done(steps)
    if what == "eval" and not (out.value("data.val_size") or out.value("data.eval")):
        out.done(strategy)
    elif out.says(strategy) or what == "eval":
        out.put(f"{what}_strategy", named, strategy)


def _trackers(out: Outgoing) -> None:
    named = out.value("training.report_to")
    trackers = named if isinstance(named, list) else [named]
    if named == "none" or all(tracker in _TRACKERS for tracker in trackers):
        for tracker in trackers if named != "none" else ():
            out.put(_TRACKERS[cast(str, tracker)], True, "training.report_to")
        out.done("training.report_to")
    if name := out.value("training.run_name"):
        out.put("wandb_name", name, "training.run_name")
