"""Going on from a checkpoint ends where an uninterrupted training does, whatever is trained."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer

from support.small_models import small_model
from support.tiny import tiny_rows
from support.workbench import Benches, Workbench

TRAINING = {
    "max_steps": 4,
    "per_device_train_batch_size": 4,
    "logging_steps": 1,
    "save_strategy": "steps",
    "save_steps": 2,
    "save_total_limit": None,
    "eval_strategy": "steps",
    "eval_steps": 2,
    "learning_rate": 0.01,
}
DATA = """
data:
  train: [{path: rows.jsonl}]
  prompt_template: "{text}"
  completion_template: "{label}"
  val_size: 0.25
"""
# The model, the method, and whether the best of the checkpoints is what is kept in the end.
CASES = {
    "a tied head": ("chat", "{r: 4, modules_to_save: [lm_head]}", True),
    "a tied embedding": ("chat", "{r: 4, modules_to_save: [embed_tokens], use_dora: true}", False),
    "biases and a norm": ("gpt2", "{r: 4, bias: all, modules_to_save: [ln_f]}", False),
    "fused experts": ("qwen3_moe", "{r: 4, target_modules: attention+mlp}", True),
    "rewritten experts": ("mixtral", "{r: 4}", False),
    "all weights": ("chat", "{type: full}", True),
}


@pytest.fixture
def model(request: pytest.FixtureRequest, chat_model: Path, tmp_path: Path) -> Path:
    if request.param == "chat":
        return chat_model
    folder = tmp_path / request.param
    small_model(request.param).save_pretrained(folder)
    AutoTokenizer.from_pretrained(chat_model).save_pretrained(folder)
    return folder


def trained(made: Workbench) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """The weights that the stage wrote, and the losses by step."""
    (file,) = made.trained.folder.glob("*/*model.safetensors")
    losses = {
        f"{name} {e['step']}": e["values"][name]
        for e in made.said("metrics")
        for name in ("loss", "eval_loss")
        if name in e["values"]
    }
    return load_file(file), losses


@pytest.mark.filterwarnings("ignore:The following (rank|alpha)_pattern keys")
@pytest.mark.filterwarnings("ignore:Model (with|has) `tie_word_embeddings=True`")
@pytest.mark.filterwarnings("ignore:Setting `save_embedding_layers`")
@pytest.mark.parametrize(("model", "method", "best"), CASES.values(), ids=CASES, indirect=["model"])
def test_a_resumed_training_ends_as_one_that_was_never_stopped(
    bench: Benches, tmp_path: Path, model: Path, method: str, best: bool
) -> None:
    tiny_rows(tmp_path, 32)
    settings = json.dumps({**TRAINING, "load_best_model_at_end": best})
    text = f"method: {method}\ntraining: {settings}\n{DATA}"
    whole, resumed = bench(text, model, run="whole"), bench(text, model, run="resumed")
    weights, losses = trained(whole)
    assert losses["loss 4"] < losses["loss 1"]
    kept = Path("03-train", "checkpoints", "checkpoint-2")
    shutil.copytree(whole.folder / kept, resumed.folder / kept)
    again, later = trained(resumed)
    assert "going on from checkpoint-2" in [e["message"] for e in resumed.said("log")]
    assert later == {k: v for k, v in losses.items() if int(k.split()[-1]) > 2}
    assert again.keys() == weights.keys()
    for name, tensor in weights.items():
        assert torch.equal(tensor, again[name]), name
