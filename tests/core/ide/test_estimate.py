"""What a run takes, as the numbers that a panel draws."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pitchpipe.costs.cost import Cost
from pitchpipe.facts import NotRead
from pitchpipe.ide.estimate import Memory, Verdict, memory
from support.analysis import SCHEMA
from support.editing import CARD, snapshot

TEXT = """\
model:
  name_or_path: models/tiny
data:
  train:
    - path: data/pairs.jsonl
method: {method}
"""


def cost(method: str = "{type: lora}", rest: str = "") -> Cost:
    snap = snapshot(TEXT.format(method=method) + rest)
    found = snap.world.cost(snap.context)
    assert isinstance(found, Cost)
    return found


def told(method: str = "{type: lora}", rest: str = "", **changes: Any) -> Memory:
    found = cost(method, rest)
    basis = replace(found.basis, machine=replace(found.machine, **changes))
    return memory(replace(found, basis=basis), SCHEMA)


@pytest.mark.parametrize(
    ("method", "name"),
    [("{type: lora}", "lora"), ("{type: lora, use_dora: true}", "dora"), ("{type: full}", "full")],
)
def test_the_file_says_one_of_the_methods(method: str, name: str) -> None:
    found = told(method)
    assert [m.name for m in found.methods if m.current] == [name]
    assert {"full", "lora", "qlora", "ia3"} <= {m.name for m in found.methods}


def test_the_files_own_method_has_the_numbers_of_its_estimate() -> None:
    estimated = cost(rest="training: {per_device_train_batch_size: 3}\n")
    found = memory(estimated, SCHEMA)
    own = next(m for m in found.methods if m.current)
    total = estimated.estimate.total
    assert (own.total.low, own.total.likely, own.total.high) == (
        total.low,
        total.likely,
        total.high,
    )
    assert estimated.targets is not None
    assert own.trained == found.trainable == estimated.targets.trainable
    assert found.parameters == estimated.shape.numel
    assert found.moment == estimated.estimate.peak.moment
    assert found.reasons


@pytest.mark.parametrize("method", ["{type: lora}", "{type: full}"])
def test_parts_add_up_to_the_tensors_and_begin_with_the_largest(method: str) -> None:
    for one in told(method).methods:
        sizes = [part.bytes for part in one.parts]
        assert sum(sizes) == one.tensors
        assert sizes == sorted(sizes, reverse=True)
        assert min(sizes) > 0
        assert one.total.low <= one.total.likely <= one.total.high


def test_devices_begin_with_the_files_own_and_go_from_small_to_large() -> None:
    first, *others = told(name="a card").devices
    assert (first.name, first.bytes) == ("a card", CARD.memory)
    assert [d.bytes for d in others] == sorted(d.bytes for d in others)
    assert all(set(d.fits) == set(first.fits) for d in others)
    assert "RTX 4090" in {d.name for d in others}


def test_a_device_of_the_catalogue_comes_once() -> None:
    names = [device.name for device in told(name="RTX 4090").devices]
    assert names[0] == "RTX 4090"
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("end", "less", "verdict"),
    [("high", 0, "yes"), ("likely", 0, "likely"), ("low", 0, "unlikely"), ("low", 1, "no")],
)
def test_a_verdict_says_where_in_the_interval_the_memory_lies(
    end: str, less: int, verdict: Verdict
) -> None:
    need = int(getattr(next(m for m in told().methods if m.current).total, end))
    assert told(memory=need - less).devices[0].fits["lora"] == verdict


def test_a_machine_of_unknown_memory_is_no_device() -> None:
    found = told(name="somewhere", memory=None)
    assert found.device == "somewhere"
    assert found.device_bytes is None
    assert "somewhere" not in {device.name for device in found.devices}


def test_what_saves_is_told_as_the_file_would_say_it() -> None:
    changes = {s.change for s in told("{type: full}").savings}
    assert "method.type: lora" in changes


def test_steps_are_counted_and_the_time_on_an_unknown_machine_is_not() -> None:
    found = told(rest="training: {max_steps: 7}\n")
    assert found.steps is not None
    assert (found.steps.low, found.steps.high) == (7, 7)
    assert found.seconds is None


def test_values_that_defaults_stand_in_for_are_named() -> None:
    found = told(rest="training: {per_device_train_batch_size: many}\n")
    wrong = "training.per_device_train_batch_size"
    assert f"the defaults stand in for `{wrong}`" in found.reasons


@pytest.mark.parametrize(
    ("cost", "message"),
    [
        (None, "what the run takes is being worked out"),
        (NotRead("no model is named"), "what the run takes is not known: no model is named"),
    ],
)
def test_where_there_is_no_estimate_a_message_says_why(cost: Any, message: str) -> None:
    assert memory(cost, SCHEMA) == Memory(message)
