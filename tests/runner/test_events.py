from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pitchpipe.plan import Origin
from pitchpipe_runner.events import Events
from support.workbench import events_in

ORIGINS = {
    "data": Origin("file", 3, 1, 3, 5, "data"),
    "data.train[0].path": Origin("file", 4, 12, 4, 20, "rows.jsonl"),
    "training.seed": Origin("default"),
    "training.max_steps": Origin("command-line", text="5"),
}


@pytest.fixture
def events(tmp_path: Path) -> Iterator[Events]:
    made = Events(tmp_path / "events.jsonl", ORIGINS)
    yield made
    made.close()


def test_events_are_whole_lines_at_once(events: Events, tmp_path: Path) -> None:
    events.stage = "train"
    events.log("häh\u2028?")
    events.progress(3, None, "rows")
    events.resolved("compute.device", "cpu", "there is no other")
    assert [(e["kind"], e.get("message")) for e in events_in(tmp_path)] == [
        ("log", "häh\u2028?"),
        ("progress", None),
        ("resolved", None),
    ]


def test_numbering_goes_on_behind_what_a_killed_process_wrote(
    events: Events, tmp_path: Path
) -> None:
    events.log("one")
    events.log("two")
    file = tmp_path / "events.jsonl"
    with file.open("ab") as stream:
        stream.write(b'{"v": 1, "seq": 2, "kind": "log", "mess')
    again = Events(file, ORIGINS)
    again.log("three")
    again.close()
    assert [(e["seq"], e["message"]) for e in events_in(tmp_path)] == [
        (0, "one"),
        (1, "two"),
        (2, "three"),
    ]


def test_threads_do_not_mix_their_lines(events: Events, tmp_path: Path) -> None:
    def work(name: str) -> None:
        for _ in range(50):
            events.log(name * 1000)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(events_in(tmp_path)) == 200


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_becomes_null(events: Events, tmp_path: Path, value: float) -> None:
    events.emit("metrics", stage="train", step=1, total_steps=2, values={"eval_loss": value})
    (found,) = events_in(tmp_path)
    assert found["values"] == {"eval_loss": None}


def test_no_token_reaches_the_log(events: Events, tmp_path: Path) -> None:
    token = "hf_" + "aB3" * 11
    events.log(f"401 for url https://x/?token={token}, authorization: Bearer {token}")
    events.warn("x", f'"{token}"')
    text = (tmp_path / "events.jsonl").read_text(encoding="utf-8")
    assert token not in text
    assert text.count("hf_…") == 3
    assert json.loads(text.split("\n")[0])["message"].endswith("Bearer hf_…")


def test_half_a_character_does_not_stop_the_log(events: Events, tmp_path: Path) -> None:
    events.log("a file name of Linux: \udcff")
    assert events_in(tmp_path)[0]["message"] == "a file name of Linux: ?"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("data.train[0].path", 4),
        ("data.train[0].path.deeper", 4),
        ("data.train[0]", 4),
        ("data.train[0].columns", 4),
        ("data.max_length", 3),
        ("data", 3),
        ("training.seed", None),
        ("training.max_steps", None),
        ("method.r", None),
        (None, None),
    ],
)
def test_the_place_of_a_key_is_where_it_or_what_holds_it_was_written(
    events: Events, path: str | None, line: int | None
) -> None:
    place = events.place(path)
    assert (place and place["line"]) == line


def test_a_warning_points_into_the_workflow(events: Events, tmp_path: Path) -> None:
    events.warn("x", "y", "data.train[0].path")
    place = {"line": 4, "column": 12, "end_line": 4, "end_column": 20}
    assert events_in(tmp_path)[0]["place"] == place
