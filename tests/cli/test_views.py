"""The golden events, as each view shows them."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from pitchpipe_cli import scores, summary
from pitchpipe_cli.view.live import Picture, picture
from pitchpipe_cli.view.plain import Plain
from pitchpipe_facts import runs
from pitchpipe_facts.runs import Event, RunInfo
from support import recorded_run
from support.cli import TESTS
from support.recorded_run import Recipe

GOLDEN = TESTS / "golden"
EVENTS, _ = runs.tail(GOLDEN / "events.jsonl", 0)


def told() -> Iterator[tuple[RunInfo, Event]]:
    """Every golden event with the state after it."""
    began = EVENTS[0]
    folder = Path("runs", began["run_id"])
    run = RunInfo(folder, name=began["name"], workflow=Path(f"{began['name']}.yaml"))
    for event in EVENTS:
        run = runs.after(run, event)
        yield run, event


def in_training() -> RunInfo:
    """The state after half of what was measured while training."""
    states = [run for run, event in told() if event["kind"] == "metrics"]
    return states[len(states) // 2]


def check_golden(name: str, text: str) -> None:
    """Compares with a golden file. With UPDATE_GOLDEN=1 in the environment the file is written."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")


def plain(quiet: bool = False) -> str:
    text = io.StringIO()
    view = Plain(text.write, quiet=quiet)
    for run, event in told():
        view.show(run, event)
    return text.getvalue()


def drawn(run: RunInfo, width: int, log: tuple[str, ...] = ()) -> str:
    """The picture half a second after the last event, without colours."""
    console = Console(width=width, file=io.StringIO(), color_system=None, force_terminal=True)
    with console.capture() as captured:
        console.print(picture(run, log, now=(run.updated or 0) + 0.5))
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def test_plain_lines_are_the_golden_ones() -> None:
    check_golden("view.txt", plain().replace("\\", "/"))


def test_quiet_lines_are_warnings_alone() -> None:
    warnings = [event for event in EVENTS if event["kind"] == "warning"]
    lines = plain(quiet=True).splitlines()
    assert [line.partition("warning[")[2].partition("]")[0] for line in lines] == [
        event["code"] for event in warnings
    ]


@pytest.mark.parametrize("width", [80, 120])
def test_a_picture_in_the_middle_of_training(width: int) -> None:
    check_golden(f"picture-{width}.txt", drawn(in_training(), width, ("the last log line",)))


@pytest.mark.parametrize("width", [20, 40, 60, 80])
def test_a_picture_never_wraps(width: int) -> None:
    run = in_training()
    shown = drawn(run, width, ("a line of the log that is far too long for any terminal " * 5,))
    assert len(shown.splitlines()) == 1 + len(run.stages) + 2 + 1
    assert max(map(len, shown.splitlines())) <= width


def test_a_picture_fits_a_terminal_that_knows_ascii_alone() -> None:
    console = Console(width=80, file=io.StringIO(), color_system=None)
    run = in_training()
    with console.capture() as captured:
        console.print(picture(run, (), now=0.0, ascii_only=True))
    stages = captured.get().splitlines()[1 : 1 + len(run.stages)]
    marks = {"waiting": ".", "running": "*", "done": "+", "reused": "="}
    assert [line.split()[:2] for line in stages] == [[marks[s.state], s.name] for s in run.stages]


def test_the_live_view_leaves_warnings_above_its_last_picture() -> None:
    screen = io.StringIO()
    console = Console(width=100, file=screen, force_terminal=True, color_system=None)
    run = None
    with Picture(console) as view:
        for run, event in told():
            view.show(run, event)
            view.tick(run)
    text = screen.getvalue()
    for event in EVENTS:
        if event["kind"] == "warning":
            assert text.count(f"warning[{event['code']}]: {event['message']}") == 1
    assert run is not None
    last = text[text.rindex(f"✓ {run.stages[0].name}" if run.stages[0].state == "done" else "↺") :]
    assert [
        f"✓ {s.name}" for s in run.stages if s.state == "done" and f"✓ {s.name}" not in last
    ] == []
    assert f"loss {run.metrics['loss']:.4f}" in last


def test_scores_are_set_side_by_side() -> None:
    table = scores.table(recorded_run.scores(Recipe()))
    check_golden("scores.txt", summary.text(table))


def test_scores_without_an_export_or_a_majority_have_fewer_columns() -> None:
    table = scores.table(recorded_run.scores(Recipe(export=False, classification=False)))
    assert table.header == ("", "base", "tuned")
    assert {len(row) for row in table.rows} <= {3}


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"models": [{}], "majority": null}'])
def test_scores_of_another_make_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "06-evaluate").mkdir()
    (tmp_path / "06-evaluate" / "scores.json").write_text(text, encoding="utf-8")
    assert scores.read(tmp_path) is None
