"""The base model as far as it is known without torch: its folder and its tokenizer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from pitchpipe.plan import Plan
from pitchpipe_runner.failures import FILE_IS_WRONG, RunFailure
from pitchpipe_runner.stages import Artifact


def folder_of(base: Artifact) -> Path:
    """The folder that `from_pretrained` takes."""
    said = json.loads((base.folder / "model.json").read_text(encoding="utf-8"))["folder"]
    return base.folder / said


def tokenizer_of(plan: Plan, folder: Path) -> Any:
    """The tokenizer in a model's folder.

    Raises:
        RunFailure: it can't be loaded, or lacks the chat template that the plan asks for.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, trust_remote_code=plan.model.trust_remote_code
        )
    except Exception as error:  # tokenizers raises nothing more special
        said = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise RunFailure(
            "tokenizer-not-readable",
            f"the model's tokenizer can't be loaded: {said}",
            path="model.name_or_path",
            exit_code=FILE_IS_WRONG,
        ) from error
    if plan.data.chat_template == "tokenizer" and not tokenizer.chat_template:
        raise RunFailure(
            "chat-template-missing",
            f"`chat_template: tokenizer`, but the tokenizer of `{plan.model.name_or_path}` "
            "has no chat template",
            path="data.chat_template",
            hint="take an instruction-tuned model, or set `chat_template: none`",
            exit_code=FILE_IS_WRONG,
        )
    return tokenizer
