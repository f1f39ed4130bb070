"""Stage 4: the adapter worked into the base model's weights (PEFT's `merge_and_unload`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from pitchpipe.plan import Plan
from pitchpipe_runner import fetch
from pitchpipe_runner.events import Events
from pitchpipe_runner.stages import Artifact, size_of


def run(plan: Plan, base: Artifact, trained: Artifact, out: Path, events: Events) -> dict[str, Any]:
    """Writes `model`.

    The sum is made in float32 and rounded once, to the number format of the base's own files.
    """
    trust = plan.model.trust_remote_code
    source = trained.folder / "model" if plan.method.type == "full" else fetch.folder_of(base)
    stored = getattr(AutoConfig.from_pretrained(source, trust_remote_code=trust), "dtype", None)
    dtype = stored if isinstance(stored, torch.dtype) else torch.float32
    model: Any = AutoModelForCausalLM.from_pretrained(
        source, dtype=torch.float32, trust_remote_code=trust
    )
    if plan.method.type != "full":
        model = PeftModel.from_pretrained(model, str(trained.folder / "adapter")).merge_and_unload(
            safe_merge=True
        )
    model.to(dtype).save_pretrained(out / "model")
    AutoTokenizer.from_pretrained(fetch.folder_of(base), trust_remote_code=trust).save_pretrained(
        out / "model"
    )
    size = size_of(out / "model")
    events.emit("artifact", stage="merge", name="merged model", path="04-merge/model", bytes=size)
    return {"dtype": str(dtype).removeprefix("torch."), "bytes": size}
