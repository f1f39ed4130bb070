"""Stage 4: the adapter worked into the base model's weights (PEFT's `merge_and_unload`)."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from peft.tuners.tuners_utils import BaseTunerLayer
from transformers import AutoModelForCausalLM, AutoTokenizer

from pitchpipe.plan import Plan
from pitchpipe_runner import fetch
from pitchpipe_runner.adapting import ignore_its_own_patterns
from pitchpipe_runner.events import Events
from pitchpipe_runner.stages import Artifact, size_of


def run(plan: Plan, base: Artifact, trained: Artifact, out: Path, events: Events) -> dict[str, Any]:
    """Writes `model`.

    The sum is made in float32 and rounded once, to the number format of the base's own files.
    """
    base_folder, trust = fetch.folder_of(base), plan.model.trust_remote_code
    model: Any = AutoModelForCausalLM.from_pretrained(
        base_folder, dtype="auto", trust_remote_code=trust
    )
    dtype = model.dtype
    if plan.method.type == "full":
        model = AutoModelForCausalLM.from_pretrained(
            trained.folder / "model", dtype=torch.float32, trust_remote_code=trust
        )
    else:
        with warnings.catch_warnings():
            ignore_its_own_patterns()
            adapted = PeftModel.from_pretrained(model.float(), str(trained.folder / "adapter"))
        _untie(adapted.get_base_model())
        model = adapted.merge_and_unload(safe_merge=True)
    model.to(dtype).save_pretrained(out / "model")
    tokenizer = AutoTokenizer.from_pretrained(base_folder, trust_remote_code=trust)
    tokenizer.save_pretrained(out / "model")
    size = size_of(out / "model")
    events.emit("artifact", stage="merge", name="merged model", path="04-merge/model", bytes=size)
    return {"dtype": str(dtype).removeprefix("torch."), "bytes": size}


def _untie(model: Any) -> None:
    """Where an adapter sits on one use of a matrix that is embedding and head, makes it two."""
    words, head = model.get_input_embeddings(), model.get_output_embeddings()
    adapted = isinstance(words, BaseTunerLayer) or isinstance(head, BaseTunerLayer)
    if adapted and words.weight is head.weight:
        layer = head.get_base_layer() if isinstance(head, BaseTunerLayer) else head
        layer.weight = torch.nn.Parameter(head.weight.detach().clone())
        model.config.tie_word_embeddings = False
