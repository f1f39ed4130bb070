"""A workflow as a file of LLaMA-Factory, where a table can't say it."""

from __future__ import annotations

from typing import cast

from pitchpipe.converting.outgoing import Outgoing
from pitchpipe.keypath import KeyPath
from pitchpipe.syntax.nodes import Data

_DTYPES: dict[Data, str] = {"bfloat16": "bf16", "float16": "fp16"}


def write(out: Outgoing) -> None:
    out.put("stage", "sft")
    out.put("do_train", True)
    kind = out.value("method.type")
    out.put("finetuning_type", "full" if kind == "full" else "lora", "method.type")
    if kind == "qlora":
        out.put("quantization_bit", out.value("method.bits"), "method.bits")
    else:
        for key in ("bnb_4bit_quant_type", "bnb_4bit_use_double_quant"):
            out.done(f"method.{key}")
    out.done("method.bits")
    if kind != "full":
        _targets(out)
    _precision(out)
    _names(out, "train", "dataset")
    _names(out, "eval", "eval_dataset")
    if out.value("data.loss_on") == "all":
        out.put("train_on_prompt", True, "data.loss_on")
    elif out.value("data.loss_on") == "assistant":
        out.done("data.loss_on")
    if out.says("training.logging_steps"):
        logged = out.value("training.logging_steps")
        out.put("logging_steps", logged, "training.logging_steps")
    for what in ("eval", "save"):
        native = f"training.{what}_steps"
        if out.value(f"training.{what}_strategy") == "steps":
            out.put(f"{what}_steps", out.value(native), native)
        out.done(native)


def _targets(out: Outgoing) -> None:
    for key, native in (("lora_rank", "method.r"), ("lora_alpha", "method.lora_alpha")):
        out.put(key, out.value(native), native)
    targets = out.value("method.target_modules")
    if targets == "all-linear":
        out.put("lora_target", "all", "method.target_modules")
    elif isinstance(targets, list):
        out.put("lora_target", ",".join(map(str, targets)), "method.target_modules")
    saved = out.value("method.modules_to_save")
    if isinstance(saved, list) and saved:
        out.put("additional_target", ",".join(map(str, saved)), "method.modules_to_save")


def _precision(out: Outgoing) -> None:
    dtype = out.value("model.dtype")
    if key := _DTYPES.get(dtype):
        out.put(key, True, "model.dtype")
    elif dtype == "auto":
        out.done("model.dtype")
    elif out.says("model.dtype"):
        out.lost("model.dtype", "LLaMA-Factory takes the type that the model was saved in")
    if not out.value("training.gradient_checkpointing"):
        key, native = "disable_gradient_checkpointing", "training.gradient_checkpointing"
        out.put(key, True, native)
    out.done("training.gradient_checkpointing")


def _names(out: Outgoing, native: str, key: str) -> None:
    """Data sets by name; those of the hub need no description, and files one of their own."""
    path: KeyPath = ("data", native)
    listed = out.value(path)
    sources = [
        cast("dict[str, Data]", source)
        for source in (listed if isinstance(listed, list) else ())
        if isinstance(source, dict)
    ]
    out.done(path)
    if not sources:
        return
    names = [str(source.get("dataset_name") or _stem(source.get("path"))) for source in sources]
    out.put(key, ",".join(names), path)
    if key == "dataset" and not any(map(_described, sources)):
        out.put("dataset_dir", "ONLINE")
    for index, (name, source) in enumerate(zip(names, sources, strict=True)):
        described = _described(source)
        if described:
            reason = f"describe `{name}` in `dataset_info.json`: {described}"
            out.lost(f"data.{native}[{index}]", reason)


def _stem(path: Data) -> str:
    return str(path).replace("\\", "/").rpartition("/")[2].partition(".")[0]


def _described(source: dict[str, Data]) -> str:
    """What of a source a name alone doesn't say."""
    parts = [
        f"{theirs} `{source[ours]}`"
        for ours, theirs in (
            ("path", "file_name"),
            ("dataset_config", "subset"),
            ("split", "split"),
            ("format", "the format"),
            ("columns", "the columns"),
        )
        if source.get(ours) and not (ours == "split" and source[ours] == "train")
    ]
    return ", ".join(parts)
