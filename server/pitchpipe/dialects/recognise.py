"""Which YAML files are workflows, and whose: their name, first lines or keys say so."""

from __future__ import annotations

import re

NATIVE = "native"
NAMES = ("olive", "axolotl", "llama-factory", "trl")
"""The dialects beside the native one, as modelines and command lines name them."""

_NATIVE_NAMES = re.compile(r"(?:.*\.tune|(?:.*[/\\])?pitchpipe)\.ya?ml\Z", re.IGNORECASE)
# `# pitchpipe: ignore` is no modeline: it silences findings.
_MODELINE = re.compile(
    r"^#[ \t]*pitchpipe:[ \t]*(?P<word>(?!ignore)[\w-]+)[ \t]*\r?$", re.MULTILINE
)
_FIRST_LINES = 5
_LOOKED_AT = 200_000  # code points in which keys are looked for
_KEY = re.compile(r"^([A-Za-z_]\w*):(?=[ \t\r\n]|\Z)", re.MULTILINE)
_JSON_KEY = re.compile(r'"([A-Za-z_]\w*)"[ \t\r\n]*:')

_TUNED = {"method", "training", "export", "evaluate", "compute", "task"}
_OLIVE = {"passes", "data_configs", "input_model", "systems", "evaluators", "engine"}
_TYPE = re.compile(r"^[ \t-]*type:|[{,][ \t]*type:", re.MULTILINE)
_ARGUMENT = re.compile(
    r"^[ \t]+(?:fp16|bf16|optim|learning_rate|lr_scheduler_type|num_train_epochs|max_steps|seed"
    r"|weight_decay|warmup_\w+|per_device_\w+|gradient_\w+|dataloader_\w+):",
    re.MULTILINE,
)
_AXOLOTL = {
    "datasets",
    "pretraining_dataset",
    "test_datasets",
    "adapter",
    "sequence_len",
    "micro_batch_size",
    "sample_packing",
    "val_set_size",
    "load_in_4bit",
    "load_in_8bit",
    "num_epochs",
    "rl",
}
_LLAMA_FACTORY = {
    "stage",
    "finetuning_type",
    "template",
    "cutoff_len",
    "lora_target",
    "lora_rank",
    "dataset_dir",
    "export_dir",
    "infer_backend",
    "quantization_bit",
}
_LLAMA_FACTORY_NEW = {
    "train_dataset",
    "model_class",
    "sample_backend",
    "peft_config",
    "quant_config",
}
_TRL = {
    "use_peft",
    "lora_r",
    "lora_target_modules",
    "dataset_name",
    "dataset_text_field",
    "dataset_train_split",
    "attn_implementation",
    "load_in_4bit",
    "max_length",
    "packing",
    "assistant_only_loss",
    "completion_only_loss",
    "dataset_config",
    "per_device_train_batch_size",
    "datasets",
    "dataset_mixer",
    "dataset_mixture",
    "torch_dtype",
    "max_seq_length",
    "learning_rate",
    "num_train_epochs",
    "eval_strategy",
    "evaluation_strategy",
    "reward_funcs",
}


def is_workflow(name: str, text: str) -> bool:
    """Whether a file of this name and text is ours, in whatever dialect."""
    return dialect_of(name, text) is not None


def dialect_of(name: str, text: str) -> str | None:
    """`NATIVE`, one of `NAMES`, or None for a file that is none of ours.

    A modeline (`# pitchpipe: workflow`, `axolotl`, or `off`) among the first lines decides; then
    the name (`*.tune.yaml`, `pitchpipe.yaml`), which is that of native files; then the keys.
    """
    head = "\n".join(text[:2000].split("\n")[:_FIRST_LINES])
    if modeline := _MODELINE.search(head):
        word = modeline["word"].lower()
        return None if word == "off" else word if word in NAMES else NATIVE
    return NATIVE if _NATIVE_NAMES.match(name) else _by_keys(text)


def _by_keys(text: str) -> str | None:
    """What the keys at the beginning of lines tell, or all keys of JSON."""
    pattern = _JSON_KEY if text[:2000].lstrip("\ufeff \t\r\n")[:1] == "{" else _KEY
    keys = set(pattern.findall(text, 0, _LOOKED_AT))
    if "workflow_sha256" in keys:  # the plan of a run
        return None
    if {"model", "data"} <= keys and keys & _TUNED and "name_or_path" in text:
        return NATIVE
    if "base_model" in keys and keys & _AXOLOTL:
        return "axolotl"
    if "model_name_or_path" in keys and (keys & _LLAMA_FACTORY or {"do_train", "dataset"} <= keys):
        return "llama-factory"
    if "model" in keys and len(keys & (_LLAMA_FACTORY_NEW | {"template"})) > 1:
        return "llama-factory"
    if "model_name_or_path" in keys and keys & _TRL:
        return "trl"
    return "olive" if _is_olive(keys, text, whole=pattern is _JSON_KEY) else None


def _is_olive(keys: set[str], text: str, *, whole: bool) -> bool:
    """Also parts of such a file, as the tutorial shows them, but where `whole` is asked for."""
    sections = keys & _OLIVE
    if "input_model" in keys:
        return len(sections) > 1 or "model_path" in text
    if len(sections) > 1 and (not whole or "passes" in keys):
        return True
    if whole:
        return False
    if "passes" in keys:
        return _TYPE.search(text) is not None
    search = {"search_strategy", "search_space"} <= keys
    return search or (keys == {"training_config"} and _ARGUMENT.search(text) is not None)
