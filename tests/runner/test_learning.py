"""What keeps a model from learning by heart, and in which order it sees the rows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers.models.llama.modeling_llama import LlamaModel

from pitchpipe_runner import prepare
from pitchpipe_runner.failures import RunFailure
from pitchpipe_runner.sampling import LikeLengths
from pitchpipe_runner.trainer import CompletionTrainer
from support.plans import changed
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
    "per_device_train_batch_size": 4,
    "logging_steps": 1,
    "eval_strategy": "steps",
    "eval_steps": 3,
    "save_strategy": "no",
}


def made(bench: Benches, model: Path, run: str = "run", **training: Any) -> Workbench:
    tiny_rows(bench.folder, 24)
    return bench(f"training: {json.dumps(STEPS | training)}\n{DATA}", model, run=run)


def logged(found: Workbench, name: str = "loss") -> list[float]:
    _ = found.trained
    return [e["values"][name] for e in found.said("metrics") if name in e["values"]]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bool, list[list[int]]]]:
    """(whether training, tokens) of each batch that a loss is computed of."""
    found: list[tuple[bool, list[list[int]]]] = []
    summed = CompletionTrainer._summed_loss

    def watched(self: Any, network: Any, inputs: Any) -> Any:
        found.append((network.training, inputs["input_ids"].tolist()))
        return summed(self, network, inputs)

    monkeypatch.setattr(CompletionTrainer, "_summed_loss", watched)
    return found


def batches(seen: list[tuple[bool, list[list[int]]]]) -> list[list[list[int]]]:
    found = [ids for training, ids in seen if training]
    seen.clear()
    return found


def test_smoothing_changes_what_is_learnt_and_not_what_is_evaluated(
    bench: Benches, chat_model: Path
) -> None:
    rate = {"learning_rate": 1e-12, "eval_steps": 1, "max_steps": 1}
    plain, smooth = (
        made(bench, chat_model, run=str(share), label_smoothing_factor=share, **rate)
        for share in (0.0, 0.5)
    )
    assert logged(smooth)[0] != pytest.approx(logged(plain)[0], abs=1e-4)
    assert logged(smooth, "eval_loss") == pytest.approx(logged(plain, "eval_loss"), abs=1e-6)


def test_noise_on_embeddings_comes_in_training_alone(
    bench: Benches, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noisy: dict[bool, set[bool]] = {True: set(), False: set()}
    forward = LlamaModel.forward

    def watched(self: LlamaModel, **given: Any) -> Any:
        table = self.embed_tokens.weight[given["input_ids"]]
        noisy[self.training].add(not torch.equal(self.embed_tokens(given["input_ids"]), table))
        return forward(self, **given)

    monkeypatch.setattr(LlamaModel, "forward", watched)
    losses = logged(made(bench, chat_model, run="with", neftune_noise_alpha=5))
    assert noisy[True] >= {True}
    assert noisy[False] == {False}
    assert losses != logged(made(bench, chat_model, run="without"))


def test_the_order_of_the_rows_has_a_seed_of_its_own(
    bench: Benches, chat_model: Path, seen: list[Any]
) -> None:
    orders: list[Any] = []
    for run, seeds in (("a", {}), ("b", {"data_seed": 5}), ("c", {"data_seed": 5, "max_steps": 3})):
        _ = made(bench, chat_model, run=run, **seeds).trained
        orders.append(batches(seen))
    assert orders[0] != orders[1]
    assert orders[1][:3] == orders[2]


def test_rows_may_come_as_the_file_has_them(
    bench: Benches, chat_model: Path, seen: list[Any]
) -> None:
    found = made(bench, chat_model, train_sampling_strategy="sequential", dataloader_num_workers=1)
    _ = found.trained
    rows = [list(ids) for ids in prepare.sequences(found.prepared, "train")["input_ids"]]
    taken = [
        line[: len(row)] for batch in batches(seen) for line, row in zip(batch, batch, strict=True)
    ]
    for line, row in zip(taken, rows, strict=False):
        assert line[: len(row)] == row


def test_rows_of_like_length_come_together_and_go_on_after_a_kill(
    bench: Benches, chat_model: Path, seen: list[Any]
) -> None:
    said = {
        "train_sampling_strategy": "group_by_length",
        "save_strategy": "steps",
        "save_steps": 3,
        "max_steps": 9,
    }
    whole = made(bench, chat_model, run="whole", **said)
    tiny_rows(bench.folder, 80)  # of few, transformers keeps the order that chance gives them
    _ = whole.trained
    order = batches(seen)
    padded = sum(len(batch) * len(batch[0]) for batch in order)
    random = made(bench, chat_model, run="random", max_steps=9)
    tiny_rows(bench.folder, 80)
    _ = random.trained
    assert padded < sum(len(batch) * len(batch[0]) for batch in batches(seen))
    resumed = made(bench, chat_model, run="resumed", **said)
    tiny_rows(bench.folder, 80)
    folder = "03-train/checkpoints/checkpoint-6"
    shutil.copytree(whole.folder / folder, resumed.folder / folder)
    _ = resumed.trained
    assert batches(seen) == order[6:]


def test_each_epoch_has_an_order_of_its_own() -> None:
    sampler = LikeLengths([n % 7 for n in range(50)], 4, seed=3)
    first = list(sampler)
    assert sorted(first) == list(range(50))
    assert list(sampler) == first
    sampler.set_epoch(1)
    assert list(sampler) != first


def test_the_last_batch_may_be_left_out(bench: Benches, chat_model: Path, seen: list[Any]) -> None:
    said = {"max_steps": -1, "num_train_epochs": 1, "per_device_train_batch_size": 5}
    _ = made(bench, chat_model, run="all", **said).trained
    assert [len(batch) for batch in batches(seen)] == [5, 5, 5, 3]
    _ = made(bench, chat_model, run="some", dataloader_drop_last=True, **said).trained
    assert [len(batch) for batch in batches(seen)] == [5, 5, 5]
    none = made(bench, chat_model, run="none", dataloader_drop_last=True)
    none.plan = changed(none.plan, "training", per_device_train_batch_size=40)
    with pytest.raises(RunFailure) as caught:
        _ = none.trained
    assert (caught.value.code, caught.value.path) == (
        "nothing-to-learn",
        "training.dataloader_drop_last",
    )


@pytest.fixture
def undetermined(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Puts back what full determinism sets for the whole process."""
    for name in (
        *("CUDA_LAUNCH_BLOCKING", "CUBLAS_WORKSPACE_CONFIG", "ASCEND_LAUNCH_BLOCKING"),
        *("HCCL_DETERMINISTIC", "FLASH_ATTENTION_DETERMINISTIC"),
    ):
        monkeypatch.setenv(name, "")
    yield
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.deterministic = False


@pytest.mark.usefixtures("undetermined")
def test_all_of_it_may_be_determined(bench: Benches, chat_model: Path) -> None:
    assert not torch.are_deterministic_algorithms_enabled()
    _ = made(bench, chat_model, full_determinism=True, max_steps=1).trained
    assert torch.are_deterministic_algorithms_enabled()
