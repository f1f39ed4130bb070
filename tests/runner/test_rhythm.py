"""When a training reports, evaluates and saves, and how its model is computed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch._dynamo.utils import counters
from torch.utils import checkpoint as checkpointing

from pitchpipe_runner import interrupts
from pitchpipe_runner.failures import Interrupted
from support.tiny import tiny_rows
from support.workbench import Benches, Workbench

DATA = """
data:
  train: [{path: rows.jsonl}]
  prompt_template: "{text}"
  completion_template: "{label}"
  val_size: 0.25
  packing: false
"""
STEPS = {
    "max_steps": 6,
    "per_device_train_batch_size": 6,
    "logging_steps": 1,
    "eval_strategy": "steps",
    "eval_steps": 2,
    "save_strategy": "no",
}


def made(bench: Benches, model: Path, run: str = "run", **training: Any) -> Workbench:
    tiny_rows(bench.folder, 24)
    return bench(f"training: {json.dumps(STEPS | training)}\n{DATA}", model, run=run)


def logged(found: Workbench, name: str = "loss") -> dict[int, float]:
    _ = found.trained
    return {e["step"]: e["values"][name] for e in found.said("metrics") if name in e["values"]}


@pytest.mark.parametrize(
    ("training", "steps"),
    [
        ({"logging_steps": 4}, [1, 4, 6]),
        ({"logging_steps": 4, "logging_first_step": False}, [4, 6]),
        ({"logging_strategy": "epoch"}, [1, 3, 6]),
        ({"logging_strategy": "no", "logging_first_step": False}, [6]),
    ],
)
def test_reports_come_when_they_are_asked_for(
    bench: Benches, chat_model: Path, training: dict[str, Any], steps: list[int]
) -> None:
    assert list(logged(made(bench, chat_model, **training))) == steps


@pytest.mark.parametrize(
    ("training", "steps"),
    [
        ({"eval_on_start": True}, [0, 2, 4, 6]),
        ({"eval_delay": 3}, [4, 6]),
        ({"eval_strategy": "epoch", "eval_delay": 2}, [6]),
        ({"eval_strategy": "no", "eval_on_start": True}, [0]),
    ],
)
def test_evaluations_come_when_they_are_asked_for(
    bench: Benches, chat_model: Path, training: dict[str, Any], steps: list[int]
) -> None:
    assert list(logged(made(bench, chat_model, **training), "eval_loss")) == steps


SAVED = {"save_strategy": "steps", "save_steps": 2, "save_only_model": True, "eval_on_start": True}


def test_a_checkpoint_of_the_model_alone_is_not_gone_on_from(
    bench: Benches, chat_model: Path
) -> None:
    whole = made(bench, chat_model, run="whole", **SAVED)
    losses = logged(whole)
    folder = whole.trained.folder / "checkpoints"
    files = {p.name for p in (folder / "checkpoint-6").iterdir()}
    assert "adapter_model.safetensors" in files
    assert "optimizer.pt" not in files
    killed = made(bench, chat_model, run="killed", **SAVED)
    shutil.copytree(folder, killed.folder / "03-train" / "checkpoints")
    assert logged(killed) == losses
    assert {p.name for p in (killed.trained.folder / "checkpoints").iterdir()} == {
        "checkpoint-4",
        "checkpoint-6",
    }


def test_an_interrupted_run_saves_what_it_needs_to_go_on(
    bench: Benches, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = logged(made(bench, chat_model, run="whole", **SAVED))
    found = made(bench, chat_model, run="interrupted", **SAVED)
    _ = found.prepared
    emit = found.events.emit

    def emit_and_interrupt(kind: str, **fields: Any) -> None:
        emit(kind, **fields)
        if kind == "metrics" and fields["step"] == 3:
            monkeypatch.setattr(interrupts, "_asked", True)

    found.events.emit = emit_and_interrupt
    with pytest.raises(Interrupted):
        _ = found.trained
    found.events.emit = emit
    monkeypatch.setattr(interrupts, "_asked", False)
    assert logged(found) == losses
    evaluated = [e["step"] for e in found.said("metrics") if "eval_loss" in e["values"]]
    assert evaluated == [0, 2, 6]  # the first one is not made again


def test_checkpointing_is_told_how(
    bench: Benches, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: set[Any] = set()
    checkpoint = checkpointing.checkpoint

    def watched(*args: Any, **given: Any) -> Any:
        told.add(given.get("use_reentrant"))
        return checkpoint(*args, **given)

    monkeypatch.setattr(checkpointing, "checkpoint", watched)
    monkeypatch.setattr("transformers.modeling_utils.checkpoint", watched, raising=False)
    plain = {"max_steps": 2, "eval_strategy": "no"}
    losses: list[dict[int, float]] = []
    for reentrant in (True, False):
        kwargs = {"use_reentrant": reentrant}
        found = made(
            bench,
            chat_model,
            run=str(reentrant),
            gradient_checkpointing=True,
            gradient_checkpointing_kwargs=kwargs,
            **plain,
        )
        losses.append(logged(found))
        assert told == {reentrant}
        told.clear()
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_the_model_may_be_compiled(bench: Benches, chat_model: Path) -> None:
    plain = {"max_steps": 2, "eval_strategy": "no"}
    expected = logged(made(bench, chat_model, run="plain", **plain))
    assert counters["stats"]["unique_graphs"] == 0
    found = made(bench, chat_model, run="compiled", torch_compile_backend="eager", **plain)
    assert logged(found) == pytest.approx(expected, abs=1e-5)
    assert counters["stats"]["unique_graphs"] > 0
    (prediction,) = found.said("prediction")
    assert prediction["exact"] is False
    torch._dynamo.reset()
    counters.clear()


def test_unused_memory_is_given_back_as_often_as_asked(
    bench: Benches, chat_model: Path, tmp_path: Path
) -> None:
    from pitchpipe_runner.trainer import training_arguments

    found = made(bench, chat_model, torch_empty_cache_steps=2, torch_compile_mode="default")
    arguments = training_arguments(found.plan, found.device, tmp_path, has_eval=False, mixed=False)
    assert arguments.torch_empty_cache_steps == 2
    assert (arguments.torch_compile, arguments.torch_compile_mode) == (True, "default")
