"""What a follower tells of events that are written while it looks."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pitchpipe.span import Place
from pitchpipe_facts import run_index
from pitchpipe_server.runs import following, news
from pitchpipe_server.runs.following import Follower
from pitchpipe_server.runs.knowing import Runs
from pitchpipe_server.runs.news import Ended, Logged, Measured, News, Progressed, StageChanged
from pitchpipe_server.runs.reading import begun as begun_reading
from support.run_events import (
    DONE,
    FAILURE,
    INTERRUPTED,
    STARTED,
    RunFolder,
    begun,
    ended,
    log,
    metrics,
    steps,
    worked_on,
)


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PITCHPIPE_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "runs" / "r")


def check(found: list[News], *expected: news.Update) -> None:
    assert [n.update for n in found if n.update is not None] == list(expected)


def followed(run: RunFolder, **options: Any) -> Follower:
    follower = Follower()
    assert follower.follow(run.path, **options)
    return follower


def test_events_are_told_with_what_they_mean_as_they_come(run: RunFolder) -> None:
    follower = followed(run)
    assert follower.look() == []
    place = {"line": 2, "column": 1, "end_line": 2, "end_column": 5}
    warning = {"kind": "warning", "code": "x", "message": "hm", "path": "data", "place": place}
    run.say(STARTED, begun("prepare"), log("rows read"), warning, {"kind": "resources"})
    found = follower.look()
    check(
        found,
        StageChanged("prepare", "running", None),
        Logged("info", "rows read", None),
        Logged("warning", "hm", "prepare", "x", Place(2, 1, 2, 5)),
    )
    assert [n.event["kind"] for n in found if n.event] == [
        "run-started",
        "stage-started",
        "log",
        "warning",
        "resources",
    ]
    assert found[-1].offset == run.events.stat().st_size
    run.say(ended("prepare", 2.5), {"kind": "stage-reused", "stage": "export", "source": "y"})
    check(
        follower.look(),
        StageChanged("prepare", "done", 2.5),
        StageChanged("export", "reused", None),
    )
    assert follower.look() == []


def test_metrics_keep_gaps_for_what_is_not_finite(run: RunFolder) -> None:
    follower = followed(run)
    run.say(STARTED, metrics(5, loss=1.5, grad_norm=None))
    check(follower.look(), Measured(5, 100, {"loss": 1.5, "grad_norm": None}))


def test_fields_of_another_version_are_passed_on_and_mean_nothing(run: RunFolder) -> None:
    follower = followed(run)
    run.say(STARTED, {"kind": "teleported"}, steps(1, total="many"), {"kind": "failure"})  # pyright: ignore[reportArgumentType]
    found = follower.look()
    assert len(found) == 4
    check(found)


def test_of_progress_that_came_at_once_the_latest_is_told(run: RunFolder) -> None:
    follower = followed(run)
    run.say(STARTED, begun("train"), steps(1), steps(2), steps(3))
    found = [n for n in follower.look() if isinstance(n.update, Progressed)]
    assert [n.event["done"] for n in found if n.event] == [3]


# How much is done, and how long the rest takes


def told_progress(run: RunFolder, *events: dict[str, Any], **options: Any) -> Progressed:
    follower = followed(run, **options)
    run.say(*events)
    found = [n.update for n in follower.look() if isinstance(n.update, Progressed)]
    return found[-1]


def test_the_rest_takes_what_the_pace_says(run: RunFolder) -> None:
    """10 steps took 10 s, 90 are left; 20 s have passed in training, 5 before."""
    progress = told_progress(
        run,
        {**STARTED, "t": 0},
        ended("prepare", 5.0, t=5),
        begun("train", t=5),
        steps(0, t=15),
        steps(10, t=25),
    )
    assert (progress.stage, progress.done, progress.total) == ("train", 10, 100)
    assert progress.seconds_left == pytest.approx(90.0)
    assert progress.share == pytest.approx(25 / 115)


def test_after_a_resume_earlier_steps_count_as_done(run: RunFolder) -> None:
    progress = told_progress(run, STARTED, begun("train", t=0), steps(50, t=0), steps(60, t=10))
    assert progress.share == pytest.approx(0.6)
    assert progress.seconds_left is not None


def test_stages_to_come_take_what_they_took_earlier(run: RunFolder) -> None:
    earlier = {"prepare": 5.0, "train": 99.0, "export": 60.0}
    events = (ended("prepare", 5.0, t=5), begun("train", t=5), steps(0, t=5), steps(50, t=55))
    progress = told_progress(run, {**STARTED, "t": 0}, *events, earlier=earlier)
    assert progress.seconds_left == pytest.approx(110.0)
    assert progress.share == pytest.approx(55 / 165)


def test_before_training_nobody_can_tell_the_first_time(run: RunFolder) -> None:
    preparing = {**steps(50), "stage": "prepare", "unit": "rows"}
    progress = told_progress(run, STARTED, begun("prepare"), preparing)
    assert (progress.share, progress.seconds_left) == (None, None)


def test_the_share_never_falls(run: RunFolder) -> None:
    follower = followed(run)
    prepared = ended("prepare", 90.0, t=0)
    run.say(STARTED, prepared, begun("train", t=0), steps(0, t=0), steps(80, t=8))
    before = follower.look()[-1].update
    run.say(steps(81, t=800))
    after = follower.look()[-1].update
    assert isinstance(before, Progressed)
    assert isinstance(after, Progressed)
    assert before.share == after.share == pytest.approx(98 / 100)
    assert after.seconds_left == pytest.approx(19 * 800 / 81)


def test_a_clock_that_goes_back_makes_nothing_negative(run: RunFolder) -> None:
    progress = told_progress(run, STARTED, begun("train", t=1e9), steps(1, t=1e9), steps(2, t=5))
    assert (progress.share, progress.seconds_left) == (None, None)


# Where it begins, and what the file may look like


def test_news_begin_behind_the_end_or_where_one_says(run: RunFolder) -> None:
    run.say(STARTED, begun("train"), log("one"))
    middle = run.events.stat().st_size
    run.say(log("two"))
    from_the_end, from_the_middle = followed(run), followed(run, offset=middle)
    run.say(log("three"))
    check(from_the_end.look(), Logged("info", "three", None))
    found = from_the_middle.look()
    check(found, Logged("info", "two", None), Logged("info", "three", None))
    assert found[-1].run.stage == "train"


def test_a_half_written_line_is_told_when_it_is_whole(run: RunFolder) -> None:
    follower = followed(run)
    line = run.line(log("häl" * 3))
    run.write(line[:-20])
    assert follower.look() == []
    run.write(line[-20:])
    check(follower.look(), Logged("info", "häl" * 3, None))


def test_a_line_that_is_being_written_when_following_begins_is_told(run: RunFolder) -> None:
    run.say(STARTED)
    line = run.line(log("one"))
    run.write(line[:50])
    follower = followed(run)
    run.write(line[50:] + run.line(log("two")))
    found = follower.look() + follower.look()
    check(found, Logged("info", "one", None), Logged("info", "two", None))


def test_a_line_that_a_killed_process_left_half_written_is_passed_over(run: RunFolder) -> None:
    follower = followed(run)
    run.write(b'{"kind": "lo\n' + run.line(log("after")))
    check(follower.look(), Logged("info", "after", None))


def test_a_long_file_is_read_in_pieces_and_told_once(run: RunFolder) -> None:
    follower = followed(run)
    run.say(*(log(f"{i} {'x' * 500}") for i in range(2000)))
    looks = [follower.look() for _ in range(10)]
    assert len(looks[0]) < 2000
    told = [n.event["seq"] for look in looks for n in look if n.event]
    assert told == list(range(2000))


def test_a_line_longer_than_a_piece_is_read_whole(run: RunFolder) -> None:
    follower = followed(run)
    run.say(log("x" * 600_000), log("y"))
    assert len(follower.look()) + len(follower.look()) == 2


def test_a_file_that_became_shorter_is_read_anew_and_told_on(run: RunFolder) -> None:
    run.say(STARTED, begun("train"), log("one"), log("two"))
    follower = followed(run)
    follower.look()
    lines = run.events.read_bytes().splitlines(keepends=True)
    run.events.write_bytes(b"".join(lines[:2]))
    assert follower.look() == []
    run.say(log("three"))
    check(follower.look(), Logged("info", "three", None))


# Ends


@pytest.mark.parametrize(
    ("event", "state"), [(DONE, "done"), (FAILURE, "failed"), (INTERRUPTED, "interrupted")]
)
def test_a_run_that_tells_its_end_is_followed_no_more(
    run: RunFolder, event: dict[str, Any], state: str
) -> None:
    run.say(STARTED, begun("train"))
    follower = followed(run)
    (run.path / "report.html").touch()
    run.say(event)
    found = follower.look() + follower.look()
    last = found[-1].update
    assert isinstance(last, Ended)
    assert (last.state, last.report) == (state, (run.path / "report.html").resolve())
    assert follower.folders == ()


def test_a_failure_tells_all_that_its_event_does(run: RunFolder) -> None:
    run.say(STARTED, begun("train"))
    follower = followed(run)
    run.say(FAILURE)
    assert follower.look()[0].update == news.Failed(
        "out-of-memory",
        "not enough memory",
        "halve it",
        "train",
        "training.per_device_train_batch_size",
        Place(3, 3, 3, 32),
        exit_code=3,
    )


def test_a_run_goes_on_being_followed_when_another_process_takes_it_up(run: RunFolder) -> None:
    run.say(STARTED, begun("train"), INTERRUPTED)
    with worked_on(run.path):
        follower = followed(run)
        assert follower.look() == []
        run.say({**STARTED, "resumed": True}, log("going on"))
        check(follower.look(), Logged("info", "going on", None))
        assert follower.folders


def test_a_process_that_dies_without_a_word_is_noticed_by_its_lock(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_LOCK_EVERY", 0.0)
    with worked_on(run.path) as worker:
        run.say(STARTED, begun("train"))
        (run.path / "output.log").write_text("Killed by nobody\n", encoding="utf-8")
        follower = followed(run)
        assert follower.look() == follower.look() == []
        worker.kill()
        worker.wait()
        (last,) = follower.look()
    assert isinstance(last.update, Ended)
    assert last.update.state == "stopped"
    assert last.update.message == (
        "the runner ended in the stage `train` without a word of why; the end of its output:\n"
        "Killed by nobody"
    )


def test_a_run_that_nobody_works_on_yet_gets_some_time(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_LOCK_EVERY", 0.0)
    follower = followed(run)
    assert follower.look() == []
    monkeypatch.setattr(following, "_GRACE", 0.0)
    (last,) = follower.look()
    assert last.update == Ended("stopped", "no process works on it")


def test_a_folder_that_is_removed_ends_it(run: RunFolder) -> None:
    run.say(STARTED)
    follower = followed(run)
    follower.look()
    shutil.rmtree(run.path)
    (last,) = follower.look()
    assert last.update == Ended("gone")
    assert follower.folders == ()


def test_what_is_no_run_or_is_followed_already_is_not_followed(
    run: RunFolder, tmp_path: Path
) -> None:
    follower = Follower()
    assert not follower.follow(tmp_path / "nothing")
    assert follower.follow(run.path)
    assert not follower.follow(run.path)


def test_one_run_that_cannot_be_read_leaves_the_others_alone(
    run: RunFolder, tmp_path: Path
) -> None:
    other = RunFolder(tmp_path / "runs" / "other", STARTED)
    follower = followed(run)
    follower.follow(other.path)
    run.events.unlink()
    run.events.mkdir()
    other.say(log("here"))
    check(follower.look(), Logged("info", "here", None))


# Over time


@pytest.mark.asyncio
async def test_news_come_by_themselves_and_a_new_run_wakes_a_sleeper(run: RunFolder) -> None:
    follower = Follower()
    stream = follower.news()
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    run.say(STARTED)
    follower.follow(run.path, offset=0)
    told = await asyncio.wait_for(waiting, 5)
    assert told.event is not None
    assert told.event["kind"] == "run-started"
    await stream.aclose()


def test_silence_is_looked_at_less_and_less_often(run: RunFolder) -> None:
    with worked_on(run.path):
        follower = followed(run)
        pauses: list[float] = []
        for _ in range(8):
            follower.look()
            pauses.append(follower.pause)
        assert pauses == sorted(pauses)
        assert pauses[-1] == following.LONGEST
        run.say(STARTED)
        follower.look()
        assert follower.pause == following.SHORTEST


# What is passed over


KINDS = [
    st.integers(0, 9).map(steps),
    st.integers(0, 9).map(lambda n: {**steps(n), "unit": "rows"}),
    st.floats(0, 9).map(lambda v: metrics(int(v), loss=v)),
    st.floats(0, 9).map(lambda v: metrics(int(v), eval_loss=v)),
    st.integers(1, 9).map(lambda n: {"kind": "resources", "rss_bytes": n}),
    st.sampled_from(["prepare", "train"]).map(begun),
    st.just(ended("prepare", 1.0)),
    st.just(log('"kind": "failure"')),
    st.sampled_from([STARTED, FAILURE, INTERRUPTED, DONE]),
]


@given(st.lists(st.one_of(KINDS), max_size=40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_skimming_finds_the_same_run_as_reading_all(
    tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, Any]]
) -> None:
    run = RunFolder(tmp_path_factory.mktemp("r") / "runs" / "r", *events)
    skimmed, read = begun_reading(run.path), begun_reading(run.path)
    assert skimmed is not None
    assert read is not None
    skimmed.drain()
    read.read_on()
    assert skimmed == read


def test_a_long_past_is_skimmed_and_nothing_of_it_told(run: RunFolder) -> None:
    past = (e for i in range(9000) for e in (log("x" * 200), steps(i, 9000), metrics(i, loss=1.0)))
    run.say(STARTED, begun("train"), *past)
    follower = followed(run)
    run.say(steps(9000, 9000))
    looks = [follower.look() for _ in range(5)]
    told = [n for look in looks for n in look]
    assert looks[0] == []
    assert [n.event["done"] for n in told if n.event] == [9000]
    assert told[0].run.step == 8999


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.sampled_from(["train", "x"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("line"), inner, max_size=1),
    max_leaves=3,
)
WHOLE = [
    *(STARTED, DONE, FAILURE, INTERRUPTED, begun("train"), ended("train", 1.0), steps(1)),
    *(metrics(1, eval_loss=1.0), log("x"), {"kind": "artifact", "name": "a", "path": "p"}),
    {"kind": "warning", "code": "x", "message": "m", "path": None, "place": {"line": 1}},
    {"kind": "stage-reused", "stage": "train", "source": "s"},
    {"kind": "resolved", "path": "p", "value": 1, "reason": "r"},
]


@st.composite
def odd_events(draw: st.DrawFn) -> dict[str, Any]:
    """An event some of whose fields are missing or anything at all."""
    event = {"t": 1.0, **draw(st.sampled_from(WHOLE))}
    for field in draw(st.lists(st.sampled_from(sorted(event)), max_size=2)):
        if field != "kind" and draw(st.booleans()):
            event[field] = draw(JSON)
        else:
            event.pop(field, None)
    return event


@given(st.lists(odd_events(), max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_nothing_that_an_event_may_hold_makes_following_or_listing_fail(
    tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("r")
    run = RunFolder(folder / "runs" / "r", workflow_sha256=hashlib.sha256(b"").hexdigest())
    follower = followed(run)
    run_index.register(run.path)
    known = Runs()
    run.say(*events)
    assert len(follower.look()) >= len([e for e in events if "kind" in e])
    assert len(known.summaries(folder / "tone.yaml")) == 1
    known.failure_finding(folder / "tone.yaml", "")
