"""The record of what runs measured: kept beside other writers, and made anew from run folders."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pitchpipe.estimate.calibration import Kind, Learnt
from pitchpipe_facts import calibration, run_index

SETTING: dict[str, Any] = {
    "machine": calibration.machine(),
    "kind": "cuda",
    "name": 'NVIDIA L4: <80> "PCIe" / a\\b|c?*\x1f',
    "torch": "2.13.0",
    "attention": "sdpa",
    "method": "lora",
    "model_type": "llama",
    "dtype": "bfloat16",
    "parameters": 1_000_000_000,
}
LEARNT = {
    "context_bytes": 400 << 20,
    "reserved_ratio": 1.08,
    "process_bytes": None,
    "flops_per_second": 3e13,
}


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PITCHPIPE_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def measurement(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "measurement",
        "setting": {**SETTING, **{k: v for k, v in changes.items() if k in SETTING}},
        "learnt": {**LEARNT, **{k: v for k, v in changes.items() if k in LEARNT}},
    }


def make_run(folder: Path, *events: dict[str, Any]) -> Path:
    folder.mkdir(parents=True)
    plan = {"name": "tone", "root": str(folder.parent), "workflow": "tone.yaml", "smoke": False}
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    lines = [json.dumps({"v": 1, "seq": i, "t": 100.0 + i, **e}) for i, e in enumerate(events)]
    (folder / "events.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    run_index.register(folder)
    return folder


def ratio() -> float | None:
    learnt = calibration.read("cuda").overhead(Kind())
    return None if learnt is None else learnt.value


def test_a_run_s_last_measurement_is_what_is_learnt(tmp_path: Path) -> None:
    first, last = measurement(reserved_ratio=1.5), measurement()
    calibration.record(make_run(tmp_path / "runs" / "a", first, last, {"kind": "run-done"}))
    learnt = calibration.read("cuda", name=SETTING["name"], torch="2.13.0")
    assert (learnt.n, ratio()) == (1, 1.08)
    assert learnt.speed(Kind("llama", "lora", "bfloat16", "sdpa", 15)) == Learnt(3e13, 1, "run")
    assert learnt.speed(Kind("llama", "lora", "bfloat16", "eager", 15)) == Learnt(3e13, 1)
    assert calibration.read("cpu").n == calibration.read("cuda", torch="2.14.0").n == 0


def test_a_run_that_goes_on_replaces_what_was_noted_of_it(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "a", measurement())
    calibration.record(run)
    with (run / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"t": 300.0, **measurement(reserved_ratio=1.2)}) + "\n")
    calibration.record(run)
    assert (calibration.read("cuda").n, ratio()) == (1, 1.2)


def test_the_record_is_made_anew_from_the_run_folders(tmp_path: Path) -> None:
    for name in "abc":
        make_run(tmp_path / "runs" / name, measurement())
    make_run(tmp_path / "runs" / "old", {"kind": "run-done"})
    calibration.catch_up()
    assert calibration.read("cuda").n == 3
    files = sorted(calibration.folder().iterdir())
    assert len(files) == 4
    for file in files:
        file.unlink()
    assert calibration.read("cuda").n == 0
    calibration.catch_up()
    assert calibration.read("cuda").n == 3


def test_a_run_is_read_once_even_if_it_measured_nothing(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "a", {"kind": "run-done"})
    calibration.catch_up()
    make_run(tmp_path / "runs" / "b", measurement())
    (run / "events.jsonl").unlink()
    calibration.catch_up()
    assert calibration.read("cuda").n == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b'{"version": 1}',
        b'{"version": 1, "observation": 7}',
        b'{"version": 2, "observation": {}}',
        b"[" * 100_000,
    ],
    ids=["empty", "half", "array", "null", "bytes", "old", "number", "newer", "deep"],
)
def test_a_broken_file_does_no_harm(tmp_path: Path, content: bytes) -> None:
    calibration.record(make_run(tmp_path / "runs" / "a", measurement()))
    (calibration.folder() / "broken.json").write_bytes(content)
    assert calibration.read("cuda").n == 1


@pytest.mark.parametrize(
    "line",
    [
        '{"kind": "measurement"}',
        '{"kind": "measurement", "setting": [], "learnt": {}}',
        '{"kind": "measurement", "t": 1, "setting": {}, "learnt": {}}',
        '{"kind": "log", "message": "the \\"measurement\\""}',
        '{"kind": "measurement", "setting": {"mach',
    ],
)
def test_an_event_that_says_nothing_is_passed_over(tmp_path: Path, line: str) -> None:
    run = make_run(tmp_path / "runs" / "a", measurement())
    with (run / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    calibration.record(run)
    assert ratio() == 1.08


def test_a_state_folder_that_can_not_be_written_is_no_reason_to_fail(
    tmp_path: Path, state_folder: Path
) -> None:
    run = make_run(tmp_path / "runs" / "a", measurement())
    (state_folder / "calibration").write_text("a file where a folder should be", encoding="utf-8")
    calibration.record(run)
    calibration.catch_up()
    calibration.hand_over(run)
    assert calibration.read("cuda").n == 0


WRITER = """
import sys
from pathlib import Path
from pitchpipe_facts import calibration
for _ in range(30):
    for run in map(Path, sys.argv[1:]):
        calibration.record(run)
    calibration.catch_up()
"""


def test_writers_and_readers_do_not_disturb_each_other(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / "runs" / name, measurement()) for name in "abcd"]
    calibration.catch_up()
    command = [sys.executable, "-c", WRITER, *map(str, runs)]
    writers = [subprocess.Popen(command, env=dict(os.environ)) for _ in range(3)]
    found: set[int] = set()
    while any(writer.poll() is None for writer in writers):
        found.add(calibration.read("cuda").n)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert found == {4}
    assert len(list(calibration.folder().iterdir())) == 4


def test_the_runner_is_handed_what_is_known(tmp_path: Path) -> None:
    run = make_run(tmp_path / "runs" / "a", measurement())
    calibration.hand_over(run)
    assert not (run / calibration.HANDED_OVER).exists()
    calibration.record(run)
    calibration.hand_over(run)
    content = json.loads((run / calibration.HANDED_OVER).read_text(encoding="utf-8"))
    assert [o["name"] for o in content["observations"]] == [SETTING["name"]]


def test_the_record_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calibration, "_MOST", 3)
    for number in range(6):
        run = make_run(tmp_path / "runs" / str(number), measurement(context_bytes=number))
        before = set(calibration.folder().glob("*.json"))
        calibration.record(run)
        (new,) = set(calibration.folder().glob("*.json")) - before
        os.utime(new, (number, number))
        run_index.forget(run)
    calibration.catch_up()
    assert sorted(o.context_bytes or 0 for o in calibration.observations()) == [3, 4, 5]
