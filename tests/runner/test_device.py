from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from pitchpipe_runner import device
from pitchpipe_runner.failures import ENVIRONMENT_IS_WRONG, FILE_IS_WRONG, RunFailure
from support.plans import changed
from support.tiny import tiny_rows
from support.workbench import Benches, Workbench


@pytest.fixture
def made(bench: Benches, tmp_path: Path, plain_model: Path) -> Iterator[Workbench]:
    tiny_rows(tmp_path, 6)
    threads = torch.get_num_threads()
    yield bench("", plain_model)
    torch.set_num_threads(threads)


def test_what_is_said_is_done(made: Workbench) -> None:
    plan = changed(made.plan, "model", dtype="bfloat16")
    plan = changed(plan, "compute", device="cpu", threads=1)
    assert device.choose(plan, made.events) == device.Device("cpu", torch.bfloat16)
    assert torch.get_num_threads() == 1
    assert made.said("resolved") == []


def test_what_is_chosen_is_said(made: Workbench) -> None:
    plan = changed(made.plan, "model", dtype="auto")
    plan = changed(plan, "compute", device="auto", threads=None)
    found = device.choose(plan, made.events)
    said = {e["path"]: e["value"] for e in made.said("resolved")}
    assert said == {
        "compute.device": found.kind,
        "compute.threads": torch.get_num_threads(),
        "model.dtype": str(found.dtype).removeprefix("torch."),
    }


def test_a_file_that_is_meant_for_another_machine_says_so(made: Workbench) -> None:
    plan = changed(made.plan, "compute", device="cpu", target="2x RTX 4090")
    device.choose(plan, made.events)
    said = [e["message"] for e in made.said("log")]
    assert said == ["meant for 2x RTX 4090 (`compute.target`), computed on cpu"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is such a device")
def test_a_device_that_is_not_there_is_named(made: Workbench) -> None:
    with pytest.raises(RunFailure) as caught:
        device.choose(changed(made.plan, "compute", device="cuda"), made.events)
    assert (caught.value.code, caught.value.path) == ("device-not-found", "compute.device")
    assert caught.value.exit_code == ENVIRONMENT_IS_WRONG


def test_float16_is_refused_on_a_cpu(made: Workbench) -> None:
    with pytest.raises(RunFailure) as caught:
        device.choose(changed(made.plan, "model", dtype="float16"), made.events)
    assert (caught.value.code, caught.value.path) == ("float16-on-cpu", "model.dtype")
    assert caught.value.exit_code == FILE_IS_WRONG
