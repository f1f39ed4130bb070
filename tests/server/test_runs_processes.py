"""Runs that an editor starts and stops: real processes, of the stand-in runner and the real one."""

# Seen as on Windows, where those tests are skipped, the signals are not there.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from pitchpipe_facts import calibration, run_index, runs
from pitchpipe_server.runs import stopping
from pitchpipe_server.runs.errors import CannotStart, CannotStop
from pitchpipe_server.runs.following import Follower
from pitchpipe_server.runs.knowing import Runs
from pitchpipe_server.runs.news import Ended, Failed, Logged, News, Progressed
from pitchpipe_server.runs.starting import Started, start
from support.cli import environment, stand_in_python
from support.tiny import tiny_model, tiny_rows
from support.tones import WORKFLOW

PATIENCE = 60.0  # seconds until a run counts as hanging

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No run of a test that failed goes on for ever."""
    for name, value in environment(
        PITCHPIPE_STATE_DIR=str(tmp_path / "state"),
        HF_HOME=str(tmp_path / "hf"),
        HF_HUB_OFFLINE="1",
        OMP_NUM_THREADS="1",
        TOKENIZERS_PARALLELISM="false",
    ).items():
        monkeypatch.setenv(name, value)
    yield
    for folder in (tmp_path / "runs").glob("*"):
        with contextlib.suppress(CannotStop):
            stopping.cancel(folder, force=True)


@pytest.fixture
def workflow(tmp_path: Path) -> Path:
    tiny_rows(tmp_path, 60)
    file = tmp_path / "töne of joy.yaml"
    file.write_text(WORKFLOW, encoding="utf-8")
    return file


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Gives a Python whose runner plays a script instead of training."""

    def python(script: str) -> str:
        monkeypatch.setenv("STAND_IN", script)
        return str(stand_in_python(tmp_path))

    return python


async def news_of(*started: Started | Path, offset: int | None = None) -> AsyncIterator[News]:
    """What a follower tells of runs until all of them have ended."""
    follower = Follower()
    for run in started:
        assert follower.follow(run, offset=offset)
    stream, left = follower.news(), len(started)
    try:
        while left:
            news = await asyncio.wait_for(anext(stream), PATIENCE)
            left -= isinstance(news.update, Ended)
            yield news
    finally:
        await stream.aclose()


async def end_of(*started: Started | Path) -> Ended:
    found = [news.update async for news in news_of(*started)]
    last = found[-1]
    assert isinstance(last, Ended)
    return last


