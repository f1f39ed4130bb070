"""Curves of what was measured: the report's, but read on where the events grow."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from pitchpipe_facts import runs
from pitchpipe_runner.reporting import recording, series
from pitchpipe_server.runs.curves import Curve, Curves
from support import recorded_run
from support.recorded_run import Recipe
from support.run_events import INTERRUPTED, STARTED, RunFolder, log, metrics, steps

RECIPES = {
    "done": Recipe(),
    "resumed": Recipe(resumed_at=120),
    "resumed on a GPU": Recipe(resumed_at=200, device="cuda", ends="failed"),
    "killed, and resumed at the beginning": Recipe(resumed_at=1, ends="killed"),
    "not finite": Recipe(nan_from=90),
    "without metrics": Recipe(metrics=False),
}

Points = list[tuple[int, float, float | None]]


def curves_of(folder: Path) -> Curves:
    curves = Curves()
    events = folder / "events.jsonl"
    curves.read(events, events.read_bytes().rfind(b"\n") + 1)
    return curves


def points(curve: Curve) -> Points:
    values = [None if math.isnan(value) else value for value in curve.value]
    return list(zip(curve.step, [round(s, 6) for s in curve.seconds], values, strict=True))


def rounded(found: list[series.Point]) -> Points:
    return [(step, round(seconds, 6), value) for step, seconds, value in found]


@pytest.mark.parametrize("name", RECIPES)
def test_they_are_those_of_the_report(tmp_path: Path, name: str) -> None:
    folder = recorded_run.write(tmp_path / "r", RECIPES[name])
    curves, read = curves_of(folder), recording.read(folder)
    expected = series.measured(read).current
    assert {n: points(c) for n, c in curves.metrics.items() if c.step} == {
        name: rounded(found) for name, found in expected.items() if found
    }
    for of, field in {"process": "rss_bytes", "device": "device_bytes"}.items():
        found = next(curve for name, curve in curves.memory.items() if name == of)
        assert points(found) == rounded(series.resources(read, field))


def test_reading_on_gives_what_reading_at_once_gives(tmp_path: Path) -> None:
    events = recorded_run.write(tmp_path / "r", Recipe(resumed_at=120)) / "events.jsonl"
    whole, parts = curves_of(events.parent), Curves()
    lines = events.read_bytes().splitlines(keepends=True)
    for at in range(0, len(lines), 7):
        parts.read(events, sum(map(len, lines[:at])))
    parts.read(events, events.stat().st_size)
    assert parts.offset == whole.offset == events.stat().st_size
    assert parts.metrics == whole.metrics
    assert parts.memory == whole.memory


def test_the_time_between_two_processes_is_nobodys(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "r", STARTED, metrics(1, loss=3.0), metrics(2, loss=2.0), log("bye"))
    run.say({**STARTED, "t": 9000.0}, {**metrics(2, loss=2.5), "t": 9004.0})
    curves = curves_of(run.path)
    assert points(curves.metrics["loss"]) == [(1, 1.0, 3.0), (2, 7.0, 2.5)]


def test_a_clock_that_was_set_back_takes_no_time(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "r", STARTED, {**metrics(1, loss=3.0), "t": 40.0}, INTERRUPTED)
    run.say({**STARTED, "t": 9000.0}, {**metrics(2, loss=2.5), "t": 9004.0})
    assert [s for _, s, _ in points(curves_of(run.path).metrics["loss"])] == [-60.0, 6.0]


def test_steps_of_other_stages_are_not_of_the_training(tmp_path: Path) -> None:
    other = {**metrics(1, loss=9.0), "stage": "evaluate"}
    run = RunFolder(tmp_path / "r", STARTED, metrics(5, loss=1.0), other, STARTED, other)
    assert points(curves_of(run.path).metrics["loss"]) == [(5, 1.0, 1.0)]


@pytest.mark.parametrize(
    "line",
    [
        b'{"kind": "metrics", "t": 101.0, "step": "x", "values": {"loss": 1}}',
        b'{"kind": "metrics", "t": 101.0, "step": 1, "values": [1]}',
        b'{"kind": "metrics", "t": "now", "step": 1, "values": {"loss": 1}}',
        b'{"kind": "metrics", "step": 1e999, "t": 101.0, "values": {"loss": 1}}',
        b'{"kind": "resources", "t": 101.0, "rss_bytes": null}',
        b'{"v": 1, "seq": 1, "t": 101.0, "kind": "metrics", "st',
        b"[]",
        b"\xff\x00",
        b"",
    ],
)
def test_lines_of_another_version_are_passed_over(tmp_path: Path, line: bytes) -> None:
    run = RunFolder(tmp_path / "r", STARTED)
    run.write(line + b"\n")
    run.say(steps(1), metrics(1, loss=0.5))
    curves = curves_of(run.path)
    assert [value for _, _, value in points(curves.metrics["loss"])] == [0.5]
    assert not curves.memory["process"].step


def test_events_in_another_order_of_keys_count_as_well(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "r")
    events = [STARTED, log("hello"), metrics(3, loss=0.5)]
    lines = [json.dumps({**event, "t": 100.0 + i}) for i, event in enumerate(events)]
    run.write("".join(f"{line}\n" for line in lines).encode())
    assert points(curves_of(run.path).metrics["loss"]) == [(3, 2.0, 0.5)]


def test_a_line_that_is_half_written_waits(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "r", STARTED, metrics(1, loss=0.5))
    line = run.line(metrics(2, loss=0.4))
    run.write(line[:-20])
    curves = curves_of(run.path)
    assert curves.metrics["loss"].step.tolist() == [1]
    run.write(line[-20:])
    curves.read(run.events, run.events.stat().st_size)
    assert curves.metrics["loss"].step.tolist() == [1, 2]


def test_events_that_are_gone_have_no_more(tmp_path: Path) -> None:
    curves = Curves()
    curves.read(tmp_path / "events.jsonl", 100)
    assert (curves.offset, curves.metrics) == (0, {})


def test_only_what_is_drawn_is_read_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder(tmp_path / "r", STARTED, *[steps(n) for n in range(50)], metrics(1, loss=1.0))
    read: list[bytes] = []
    parse = runs.parse
    monkeypatch.setattr(runs, "parse", lambda line: read.append(line) or parse(line))
    curves = curves_of(run.path)
    assert curves.metrics["loss"].seconds.tolist() == [51.0]
    assert len(list(filter(None, read))) == 2
