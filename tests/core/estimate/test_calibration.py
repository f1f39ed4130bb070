"""What a few recorded runs teach the next estimate, and what they must not."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from pitchpipe.estimate.calibration import (
    NOTHING_LEARNT,
    SPEED_VARIES,
    Kind,
    Learnt,
    Observation,
    Setting,
    calibrate,
    drawn_rate,
    from_json,
    kind_of,
    machine_digest,
    size_of,
    to_json,
)
from pitchpipe.estimate.step import Step
from support.small_llama import llama

HERE = Setting("here", "cuda", "NVIDIA L4", "2.13.0", "sdpa")
RUN = Observation(
    "a",
    1.0,
    HERE,
    "lora",
    "llama",
    "bfloat16",
    1_000_000_000,
    context_bytes=300 << 20,
    reserved_ratio=1.1,
    flops_per_second=4e13,
)


KIND = RUN.of


def elsewhere(**changes: str) -> Observation:
    return replace(RUN, setting=replace(HERE, **changes))


def ratio(*runs: Observation) -> Learnt | None:
    return calibrate(runs, kind="cuda").overhead(KIND)


def test_without_runs_every_default_holds() -> None:
    learnt = calibrate([], kind="cuda")
    assert learnt == NOTHING_LEARNT
    assert learnt.context(KIND, 7) == 7
    assert learnt.ratio(KIND, 1.2) == 1.2
    assert learnt.process(KIND, 9) == 9
    assert learnt.speed(KIND) is None


def test_an_outlier_among_the_runs_changes_nothing() -> None:
    ratios = [1.10, 1.11, 3.9, 1.12, 1.09]
    runs = [replace(RUN, run=str(i), reserved_ratio=r) for i, r in enumerate(ratios)]
    assert ratio(*runs) == Learnt(1.11, 5, "run")


def test_one_run_moves_an_estimate_less_than_many_do() -> None:
    moved = [
        calibrate([replace(RUN, run=str(i)) for i in range(n)], kind="cuda").ratio(KIND, 1.5)
        for n in (1, 2, 8)
    ]
    assert 1.5 > moved[0] > moved[1] > moved[2] > 1.1
    assert moved[0] == pytest.approx(1.3)


def test_a_speed_that_was_measured_outweighs_a_guess_that_is_off_by_ten() -> None:
    learnt = calibrate([RUN], kind="cuda").speed(KIND)
    assert learnt is not None
    assert drawn_rate(learnt, 4e12) == pytest.approx(4e13, rel=0.05)


def test_runs_of_the_same_kind_count_before_others() -> None:
    others = [
        replace(RUN, run=f"other {n}", at=10.0, reserved_ratio=2.0, flops_per_second=1e12, **change)
        for n, change in enumerate([
            {"model_type": "mamba2"},
            {"method": "full"},
            {"dtype": "float32"},
            {"parameters": 80_000_000_000},
            {"setting": replace(HERE, attention="eager")},
        ])
    ]
    learnt = calibrate([*others, RUN], kind="cuda")
    assert (learnt.n, learnt.overhead(KIND)) == (6, Learnt(1.1, 1, "run"))
    assert learnt.speed(KIND) == Learnt(4e13, 1, "run")


def test_without_such_runs_those_of_the_same_step_count_then_any() -> None:
    model = replace(RUN, model_type="mamba2", reserved_ratio=1.2)
    method = replace(RUN, method="full", reserved_ratio=1.4)
    assert ratio(model, method) == Learnt(1.2, 1, "step")
    assert ratio(method) == Learnt(1.4, 1, "machine")


def test_what_the_same_kind_did_not_measure_is_taken_from_the_next() -> None:
    quick = replace(RUN, flops_per_second=None)
    model = replace(RUN, model_type="mamba2", reserved_ratio=1.2, flops_per_second=1e13)
    learnt = calibrate([quick, model], kind="cuda")
    assert learnt.overhead(KIND) == Learnt(1.1, 1, "run")
    assert learnt.speed(KIND) == Learnt(1e13, 1, "step")


def test_a_run_of_an_older_version_counts_for_its_machine() -> None:
    said = to_json(RUN)
    old = from_json({k: v for k, v in said.items() if k not in {"model_type", "dtype"}})
    assert old is not None
    assert ratio(old) == Learnt(1.1, 1, "machine")
    assert calibrate([old], kind="cuda").overhead(Kind()) == Learnt(1.1, 1, "machine")


def test_a_quantized_base_is_a_method_of_its_own() -> None:
    step = Step()
    assert kind_of(llama(), step).method == "lora"
    assert kind_of(llama(), replace(step, quantization="nf4")).method == "qlora"


def test_models_of_nearly_the_same_size_are_alike() -> None:
    assert size_of(7_600_000_000) == size_of(8_000_000_000)
    assert size_of(135_000_000) < size_of(1_100_000_000) < size_of(8_000_000_000)


def test_the_less_alike_runs_are_the_less_their_speed_says() -> None:
    widths = [high / low for low, high in SPEED_VARIES.values()]
    assert widths == sorted(widths)
    assert list(SPEED_VARIES) == list(KIND.keys)


def test_old_runs_are_forgotten() -> None:
    old = [replace(RUN, run=f"old-{i}", at=float(i), reserved_ratio=2.0) for i in range(20)]
    new = [replace(RUN, run=f"new-{i}", at=100.0 + i, reserved_ratio=1.05) for i in range(8)]
    assert ratio(*new, *old) == Learnt(1.05, 8, "run")


@pytest.mark.parametrize("changes", [{"kind": "cpu"}, {"name": "NVIDIA T4"}, {"torch": "2.12.0"}])
def test_only_runs_in_the_same_setting_count(changes: dict[str, str]) -> None:
    asked: dict[str, str] = {"kind": "cuda", "name": "NVIDIA L4", "torch": "2.13.0"}
    assert calibrate([RUN], **asked).n == 1
    assert calibrate([elsewhere(**changes)], **asked) == NOTHING_LEARNT


def test_another_machine_counts_only_where_its_device_is_equal_and_this_one_has_no_runs() -> None:
    other = replace(elsewhere(machine="there"), run="b", reserved_ratio=1.3)
    asked: dict[str, str] = {"kind": "cuda", "machine": "here", "name": "NVIDIA L4"}
    assert calibrate([RUN, other], **asked).n == 1
    assert calibrate([other], **asked).overhead(KIND) == Learnt(1.3, 1, "run")
    assert calibrate([other], kind="cuda", machine="here") == NOTHING_LEARNT


@pytest.mark.parametrize(
    "wrong",
    [
        {"context_bytes": 70 << 30},
        {"context_bytes": -5},
        {"reserved_ratio": 0.5},
        {"flops_per_second": 0.0},
    ],
)
def test_what_can_not_be_is_not_learnt(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    for run, is_learnt in ((RUN, True), (replace(RUN, **wrong), False)):
        found = calibrate([run], kind="cuda").lessons.values()
        assert {getattr(lessons, name) is not None for lessons in found} == {is_learnt}


def test_an_observation_survives_its_file() -> None:
    assert from_json(json.loads(json.dumps(to_json(RUN)))) == RUN


@pytest.mark.parametrize(
    "change",
    [
        {"run": None},
        {"at": "soon"},
        {"torch": 2},
        {"reserved_ratio": math.nan},
        {"context_bytes": True},
        {"flops_per_second": "1e9x"},
        {"at": 10**400},
    ],
)
def test_what_is_no_observation_is_none(change: dict[str, Any]) -> None:
    assert from_json({**to_json(RUN), **change}) is None
    assert from_json({}) is None


def test_a_file_of_a_later_version_is_read() -> None:
    assert from_json({**to_json(RUN), "colour": "blue"}) == RUN


def test_a_machine_is_not_told_by_its_name() -> None:
    assert "ada" not in machine_digest("adas-laptop")
    assert machine_digest("a") != machine_digest("b")
    assert machine_digest("\udcff") == machine_digest("\udcff")
