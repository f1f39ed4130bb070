"""Peaks and speed of training steps, measured on real allocations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from pitchpipe.costs.step import Batch
from pitchpipe_runner.batches import Collator
from pitchpipe_runner.metering import Meter, batch_of
from pitchpipe_runner.render import IGNORED
from support.tiny import tiny_rows
from support.workbench import Benches

MB = 1 << 20


def sequence(*rows: int, learnt: int = 2) -> dict[str, list[int]]:
    """Packed rows of such lengths, of which the last tokens are learnt."""
    ids = [5] * sum(rows)
    labels = [7 if at >= n - learnt else IGNORED for n in rows for at in range(n)]
    return {"input_ids": ids, "labels": labels, "lengths": list(rows)}


def inputs(*lengths: int) -> dict[str, Any]:
    return Collator(0, isolated=False)([sequence(n) for n in lengths])


class Job:
    """A model of 1 MB and an optimizer, and passes that allocate what they are told to."""

    def __init__(self) -> None:
        self.model = torch.nn.Linear(512, 512, bias=False)
        self.optimizer = torch.optim.AdamW(self.model.parameters())
        self.meter = Meter("cpu")

    def take(self, batch: dict[str, Any], *megabytes: float, seconds: float = 1.0) -> None:
        """A step of one pass. What it allocates lives one after the other, not at once."""
        self.meter.step_began()
        self.meter.begins(self.model, self.optimizer, batch)
        for size in megabytes:
            torch.empty(int(size * MB), dtype=torch.uint8)
        self.meter.ends()
        self.meter.step_ended(seconds)

    @property
    def peak(self) -> float:
        """In MB, beside the model; the batch's own few bytes are lost in rounding."""
        allocated = self.meter.reading().allocated
        assert allocated is not None
        return round(allocated / MB - 1, 2)


@pytest.fixture
def job() -> Iterator[Job]:
    made = Job()
    yield made
    made.meter.close()


def test_the_peak_is_what_was_alive_at_once(job: Job) -> None:
    job.take(inputs(8), 3, 5, 2)
    assert job.peak == 5


def test_what_was_allocated_before_counts_while_it_lives(job: Job) -> None:
    job.model.weight.grad = torch.zeros(512, 512)
    job.optimizer.step()  # two states as large as the weight
    job.take(inputs(8), 3)
    assert job.peak == 6


def test_the_highest_pass_says_which_batch_made_the_peak(job: Job) -> None:
    job.take(inputs(8), 2)
    job.take(inputs(6, 5), 4)
    batch = job.meter.reading().batch
    assert batch is not None
    assert (batch.rows, batch.length, job.peak) == (2, 6, 4)


def test_later_a_batch_is_measured_only_if_it_is_larger_than_all_before(job: Job) -> None:
    for _ in range(2):
        job.take(inputs(8), 1)
    job.take(inputs(8), 9)
    assert job.peak == 1
    job.take(inputs(9), 3)
    assert job.peak == 3
    job.take(inputs(5), 20)
    assert job.peak == 3


def test_what_came_before_the_optimizer_had_its_states_is_measured_again(job: Job) -> None:
    job.take(inputs(8), 1)
    job.take(inputs(5), 1)
    assert not job.meter.reading().settled
    job.take(inputs(8), 2)
    assert job.meter.reading().settled
    assert job.peak == 2


def test_a_pass_that_failed_does_not_disturb_the_next_training(job: Job) -> None:
    job.meter.begins(job.model, job.optimizer, inputs(8))
    job.meter.close()
    other = Job()
    other.take(inputs(8), 2)
    assert other.peak == 2


def test_the_speed_leaves_out_the_first_step_and_the_time_does_not(job: Job) -> None:
    job.take(inputs(8), seconds=30.0)
    assert (job.meter.reading().steps, job.meter.reading().seconds) == (1, 30.0)
    job.take(inputs(6, 5), seconds=1.5)
    job.take(inputs(6, 4), seconds=0.5)
    reading = job.meter.reading()
    assert (reading.steps, reading.tokens, reading.positions) == (2, 21, 24)
    assert (reading.seconds, reading.total_seconds) == (2.0, 32.0)


