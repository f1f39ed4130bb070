"""A training that runs out of memory says what would fit, and keeps its checkpoint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from pitchpipe_runner import shortage
from pitchpipe_runner.failures import RunFailure
from pitchpipe_runner.trainer import CompletionTrainer
from support.tiny import tiny_rows
from support.workbench import Benches, Workbench

STEPS = {
    "max_steps": 4,
    "per_device_train_batch_size": 8,
    "save_strategy": "steps",
    "save_steps": 2,
    "optim": "adamw_torch_fused",
}
DATA = """
data:
  train: [{path: rows.jsonl}]
  prompt_template: "{text}"
  completion_template: "{label}"
  val_size: 0.25
  packing: false
"""


def short_of_memory(
    bench: Benches, model: Path, monkeypatch: pytest.MonkeyPatch, share: float, error: Exception
) -> tuple[Workbench, RunFailure]:
    """Fails in the third step, where there is `share` of the memory that is predicted."""
    tiny_rows(bench.folder, 32)
    made = bench(f"training: {json.dumps(STEPS)}\n{DATA}", model, run=str(share))
    step = CompletionTrainer.training_step

    def failing(self: Any, *given: Any) -> torch.Tensor:
        if self.state.global_step == 2:
            raise error
        return step(self, *given)

    def memory(kind: str) -> int:
        (prediction,) = made.said("prediction")
        return round(share * prediction["process"]["likely"])

    monkeypatch.setattr(CompletionTrainer, "training_step", failing)
    monkeypatch.setattr(shortage, "memory_to_have", memory)
    with pytest.raises(RunFailure) as caught:
        _ = made.trained
    return made, caught.value


OUT_OF_MEMORY = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def test_where_no_change_is_enough_the_usual_ones_are_named(
    bench: Benches, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, failure = short_of_memory(bench, chat_model, monkeypatch, 0.5, OUT_OF_MEMORY)
    assert (failure.code, failure.path) == (
        "out-of-memory",
        "training.per_device_train_batch_size",
    )
    assert failure.hint is not None
    assert "gradient_checkpointing: true" in failure.hint
    assert failure.hint.endswith("checkpoint-2 is kept, for a resume where there is more memory")
    assert (made.folder / "03-train/checkpoints/checkpoint-2/complete.json").is_file()


def test_the_change_that_fits_is_named_with_its_key(
    bench: Benches, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nearly all of a tiny run's memory is Python's, so that next to nothing can be saved."""
    monkeypatch.setattr("pitchpipe_runner.predict._CLEARLY_LESS", 0.999999)
    error = RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")
    _, failure = short_of_memory(bench, chat_model, monkeypatch, 1.5, error)
    assert failure.code == "out-of-memory"
    assert failure.path is not None
    assert failure.path.startswith(("training.", "data."))
    assert "the largest batch likely needs" in failure.message
    assert failure.hint is not None
    assert failure.hint.startswith(f"with `{failure.path}: ")
    assert "would likely need" in failure.hint


def test_other_failures_are_left_as_they_are(
    bench: Benches, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_rows(bench.folder, 16)
    with pytest.raises(KeyError), shortage.explained(None, "cpu", bench.folder):  # type: ignore[arg-type]
        raise KeyError("x")
