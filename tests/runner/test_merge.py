from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from pitchpipe_runner import fetch
from pitchpipe_runner.device import Device
from support.tiny import tiny_model, tiny_rows
from support.workbench import Benches, Workbench

IDS = torch.tensor([[5, 77, 300, 12, 8, 41, 199, 3]])
TRAINING = "training: {max_steps: 4, learning_rate: 0.05, per_device_train_batch_size: 8}\n"


@pytest.fixture(autouse=True)
def rows(tmp_path: Path) -> None:
    tiny_rows(tmp_path, 30)


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        return model.eval()(input_ids=IDS).logits


def loaded(folder: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def check_merged(made: Workbench) -> None:
    """The merged model computes what base and adapter compute, and something else than the base."""
    base = fetch.folder_of(made.fetched)
    alone = logits(loaded(base))
    together = logits(PeftModel.from_pretrained(loaded(base), made.trained.folder / "adapter"))
    merged = logits(loaded(made.merged.folder / "model"))
    error = (merged - together).abs().max().item()
    print(f"error of merging: {error:.2g}")
    assert error < 1e-4
    assert (together - alone).abs().max() > 1e-2


@pytest.mark.filterwarnings("ignore:Setting `save_embedding_layers`")
@pytest.mark.filterwarnings("ignore:Model with `tie_word_embeddings=True`")
@pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings=True`")
@pytest.mark.parametrize(
    "method",
    [
        "r: 4",
        "r: 4, use_dora: true, use_rslora: true",
        "r: 4, bias: all",
        "r: 4, modules_to_save: [norm]",
        "r: 4, modules_to_save: [lm_head]",
        "r: 4, target_modules: [embed_tokens, q_proj]",
        "r: 4, target_modules: [lm_head]",
        "r: 4, target_modules: [embed_tokens, lm_head]",
    ],
)
def test_the_merged_model_computes_what_base_and_adapter_compute(
    bench: Benches, chat_model: Path, method: str
) -> None:
    check_merged(bench(f"method: {{{method}}}\n{TRAINING}", chat_model))


@pytest.mark.parametrize("said", [True, False])
def test_the_merged_model_has_the_number_format_of_the_bases_files(
    bench: Benches, tmp_path: Path, said: bool
) -> None:
    base = tiny_model(tmp_path / "half")
    loaded(base).bfloat16().save_pretrained(base)
    if not said:  # as in older folders: only the files tell
        config = json.loads((base / "config.json").read_text("utf-8"))
        del config["dtype"]
        (base / "config.json").write_text(json.dumps(config), encoding="utf-8")
    for method in ("lora", "full"):
        made = bench(f"method: {{type: {method}}}\n{TRAINING}", base, run=method)
        weights = load_file(made.merged.folder / "model" / "model.safetensors")
        assert {w.dtype for w in weights.values()} == {torch.bfloat16}
        assert made.merged.facts["dtype"] == "bfloat16"
        config = json.loads((made.merged.folder / "model" / "config.json").read_text("utf-8"))
        assert config["dtype"] == "bfloat16"
        size = sum(f.stat().st_size for f in (made.merged.folder / "model").iterdir())
        assert made.merged.facts["bytes"] == size
        (said_of_it,) = made.said("artifact")
        assert said_of_it["path"] == "04-merge/model"


def test_what_was_trained_in_half_precision_is_merged_all_the_same(
    bench: Benches, chat_model: Path
) -> None:
    made = bench(f"method: {{r: 4}}\n{TRAINING}", chat_model)
    made.device = Device("cpu", torch.bfloat16)
    check_merged(made)


def test_full_training_passes_its_model_on(bench: Benches, chat_model: Path) -> None:
    made = bench(f"method: {{type: full}}\n{TRAINING}", chat_model)
    trained = load_file(made.trained.folder / "model" / "model.safetensors")
    merged = load_file(made.merged.folder / "model" / "model.safetensors")
    assert trained.keys() == merged.keys()
    assert all(torch.equal(trained[name], merged[name]) for name in trained)


def test_the_merged_folder_is_a_whole_model(
    bench: Benches, chat_model: Path, tmp_path: Path
) -> None:
    made = bench(f"method: {{r: 4}}\n{TRAINING}", chat_model)
    alone = shutil.copytree(made.merged.folder / "model", tmp_path / "elsewhere")
    tokenizer = AutoTokenizer.from_pretrained(alone)
    assert tokenizer.chat_template == AutoTokenizer.from_pretrained(chat_model).chat_template
    model = loaded(alone)
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert model.config.use_cache
