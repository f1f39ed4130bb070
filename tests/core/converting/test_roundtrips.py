"""Native → another tool's file → native changes nothing that both can say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.converting import convert
from pitchpipe.converting.writing import written
from support.analysis import SCHEMA, analysis
from support.facts import ROOT

SOURCES: dict[str, dict[str, Any]] = {
    "trl": {"train": [{"dataset_name": "org/rows"}]},
    "axolotl": {
        "train": [{"dataset_name": "org/rows", "format": "messages"}],
        "loss_on": "assistant",
    },
    "llama-factory": {"train": [{"dataset_name": "org/rows"}]},
}
"""Rows that each tool can name with no other file beside it."""

VALUES: dict[tuple[str, str], st.SearchStrategy[Any]] = {
    ("model", "dtype"): st.sampled_from(["bfloat16", "float32"]),
    ("model", "trust_remote_code"): st.booleans(),
    ("method", "type"): st.sampled_from(["lora", "qlora"]),
    ("method", "bits"): st.sampled_from([4, 8]),
    ("method", "r"): st.integers(1, 32),
    ("method", "lora_alpha"): st.integers(1, 64),
    ("method", "lora_dropout"): st.floats(0, 0.5),
    ("method", "target_modules"): st.sampled_from(["all-linear", ["q_proj"], ["q_proj", "v_proj"]]),
    ("method", "use_rslora"): st.booleans(),
    ("data", "max_length"): st.integers(8, 64),
    ("data", "packing"): st.booleans(),
    ("training", "learning_rate"): st.floats(1e-7, 1e-2),
    ("training", "num_train_epochs"): st.integers(1, 10),
    ("training", "max_steps"): st.integers(1, 1000),
    ("training", "per_device_train_batch_size"): st.integers(1, 64),
    ("training", "gradient_accumulation_steps"): st.integers(1, 16),
    ("training", "lr_scheduler_type"): st.sampled_from(["linear", "cosine", "constant"]),
    ("training", "weight_decay"): st.floats(0, 1),
    ("training", "max_grad_norm"): st.floats(0, 10),
    ("training", "gradient_checkpointing"): st.booleans(),
    ("training", "seed"): st.integers(0, 2**31),
    ("training", "save_strategy"): st.sampled_from(["no", "epoch"]),
}


@st.composite
def workflows(draw: st.DrawFn, tool: str) -> str:
    chosen = draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True))
    data: dict[str, Any] = {
        "model": {"name_or_path": "models/tiny"},
        "data": {**SOURCES[tool], "val_size": 0},
        "training": {"eval_strategy": "no"},
    }
    for section, key in chosen:
        data.setdefault(section, {})[key] = draw(VALUES[section, key])
    if data.get("method", {}).get("type") != "qlora":  # without which it says nothing
        data.get("method", {}).pop("bits", None)
    return written(data, {}, SCHEMA.keys)


@pytest.mark.parametrize("tool", SOURCES)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_there_and_back(tool: str, data: st.DataObject) -> None:
    text = data.draw(workflows(tool))
    before = analysis(text)
    if before.has_errors:
        return
    there = convert(before, tool)
    middle = analysis(there.text, path=f"{ROOT}/{tool}.yaml")
    assert middle.dialect == tool
    assert not middle.has_errors, there.text
    back = analysis(convert(middle, "native").text)
    old, new = before.plan(), back.plan()
    lost = {loss.key for loss in there.losses}
    assert (old.data, old.method) == (new.data, new.method)
    assert old.model == new.model or "model.dtype" in lost
    for key in {key for section, key in VALUES if section == "training"}:
        if f"training.{key}" not in lost:
            assert getattr(old.training, key) == getattr(new.training, key), key
