"""The options of `pitchpipe finetune` as the run configuration of Olive that they amount to."""

from __future__ import annotations

import argparse

from pitchpipe.syntax.nodes import Data
from pitchpipe_cli.olive_options import ARGUMENTS


def configuration(arguments: argparse.Namespace) -> dict[str, Data]:
    """The run configuration of Olive that the options amount to."""
    parameters = (
        ("r", arguments.lora_r),
        ("alpha", arguments.lora_alpha),
        ("torch_dtype", arguments.torch_dtype),
        ("target_modules", _parts(arguments.target_modules)),
        ("training_args", _training(arguments)),
    )
    trainer: dict[str, Data] = {"type": arguments.method or "lora"}
    trainer |= {key: value for key, value in parameters if value}
    found: dict[str, Data] = {"passes": {"f": trainer}}
    if arguments.model_name_or_path:
        found["input_model"] = _model(arguments)
    if arguments.data_name or arguments.data_files:
        configs: list[Data] = [_data(arguments, "train", arguments.train_split or "train")]
        trainer["train_data_config"] = "train_data"
        if arguments.eval_split:
            configs.append(_data(arguments, "eval", arguments.eval_split))
            trainer["eval_data_config"] = "eval_data"
        found["data_configs"] = configs
    return found


def _model(arguments: argparse.Namespace) -> dict[str, Data]:
    model: dict[str, Data] = {"type": "HfModel", "model_path": arguments.model_name_or_path}
    if arguments.task:
        model["task"] = arguments.task
    if arguments.trust_remote_code:
        model["load_kwargs"] = {"trust_remote_code": True}
    return model


def _training(arguments: argparse.Namespace) -> dict[str, Data]:
    given = {name: getattr(arguments, f"training_{name}") for name in ARGUMENTS}
    return {name: value for name, value in given.items() if value is not None}


def _data(arguments: argparse.Namespace, part: str, split: str) -> dict[str, Data]:
    load: dict[str, Data] = {"split": split}
    subset = arguments.train_subset if part == "train" else arguments.eval_subset
    files = _parts(arguments.data_files)
    origins = (
        ("data_name", arguments.data_name),
        ("subset", subset),
        ("data_files", files),
    )
    load |= {key: value for key, value in origins if value}
    texts = (
        ("chat_template", arguments.use_chat_template or None),
        ("text_template", arguments.text_template),
        ("text_cols", arguments.text_field),
        ("max_seq_len", arguments.max_seq_len),
        ("max_samples", arguments.max_samples if part == "train" else None),
        ("add_special_tokens", arguments.add_special_tokens),
        ("input_cols", arguments.input_cols),
    )
    return {
        "name": f"{part}_data",
        "type": "HuggingfaceContainer",
        "load_dataset_config": load,
        "pre_process_data_config": {key: value for key, value in texts if value is not None},
    }


def _parts(text: str | None) -> list[Data] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]
