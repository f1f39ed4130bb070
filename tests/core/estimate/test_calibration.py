"""What a few recorded runs teach the next estimate, and what they must not."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from pitchpipe.estimate.calibration import (
    NOTHING_LEARNT,
    Observation,
    Setting,
    calibrate,
    from_json,
    machine_digest,
    to_json,
)

HERE = Setting("here", "cuda", "NVIDIA L4", "2.13.0", "sdpa")
RUN = Observation(
    "a",
    1.0,
    HERE,
    "lora",
    context_bytes=300 << 20,
    reserved_ratio=1.1,
    flops_per_second=4e13,
)


def elsewhere(**changes: str) -> Observation:
    return replace(RUN, setting=replace(HERE, **changes))


def test_without_runs_every_default_holds() -> None:
    learnt = calibrate([], kind="cuda")
    assert learnt == NOTHING_LEARNT
    assert (learnt.context(7), learnt.ratio(1.2), learnt.process(9)) == (7, 1.2, 9)
    assert learnt.rate("lora", 1e12) == 1e12


def test_an_outlier_among_the_runs_changes_nothing() -> None:
    ratios = [1.10, 1.11, 3.9, 1.12, 1.09]
    runs = [replace(RUN, run=str(i), reserved_ratio=r) for i, r in enumerate(ratios)]
    learnt = calibrate(runs, kind="cuda").reserved_ratio
    assert learnt is not None
    assert (learnt.value, learnt.n) == (1.11, 5)


def test_one_run_moves_an_estimate_less_than_many_do() -> None:
    moved = [
        calibrate([replace(RUN, run=str(i)) for i in range(n)], kind="cuda").ratio(1.5)
        for n in (1, 2, 8)
    ]
    assert 1.5 > moved[0] > moved[1] > moved[2] > 1.1
    assert moved[0] == pytest.approx(1.3)


def test_a_speed_that_was_measured_outweighs_a_guess_that_is_off_by_ten() -> None:
    rate = calibrate([RUN], kind="cuda").rate("lora", 4e12)
    assert rate == pytest.approx(4e13, rel=0.05)


def test_speed_is_learnt_for_the_method_that_was_run() -> None:
    runs = [RUN, replace(RUN, run="b", method="full", flops_per_second=2e13)]
    learnt = calibrate(runs, kind="cuda")
    assert learnt.flops_per_second["full"].value == 2e13
    assert learnt.rate("lora", 1e13) > learnt.rate("full", 1e13) > learnt.rate("ia3", 1e13)


def test_old_runs_are_forgotten() -> None:
    old = [replace(RUN, run=f"old-{i}", at=float(i), reserved_ratio=2.0) for i in range(20)]
    new = [replace(RUN, run=f"new-{i}", at=100.0 + i, reserved_ratio=1.05) for i in range(8)]
    learnt = calibrate([*new, *old], kind="cuda").reserved_ratio
    assert learnt is not None
    assert (learnt.value, learnt.n) == (1.05, 8)


@pytest.mark.parametrize(
    "changes", [{"kind": "cpu"}, {"name": "NVIDIA T4"}, {"torch": "2.12.0"}, {"attention": "eager"}]
)
def test_only_runs_in_the_same_setting_count(changes: dict[str, str]) -> None:
    asked: dict[str, str] = {
        "kind": "cuda",
        "name": "NVIDIA L4",
        "torch": "2.13.0",
        "attention": "sdpa",
    }
    assert calibrate([RUN], **asked).n == 1
    assert calibrate([elsewhere(**changes)], **asked) == NOTHING_LEARNT


def test_another_machine_counts_only_where_its_device_is_equal_and_this_one_has_no_runs() -> None:
    other = replace(elsewhere(machine="there"), run="b", reserved_ratio=1.3)
    asked: dict[str, str] = {"kind": "cuda", "machine": "here", "name": "NVIDIA L4"}
    assert calibrate([RUN, other], **asked).n == 1
    learnt = calibrate([other], **asked)
    assert learnt.reserved_ratio is not None
    assert learnt.reserved_ratio.value == 1.3
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
    learnt = getattr(calibrate([replace(RUN, **wrong)], kind="cuda"), name)
    assert not learnt


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