@pytest.mark.parametrize(
    ("isolated", "sequences", "expected"),
    [
        (False, [sequence(8)], Batch(1, 8, 2, 2, False)),
        (False, [sequence(8), sequence(8)], Batch(2, 8, 2, 4, False)),
        (False, [sequence(8), sequence(5)], Batch(2, 8, 4, 4, True)),
        (False, [sequence(8, 5)], Batch(2, 8, 4, 4, True)),
        (True, [sequence(8)], Batch(1, 8, 2, 2, False)),
        (True, [sequence(8, 5)], Batch(1, 13, 4, 4, True)),
        (True, [sequence(8), sequence(5)], Batch(2, 8, 4, 4, True)),
    ],
    ids=["one", "even", "padded", "torn apart", "alone", "packed", "packs of unequal length"],
)
def test_a_batch_in_numbers(
    isolated: bool, sequences: list[dict[str, list[int]]], expected: Batch
) -> None:
    assert batch_of(Collator(0, isolated)(sequences)) == expected


# Whole trainings

DATA = """
data:
  train: [{path: rows.jsonl}]
  prompt_template: "{text}"
  completion_template: "{label}"
  val_size: 0.25
"""


@pytest.fixture(autouse=True)
def rows(tmp_path: Path) -> None:
    tiny_rows(tmp_path, 32)


def workflow(training: dict[str, Any], more: str = "") -> str:
    return f"{more}training: {json.dumps(training)}\n{DATA}  packing: false\n"


def test_a_training_says_what_it_took_early_and_at_its_end(
    bench: Benches, chat_model: Path
) -> None:
    made = bench(workflow({"max_steps": 5, "per_device_train_batch_size": 4}), chat_model)
    facts = made.trained.facts
    early, last = made.said("measurement")
    assert [(e["step"], e["final"]) for e in (early, last)] == [(2, False), (5, True)]
    assert last["speed"]["steps"] == 4
    assert last["memory"]["allocated_bytes"] >= early["memory"]["allocated_bytes"] > 0
    assert last["memory"]["peak_rss_bytes"] <= facts["peak_rss_bytes"]
    learnt, memory = last["learnt"], last["memory"]
    assert learnt["process_bytes"] == memory["peak_rss_bytes"] - memory["allocated_bytes"]
    assert learnt["reserved_ratio"] is learnt["context_bytes"] is None
    setting = last["setting"]
    assert (setting["kind"], setting["torch"]) == ("cpu", torch.__version__)
    assert (setting["attention"], setting["method"]) == ("sdpa", "lora")


@pytest.mark.parametrize("steps", [1, 2])
def test_a_short_training_says_it_once(bench: Benches, chat_model: Path, steps: int) -> None:
    made = bench(workflow({"max_steps": steps, "per_device_train_batch_size": 4}), chat_model)
    _ = made.trained
    (only,) = made.said("measurement")
    assert (only["step"], only["final"]) == (steps, True)
    assert only["speed"]["steps"] == 1


def test_the_peak_is_the_public_profiler_s(
    bench: Benches, chat_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same training again, under the profiler that records everything."""
    training = {"max_steps": 2, "per_device_train_batch_size": 24, "logging_steps": 5}
    full = "method: {type: full}\n"
    measured = bench(workflow(training, full), chat_model, run="measured")
    _ = measured.trained
    (event,) = measured.said("measurement")

    alive: list[int] = []
    begins, ends = Meter.begins, Meter.ends
    profilers: list[profile] = []

    def begin(self: Meter, model: Any, optimizer: Any, batch: Any) -> None:
        begins(self, model, optimizer, batch)
        self.close()
        tensors = [*model.parameters(), *model.buffers(), *batch.values()]
        tensors += [v for state in optimizer.state.values() for v in state.values()]
        found = {id(t): t for t in tensors if isinstance(t, torch.Tensor)}
        alive.append(sum(t.nbytes for t in found.values()))
        profilers.append(profile(activities=[ProfilerActivity.CPU], profile_memory=True))
        profilers[-1].start()

    def end(self: Meter) -> None:
        ends(self)
        profilers[-1].stop()

    monkeypatch.setattr(Meter, "begins", begin)
    monkeypatch.setattr(Meter, "ends", end)
    again = bench(workflow(training, full), chat_model, run="profiled")
    _ = again.trained
    peaks: list[int] = []
    for at_first, profiler in zip(alive, profilers, strict=True):
        events: Any = profiler.profiler.kineto_results.events()  # type: ignore[union-attr]
        changes = [(e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]"]
        now = peak = at_first
        for _, change in sorted(changes, key=lambda c: c[0]):
            now += change
            peak = max(peak, now)
        peaks.append(peak)
    assert event["memory"]["allocated_bytes"] == pytest.approx(max(peaks), rel=0.001)