def wait_for(run: Path, message: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if any(e.get("message") == message for e in runs.tail(run / runs.EVENTS, 0)[0]):
            return
        time.sleep(0.02)
    pytest.fail(f"the stand-in never said {message!r}")


# Starting


async def test_a_run_is_started_in_its_folder_and_told_to_its_end(
    workflow: Path, stand_in: Callable[[str], str]
) -> None:
    started = start(stand_in("measured"), workflow, smoke=True, overrides=["training.max_steps=2"])
    assert started.folder.parent == workflow.parent / "runs"
    plan = json.loads((started.folder / "plan.json").read_text(encoding="utf-8"))
    assert (plan["smoke"], plan["root"]) == (True, str(workflow.parent))
    assert (started.folder / "workflow.yaml").read_text(encoding="utf-8") == WORKFLOW
    found = [news async for news in news_of(started)]
    assert found[0].event is not None
    assert found[0].event["kind"] == "run-started"
    report = (started.folder / "report.html").resolve()
    assert found[-1].update == Ended("done", None, report, 2.0)
    assert run_index.indexed() == [started.folder.resolve()]
    # What it measured is known to the next estimate.
    assert [o.process_bytes for o in calibration.observations()] == [500_000_000]


async def test_several_runs_are_followed_at_once(
    workflow: Path, stand_in: Callable[[str], str]
) -> None:
    python = stand_in("done")
    both = [start(python, workflow), start(python, workflow)]
    found = [news async for news in news_of(*both)]
    ends = {news.run.folder for news in found if isinstance(news.update, Ended)}
    assert ends == {started.folder.resolve() for started in both}


async def test_a_python_without_the_runner_says_what_to_install(workflow: Path) -> None:
    started = start(bare_python(workflow.parent), workflow)
    ended = await end_of(started)
    assert ended.state == "failed"
    assert ended.message is not None
    assert "No module named" in ended.message
    assert f'{started.python} -m pip install "pitchpipe[runner]"' in ended.message
    assert "`pitchpipe.python`" in ended.message
    assert not started.folder.exists()
    assert run_index.indexed() == []


def bare_python(folder: Path) -> str:
    """This interpreter without any package."""
    if sys.platform == "win32":
        path = folder / "bare.bat"
        path.write_text(f'@"{sys.executable}" -I -S %*\n', encoding="utf-8")
    else:
        path = folder / "bare"
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "$@"\n', encoding="utf-8")
        path.chmod(0o755)
    return str(path)


AXOLOTL = """\
# pitchpipe: axolotl
base_model: a/b
learning_rate: 1.0e-4
rl: dpo  # right for its own tool
datasets: [{path: c/d, type: completion}]
"""


def refused(workflow: Path, python: str | None = None, **options: object) -> CannotStart:
    with pytest.raises(CannotStart) as caught:
        start(python or sys.executable, workflow, **options)  # pyright: ignore[reportArgumentType]
    assert not (workflow.parent / "runs").exists() or "resume" in options
    return caught.value


async def test_what_keeps_a_run_from_starting_is_said(workflow: Path, tmp_path: Path) -> None:
    said = refused(workflow, "no-such-python")
    assert str(said).startswith("`no-such-python` is no program; name a Python in the editor's")
    assert "cannot read" in str(refused(tmp_path / "none.yaml"))
    said = refused(workflow, overrides=["training.max_steps"])
    assert "must be of the form `key=value`" in str(said)
    workflow.write_text(WORKFLOW.replace("r: 4", "r: many"), encoding="utf-8")
    said = refused(workflow)
    assert str(said).startswith("töne of joy.yaml has errors: line 12: ")
    assert [finding.path for finding in said.findings] == ["method.r"]
    workflow.write_text(AXOLOTL, encoding="utf-8")
    said = refused(workflow)
    assert str(said).startswith("töne of joy.yaml can't be run here: line 4: `rl`: ")
    workflow.write_bytes(b"name: \xff\n")
    assert "UTF-8" in str(refused(workflow))


async def test_a_models_own_code_needs_consent(workflow: Path) -> None:
    own = WORKFLOW.replace("dtype: float32", "dtype: float32, trust_remote_code: true")
    workflow.write_text(own, encoding="utf-8")
    said = refused(workflow)
    assert (said.wants_consent, said.model) == (True, "Qwen/Qwen3-0.6B")


@posix_only
async def test_a_program_that_is_no_python_leaves_nothing(workflow: Path, tmp_path: Path) -> None:
    program = tmp_path / "text"
    program.write_text("this is no program\n", encoding="utf-8")
    program.chmod(0o755)
    with pytest.raises(CannotStart, match="does not start"):
        start(str(program), workflow)
    assert list((tmp_path / "runs").iterdir()) == []


async def test_output_dirs_that_cannot_be_made_are_said(workflow: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(CannotStart, match="`output_dir` lies below the file"):
        start(sys.executable, workflow, overrides=["output_dir=taken/runs"])


# Ends


async def test_a_failure_is_told_and_found_at_its_line(
    workflow: Path, stand_in: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_CODE", "3")
    started = start(stand_in("failure"), workflow)
    found = [news.update async for news in news_of(started)]
    assert any(isinstance(u, Failed) and u.code == "out-of-memory" for u in found)
    assert isinstance(found[-1], Ended)
    assert found[-1].state == "failed"
    finding = Runs().failure_finding(workflow, WORKFLOW)
    assert finding is not None
    assert WORKFLOW[: finding.span.start].count("\n") == 2


@posix_only
async def test_a_crash_tells_the_signal_and_the_last_words(
    workflow: Path, stand_in: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN_SIGNAL", "SIGKILL")
    ended = await end_of(start(stand_in("crash"), workflow))
    assert ended.state == "stopped"
    assert ended.message is not None
    assert ended.message.startswith("the runner was killed by SIGKILL in the stage `train`")
    assert "short of memory" in ended.message
    assert ended.message.endswith("a word before the end")


# Stopping and going on


@posix_only
async def test_a_run_is_asked_once_to_stop_and_can_be_gone_on_with(
    workflow: Path, stand_in: Callable[[str], str]
) -> None:
    started = start(stand_in("wait"), workflow)
    wait_for(started.folder, "ready")
    stopping.cancel(started.folder, started.process)
    found = [news.update async for news in news_of(started)]
    assert Logged("info", "asked 1 times", "train") in found
    assert isinstance(found[-1], Ended)
    assert found[-1].state == "interrupted"
    with pytest.raises(CannotStop, match="has ended"):
        stopping.cancel(started.folder, started.process)
    with pytest.raises(CannotStop, match="no process works on"):
        stopping.cancel(started.folder)

    workflow.write_text(WORKFLOW + "# changed\n", encoding="utf-8")
    for name in ("", started.folder.name, str(started.folder)):
        again = start(stand_in("wait"), workflow, resume=name)
        assert again.folder.resolve() == started.folder.resolve()
        assert again.warnings == (
            f"{workflow.name} has changed since; the run goes on with its own plan",
        )
        assert again.offset > 0
        wait_for_the_next(again)
        with pytest.raises(CannotStart, match="is in progress"):
            start(stand_in("wait"), workflow, resume=name)
        stopping.cancel(again.folder, again.process)
        kinds = [n.event["kind"] async for n in news_of(again) if n.event]
        assert kinds[0] == "run-started"
        assert kinds.count("interrupted") == 1


@posix_only
async def test_a_run_that_is_resumed_before_its_end_was_told_is_followed_on(
    workflow: Path, stand_in: Callable[[str], str]
) -> None:
    started = start(stand_in("wait"), workflow)
    follower = Follower()
    assert follower.follow(started)
    wait_for(started.folder, "ready")
    stopping.cancel(started.folder, started.process)
    started.process.wait(PATIENCE)

    again = start(stand_in("wait"), workflow, resume="")
    assert not follower.follow(again)
    told = follower.look()
    wait_for_the_next(again)
    told += follower.look()
    assert follower.process(again.folder) is again.process
    assert [n.event["kind"] for n in told if n.event].count("run-started") == 2
    assert not any(isinstance(n.update, Ended) for n in told)

    stopping.cancel(again.folder, again.process)
    again.process.wait(PATIENCE)
    (*_, last) = follower.look()
    assert isinstance(last.update, Ended)
    assert last.update.state == "interrupted"


def wait_for_the_next(started: Started) -> None:
    """Until the process that was just started listens."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        events, _ = runs.tail(started.folder / runs.EVENTS, started.offset)
        if any(event.get("message") == "ready" for event in events):
            return
        time.sleep(0.02)
    pytest.fail("it never was ready")


@posix_only
async def test_a_run_that_is_stopped_before_it_began_leaves_nothing(workflow: Path) -> None:
    started = start(sys.executable, workflow)
    stopping.cancel(started.folder, started.process)
    ended = await end_of(started)
    assert ended == Ended("interrupted", "stopped before it began")
    assert not started.folder.exists()
    assert Runs().summaries(workflow) == ()


@posix_only
async def test_a_stubborn_run_is_killed(workflow: Path, stand_in: Callable[[str], str]) -> None:
    started = start(stand_in("stubborn"), workflow)
    wait_for(started.folder, "ready")
    stopping.cancel(started.folder, started.process)
    stopping.cancel(started.folder, started.process, force=True)
    ended = await end_of(started)
    assert ended.state == "stopped"
    assert "SIGKILL" in (ended.message or "")


WITH_A_CHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(5); print('alive')"])
print("begun", flush=True)
child.wait()
"""


@posix_only
async def test_what_a_killed_run_has_started_is_killed_too(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITH_A_CHILD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        stopping.cancel(tmp_path, process, force=True)
        assert process.stdout.read() == b""


async def test_what_can_not_be_gone_on_with_is_said(
    workflow: Path, stand_in: Callable[[str], str]
) -> None:
    assert str(refused(workflow, resume="")) == f"{workflow.name} has no run yet"
    assert str(refused(workflow, resume="nothing")) == "there is no run nothing"
    started = start(stand_in("done"), workflow)
    await end_of(started)
    said = refused(workflow, resume=started.folder.name)
    assert str(said) == f"run {started.folder.name} is done, there is nothing to resume"
    assert "as it was planned" in str(refused(workflow, resume="", smoke=True))


# The run survives the server, and another one finds it

SERVER = """
import sys
from pathlib import Path
from pitchpipe_server.runs.starting import start
print(start(sys.argv[1], Path(sys.argv[2])).folder, flush=True)
sys.stdin.read()
"""


@posix_only
@pytest.mark.parametrize("number", ["SIGKILL", "SIGHUP"])
async def test_a_run_survives_its_server_and_a_new_one_follows_and_stops_it(
    workflow: Path, stand_in: Callable[[str], str], number: str
) -> None:
    """A killed server, and a closed terminal whose whole session gets a hang-up."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, stand_in("wait"), str(workflow)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    ) as server:
        assert server.stdout is not None
        folder = Path(server.stdout.readline().strip())
        wait_for(folder, "ready")
        os.killpg(server.pid, getattr(signal, number))
    known = Runs()
    assert known.running() == [folder.resolve()]
    assert known.summaries(workflow)[0].state == "running"
    told = [u async for u in _stopped_meanwhile(folder)]
    assert [type(u) for u in told][-1] is Ended
    assert Logged("info", "asked 1 times", "train") in told
    assert Runs().summaries(workflow)[0].state == "interrupted"


async def _stopped_meanwhile(folder: Path) -> AsyncIterator[object]:
    stream = news_of(folder)
    asked = asyncio.get_running_loop().call_later(0.1, stopping.cancel, folder)
    async for news in stream:
        if news.update is not None:
            yield news.update
    assert not asked.cancelled()


@posix_only
async def test_a_pid_that_is_another_programs_by_now_is_left_alone(
    workflow: Path, stand_in: Callable[[str], str]
) -> None:
    """A process that takes a run up holds the lock before it writes; till then the pid is old."""
    started = start(stand_in("wait"), workflow)
    wait_for(started.folder, "ready")
    events = started.folder / runs.EVENTS
    pid = started.process.pid
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        text = events.read_text(encoding="utf-8").replace(f'"pid": {pid}', f'"pid": {stranger.pid}')
        events.write_text(text, encoding="utf-8", newline="\n")
        with pytest.raises(CannotStop, match="try again in a moment"):
            stopping.cancel(started.folder)
        assert stranger.poll() is None
        stranger.communicate(b"\n")
        assert stranger.returncode == 0
    stopping.cancel(started.folder, started.process)
    await end_of(started)


# The real runner


@pytest.mark.e2e
async def test_a_real_run_is_stopped_gone_on_with_and_told_to_its_report(
    workflow: Path, tmp_path: Path
) -> None:
    model = tiny_model(tmp_path / "llama")
    text = WORKFLOW.replace("Qwen/Qwen3-0.6B", json.dumps(str(model)))
    text = text.replace("max_steps: 4", "max_steps: 150").replace("eval_steps: 2", "eval_steps: 50")
    workflow.write_text(text, encoding="utf-8")
    first = start(sys.executable, workflow)
    step, ended = await _stopped_while_training(first)
    assert ended == Ended("interrupted")
    assert 0 < step < 150

    second = start(None, workflow, resume="")
    assert second.folder == first.folder
    found = [news.update async for news in news_of(second)]
    trained = [u for u in found if isinstance(u, Progressed) and u.stage == "train"]
    shares = [u.share for u in trained if u.share is not None]
    assert trained[0].done >= step
    assert shares == sorted(shares)
    assert isinstance(found[-1], Ended)
    assert (found[-1].state, found[-1].message) == ("done", None)
    assert found[-1].report is not None
    (run,) = Runs().summaries(workflow)
    assert (run.state, run.step, run.total_steps) == ("done", 150, 150)
    assert run.best is not None
    assert run.best[0] == "eval_loss"


async def _stopped_while_training(started: Started) -> tuple[float, Ended]:
    """The step that was told when the run was asked to stop, and its end."""
    follower, step = Follower(), 0.0
    follower.follow(started)
    async with contextlib.aclosing(follower.news()) as stream:
        async for news in stream:
            if isinstance(news.update, Progressed) and news.update.stage == "train" and not step:
                step = news.update.done
                stopping.cancel(started.folder, follower.process(started.folder))
            if isinstance(news.update, Ended):
                return step, news.update
    raise AssertionError
