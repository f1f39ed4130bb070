"""What is computed in which number format, and what is trained in which."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers.models.llama.modeling_llama import LlamaMLP

from pitchpipe_runner import device
from pitchpipe_runner.device import Device
from pitchpipe_runner.failures import FILE_IS_WRONG, RunFailure
from support.plans import changed, plan_of
from support.tiny import tiny_rows
from support.workbench import Benches, Workbench, whole

DATA = """
data:
  train: [{path: rows.jsonl}]
  prompt_template: "{text}"
  completion_template: "{label}"
  val_size: 0.25
"""
FULL = "method: {type: full}\n"
SAVED = "method: {modules_to_save: [norm]}\n"


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> set[tuple[bool, str]]:
    """(whether training, format) of what a layer gives."""
    found: set[tuple[bool, str]] = set()
    forward = LlamaMLP.forward

    def watched(self: LlamaMLP, x: torch.Tensor) -> torch.Tensor:
        out = forward(self, x)
        if torch.is_grad_enabled() or not self.training:
            found.add((self.training, str(out.dtype).removeprefix("torch.")))
        return out

    monkeypatch.setattr(LlamaMLP, "forward", watched)
    return found


def made(
    bench: Benches,
    model: Path,
    training: dict[str, object],
    method: str = "",
    held: str = "float32",
) -> Workbench:
    tiny_rows(bench.folder, 16)
    few = {"max_steps": 2, "logging_steps": 1, "learning_rate": 1e-5, **training}
    text = f"{method}training: {json.dumps(few)}\n{DATA}  packing: false\n"
    found = bench(text, model)
    found.device = Device("cpu", getattr(torch, held))
    return found


def trained(found: Workbench) -> set[str]:
    """The formats of the weights that are kept."""
    (file,) = found.trained.folder.glob("*/*.safetensors")
    return {str(weights.dtype).removeprefix("torch.") for weights in load_file(file).values()}


@pytest.mark.parametrize(
    ("training", "method", "held", "computes", "keeps"),
    [
        ({}, FULL, "float32", "float32", "float32"),
        ({}, FULL, "bfloat16", "bfloat16", "float32"),
        ({"bf16": True}, FULL, "float32", "bfloat16", "float32"),
        ({"bf16": True}, "", "float32", "bfloat16", "float32"),
        ({"bf16": False}, FULL, "bfloat16", "bfloat16", "bfloat16"),
        ({"bf16": False}, FULL, "float32", "float32", "float32"),
        ({"bf16": None}, SAVED, "bfloat16", "bfloat16", "float32"),
    ],
)
def test_what_is_computed_and_kept(
    bench: Benches,
    chat_model: Path,
    computed: set[tuple[bool, str]],
    training: dict[str, object],
    method: str,
    held: str,
    computes: str,
    keeps: str,
) -> None:
    found = made(bench, chat_model, training, method, held)
    assert trained(found) == {keeps}
    assert computed >= {(True, computes), (False, computes)}
    losses = [e["values"]["loss"] for e in found.said("metrics") if "loss" in e["values"]]
    assert len(losses) == 2


@pytest.fixture
def chosen(bench: Benches, chat_model: Path) -> Iterator[Workbench]:
    tiny_rows(bench.folder, 16)
    found = bench("compute: {device: cpu, threads: 1}\nmodel: {name_or_path: M}\n", chat_model)
    threads = torch.get_num_threads()
    yield found
    torch.set_num_threads(threads)


@pytest.mark.parametrize(("training", "held"), [({"bf16": True}, "bfloat16"), ({}, None)])
def test_a_model_of_any_format_is_held_in_the_one_that_is_computed_in(
    chosen: Workbench, training: dict[str, bool], held: str | None
) -> None:
    plan = changed(changed(chosen.plan, "training", **training), "model", dtype="auto")
    found = device.choose(plan, chosen.events).dtype
    expected = (held and getattr(torch, held)) or (
        torch.bfloat16 if device.has_fast_bfloat16("cpu")[0] else torch.float32
    )
    assert found == expected


def test_float16_is_not_for_cpus(tmp_path: Path, chosen: Workbench) -> None:
    with pytest.raises(RunFailure) as caught:
        device.choose(changed(chosen.plan, "training", fp16=True), chosen.events)
    failure = caught.value
    assert (failure.code, failure.path) == ("float16-on-cpu", "training.fp16")


def test_what_transformers_refuses_is_its_users_business(bench: Benches, chat_model: Path) -> None:
    found = made(bench, chat_model, {})
    found.plan = changed(found.plan, "training", warmup_steps=-1.0)
    with pytest.raises(RunFailure) as caught:
        _ = found.trained
    failure = caught.value
    assert (failure.code, failure.exit_code) == ("settings-refused", FILE_IS_WRONG)
    assert "warmup_steps" in failure.message


def test_tensorfloat_counts_on_cuda_alone(tmp_path: Path, chat_model: Path) -> None:
    from pitchpipe_runner.trainer import training_arguments

    tiny_rows(tmp_path, 16)
    text = whole(f"training: {{tf32: true}}\n{DATA}", chat_model)
    text = text.replace("device: cpu", "device: auto")
    cpu = Device("cpu", torch.float32)
    arguments = training_arguments(
        plan_of(text, tmp_path), cpu, tmp_path, has_eval=False, mixed=False
    )
    assert arguments.tf32 is None
