"""What a client asks about runs, and what it hears of them."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

from pitchpipe_facts import run_index
from support import recorded_run
from support.cli import environment, stand_in_python
from support.contract import complaint
from support.run_events import (
    DONE,
    FAILURE,
    STARTED,
    RunFolder,
    begun,
    ended,
    metrics,
    steps,
    worked_on,
)
from support.tiny import tiny_rows
from support.tones import WORKFLOW

pytestmark = [pytest.mark.asyncio, pytest.mark.e2e]

STATE = Path(tempfile.mkdtemp(prefix="pitchpipe-state-"))
PATIENCE = 60.0  # seconds until something counts as never happening
HEARD: list[tuple[str, Any]] = []
"""The notifications of the server at hand: method, parameters."""


@pytest_lsp.fixture(
    config=ClientServerConfig(
        server_command=[sys.executable, "-m", "pitchpipe_server"],
        server_env=environment(
            PITCHPIPE_STATE_DIR=str(STATE), STAND_IN="wait", PITCHPIPE_PYTHON="", HF_HUB_OFFLINE="1"
        ),
    )
)
async def client(lsp_client: LanguageClient, tmp_path: Path) -> AsyncIterator[None]:
    for method in (
        types.WORKSPACE_INLAY_HINT_REFRESH,
        types.WORKSPACE_CODE_LENS_REFRESH,
        types.CLIENT_REGISTER_CAPABILITY,
    ):
        lsp_client.feature(method)(lambda _: None)
    for method in ("event", "runsChanged", "runEnded", "memoryChanged"):
        method = f"pitchpipe/{method}"
        lsp_client.feature(method)(lambda params, method=method: HEARD.append((method, params)))
    await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=client_capabilities("visual-studio-code@1.65.2"),
            workspace_folders=[types.WorkspaceFolder((tmp_path / "project").as_uri(), "project")],
            initialization_options={"python": str(stand_in_python(tmp_path))},
        )
    )
    yield
    await lsp_client.shutdown_session()


@pytest.fixture(autouse=True)
def state_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PITCHPIPE_STATE_DIR", str(STATE))
    HEARD.clear()
    yield
    shutil.rmtree(STATE, ignore_errors=True)


@pytest.fixture
def workflow(tmp_path: Path) -> Path:
    file = tmp_path / "project" / "töne.tune.yaml"
    file.parent.mkdir(exist_ok=True)
    tiny_rows(file.parent, 60)
    file.write_text(WORKFLOW, encoding="utf-8")
    return file


def make(workflow: Path, name: str, *events: dict[str, Any], known: bool = True) -> RunFolder:
    """A run of the workflow; `known`: to the index."""
    root = str(workflow.parent)
    folder = workflow.parent / "runs" / name
    run = RunFolder(folder, *events, root=root, workflow=workflow.name)
    if known:
        run_index.register(run.path)
    return run


def plain(value: Any) -> Any:
    """What pygls makes named tuples of, as the JSON objects that it was."""
    if hasattr(value, "_asdict"):
        return {name: plain(inner) for name, inner in value._asdict().items()}
    return [plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value  # pyright: ignore[reportUnknownVariableType]


async def ask(client: LanguageClient, method: str, kind: str, **params: Any) -> dict[str, Any]:
    """An answer, which keeps to the contract's type `kind`."""
    answer = plain(await client.protocol.send_request_async(f"pitchpipe/{method}", params))
    assert complaint(answer, kind) is None
    return answer


async def command(client: LanguageClient, name: str, *arguments: Any) -> Any:
    return await client.workspace_execute_command_async(
        types.ExecuteCommandParams(command=name, arguments=list(arguments))
    )


async def runs_of(client: LanguageClient, uri: str | None = None) -> list[tuple[str, list[str]]]:
    """URI and runs of the workflows."""
    params = {} if uri is None else {"uri": uri}
    answer = await ask(client, "runs", "RunsResult", **params)
    return [(w["uri"], [run["id"] for run in w["runs"]]) for w in answer["workflows"]]


def open_text(client: LanguageClient, uri: str, text: str) -> None:
    item = types.TextDocumentItem(uri, "yaml", 1, text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(item))


def subscribe(client: LanguageClient, events: bool = True) -> None:
    client.protocol.notify("pitchpipe/subscribe", {"events": events})


def heard(name: str) -> list[Any]:
    """The parameters of the notifications `pitchpipe/NAME`."""
    return [plain(params) for method, params in HEARD if method == f"pitchpipe/{name}"]


def changes() -> list[str | None]:
    """The URIs that runs are said to have changed of."""
    told = [plain(params) for method, params in HEARD if method == "pitchpipe/runsChanged"]
    assert all(complaint(params, "RunsChanged") is None for params in told)
    return [params["uri"] for params in told]


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(int(PATIENCE / 0.05)):
        if holds():
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"it did not happen in time, but {HEARD}")


async def test_the_handshake_names_what_there_is(client: LanguageClient) -> None:
    answer = await ask(client, "supportedMethods", "SupportedMethods")
    wanted = {"runs", "runDetails", "compareRuns", "deleteRun"}
    assert {f"pitchpipe/{name}" for name in wanted} <= set(answer["requests"])
    assert "pitchpipe/runsChanged" in answer["notifications"]["server"]


# Lists


async def test_workflows_of_the_workspace_and_of_open_files_are_listed(
    client: LanguageClient, workflow: Path, tmp_path: Path
) -> None:
    make(workflow, "old", {**STARTED, "t": 50.0}, FAILURE)
    make(workflow, "new", {**STARTED, "t": 500.0}, DONE, known=False)
    empty = workflow.parent / "deep" / "down" / "pitchpipe.yaml"
    empty.parent.mkdir(parents=True)
    empty.write_text(WORKFLOW, encoding="utf-8")
    (workflow.parent / ".hidden").mkdir()
    shutil.copy(workflow, workflow.parent / ".hidden" / workflow.name)
    outside = tmp_path / "outside" / "by-its-keys.yaml"
    unsaved, other = "untitled:Untitled-1", (workflow.parent / "other.yaml").as_uri()
    open_text(client, outside.as_uri(), WORKFLOW)
    open_text(client, unsaved, WORKFLOW)
    open_text(client, other, "a: b\n")
    make(outside, "far", STARTED, DONE)
    make(tmp_path / "elsewhere" / "not-open.yaml", "not-ours", STARTED, DONE)
    assert await runs_of(client) == sorted([
        (empty.as_uri(), []),
        (outside.as_uri(), ["far"]),
        (unsaved, []),
        (workflow.as_uri(), ["new", "old"]),
    ])


async def test_one_workflow_is_listed_alone(client: LanguageClient, workflow: Path) -> None:
    make(workflow, "r", STARTED, DONE)
    sibling = workflow.with_name("b.tune.yaml")
    sibling.write_text(WORKFLOW, encoding="utf-8")
    assert await runs_of(client, workflow.as_uri()) == [(workflow.as_uri(), ["r"])]
    assert await runs_of(client, sibling.as_uri()) == [(sibling.as_uri(), [])]


async def test_what_is_a_workflow_is_known_by_its_text_where_it_is_open(
    client: LanguageClient, workflow: Path
) -> None:
    named = workflow.with_name("values.yaml").as_uri()
    assert await runs_of(client, named) == []
    open_text(client, named, "a: b\n")
    assert await runs_of(client, named) == []
    told = workflow.with_name("told.yaml").as_uri()
    open_text(client, told, "# pitchpipe: workflow\n")
    assert await runs_of(client, told) == [(told, [])]
    off = workflow.with_name("off.tune.yaml")
    off.write_text(WORKFLOW, encoding="utf-8")
    assert await runs_of(client, off.as_uri()) == [(off.as_uri(), [])]
    open_text(client, off.as_uri(), "# pitchpipe: off\n")
    assert await runs_of(client, off.as_uri()) == []
    assert off.as_uri() not in [uri for uri, _ in await runs_of(client)]
    assert await runs_of(client, "untitled:Untitled-2") == []


async def test_a_file_of_any_name_that_was_run_is_a_workflow(
    client: LanguageClient, workflow: Path
) -> None:
    plainly_named = workflow.with_name("values.yaml")
    make(plainly_named, "r", STARTED, DONE)
    assert await runs_of(client, plainly_named.as_uri()) == [(plainly_named.as_uri(), ["r"])]
    assert (plainly_named.as_uri(), ["r"]) in await runs_of(client)


async def test_a_list_tells_where_a_run_that_goes_on_is(
    client: LanguageClient, workflow: Path
) -> None:
    run = make(workflow, "r", STARTED, begun("train"), metrics(50, loss=0.5))
    with worked_on(run.path):
        answer = await ask(client, "runs", "RunsResult", uri=workflow.as_uri())
    (told,) = answer["workflows"][0]["runs"]
    wanted = {"state": "running", "stage": "train", "step": 50, "best": ["loss", 0.5]}
    assert {name: told[name] for name in wanted} == wanted
    assert (told["seconds"], told["resumable"], told["folder"]) == (
        *(2.0, False),
        str(run.path.resolve()),
    )


# One, and several


async def test_one_run_is_told_in_full(client: LanguageClient, workflow: Path) -> None:
    folder = recorded_run.write(workflow.parent / "runs" / "r")
    answer = await ask(client, "runDetails", "RunDetails", folder=str(folder), most=100)
    assert answer["workflow"].startswith("file:///")
    assert answer["workflow"].endswith("/workflow.yaml")
    assert 100 <= len(answer["series"]["loss"]["step"]) <= 102
    assert answer["offset"] == (folder / "events.jsonl").stat().st_size
    assert answer["samples"]
    assert [model["kind"] for model in answer["evaluated"]][:2] == ["base", "tuned"]


async def test_events_follow_on_where_details_end(client: LanguageClient, workflow: Path) -> None:
    subscribe(client)
    run = make(workflow, "r", STARTED, begun("train"), metrics(1, loss=2.0))
    with worked_on(run.path):
        open_text(client, workflow.as_uri(), WORKFLOW)
        await until(lambda: changes() != [])
        answer = await ask(client, "runDetails", "RunDetails", folder=str(run.path))
        run.say(metrics(2, loss=1.5))
        await until(lambda: any(method == "pitchpipe/event" for method, _ in HEARD))
        told = [plain(params) for method, params in HEARD if method == "pitchpipe/event"]
    assert (
        complaint({**told[0], "event": {"kind": "metrics", "t": 1, "seq": 1}}, "RunEvent") is None
    )
    assert told[0]["event"]["step"] == 2
    assert told[0]["left"] is None  # nobody knows how many steps there are
    line = run.events.read_bytes()[answer["offset"] : told[0]["offset"]]
    assert line.count(b"\n") == 1
    assert b'"step": 2' in line


async def test_who_shows_a_run_that_nobody_follows_hears_of_its_end(
    client: LanguageClient, workflow: Path
) -> None:
    subscribe(client)
    run = make(workflow, "r", STARTED, begun("report"))
    with worked_on(run.path):
        answer = await ask(client, "runDetails", "RunDetails", folder=str(run.path))
        assert answer["run"]["state"] == "running"
        run.say(DONE)
    await until(lambda: any(method == "pitchpipe/event" for method, _ in HEARD))
    (told,) = [plain(params) for method, params in HEARD if method == "pitchpipe/event"]
    assert told["event"]["kind"] == "run-done"


async def test_an_event_and_the_details_tell_what_the_whole_run_still_takes(
    client: LanguageClient, workflow: Path
) -> None:
    subscribe(client)
    make(workflow, "q", STARTED, ended("export", 40.0), DONE)
    run = make(workflow, "r", STARTED, begun("train"))
    with worked_on(run.path):
        open_text(client, workflow.as_uri(), WORKFLOW)
        await until(lambda: changes() != [])
        run.say(steps(0, 10))
        run.say(steps(5, 10))
        await until(lambda: len(heard("event")) == 2)
        answer = await ask(client, "runDetails", "RunDetails", folder=str(run.path))
    told = [event["left"] for event in heard("event")]
    assert told[-1] == answer["left"] == 41.0  # five steps of a fifth of a second each, and export


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script")
async def test_who_subscribed_hears_what_a_process_without_a_word_ended_with(
    client: LanguageClient, workflow: Path, tmp_path: Path
) -> None:
    subscribe(client)
    open_text(client, workflow.as_uri(), WORKFLOW)
    stand_in_python(tmp_path).write_text("#!/bin/sh\necho no such thing\nexit 7\n", "utf-8")
    started = await command(client, "pitchpipe.run", workflow.as_uri())
    await until(lambda: heard("runEnded") != [])
    (told,) = heard("runEnded")
    assert complaint(told, "RunEnded") is None
    assert (told["run"], told["state"], told["exit_code"]) == (started["run"], "failed", 7)
    assert "no such thing" in told["message"]


async def test_other_data_are_told_to_who_shows_an_estimate(
    client: LanguageClient, workflow: Path
) -> None:
    subscribe(client)
    open_text(client, workflow.as_uri(), WORKFLOW)
    await ask(client, "memory", "MemoryResult", uri=workflow.as_uri())
    await asyncio.sleep(1.0)
    HEARD.clear()
    rows = workflow.with_name("rows.jsonl")
    rows.write_text('{"text": "a", "label": "b"}\n' * 5, encoding="utf-8")
    changed = types.FileEvent(rows.as_uri(), types.FileChangeType.Changed)
    client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([changed]))
    await until(lambda: heard("memoryChanged") != [])


async def test_what_is_no_run_has_no_details_and_is_not_removed(
    client: LanguageClient, workflow: Path
) -> None:
    for number, text in enumerate((None, "{", '{"name": "x"}')):
        folder = workflow.parent / "runs" / str(number)
        folder.mkdir(parents=True)
        if text is not None:
            (folder / "plan.json").write_text(text, encoding="utf-8")
        for method, params in (
            ("runDetails", {"folder": str(folder)}),
            ("compareRuns", {"folders": [str(folder)]}),
        ):
            with pytest.raises(JsonRpcException, match="no run can be read in"):
                await client.protocol.send_request_async(f"pitchpipe/{method}", params)
        answer = await ask(client, "deleteRun", "DeleteRunResult", folder=str(folder))
        assert not answer["deleted"]
        assert "is no run folder" in answer["message"]
        assert folder.is_dir()


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("runs", {"uri": 1}),
    ("runDetails", {}),
    ("runDetails", {"folder": "runs/r"}),
    ("runDetails", {"folder": 3}),
    ("runDetails", {"folder": "/r", "most": -1}),
    ("runDetails", {"folder": "/r", "most": "all"}),
    ("compareRuns", {"folders": "r"}),
    ("compareRuns", {"folders": ["r", 1]}),
    ("deleteRun", {"folder": ".."}),
]


async def test_wrong_parameters_are_refused(client: LanguageClient) -> None:
    codes: list[int] = []
    for method, params in WRONG:
        with pytest.raises(JsonRpcException) as refused:
            await client.protocol.send_request_async(f"pitchpipe/{method}", params)
        codes.append(refused.value.code)
    assert set(codes) == {types.ErrorCodes.InvalidParams.value}


async def test_runs_are_compared(client: LanguageClient, workflow: Path) -> None:
    runs = workflow.parent / "runs"
    one = recorded_run.write(runs / "a")
    other = recorded_run.write(runs / "b", recorded_run.Recipe(classification=False))
    folders = [str(one), str(other)]
    answer = await ask(client, "compareRuns", "CompareRunsResult", folders=folders)
    assert [run["id"] for run in answer["runs"]] == ["a", "b"]
    assert answer["settings"] == [{"key": "task", "values": ["classification", "text-generation"]}]
    assert "eval_loss" in [metric["name"] for metric in answer["metrics"]]


# Removing


async def test_a_run_is_removed_and_told_to_be_gone(client: LanguageClient, workflow: Path) -> None:
    subscribe(client)
    run = make(workflow, "r", STARTED, DONE)
    kept = make(workflow, "s", STARTED, DONE)
    assert await runs_of(client, workflow.as_uri()) == [(workflow.as_uri(), ["r", "s"])]
    HEARD.clear()
    with worked_on(run.path):
        answer = await ask(client, "deleteRun", "DeleteRunResult", folder=str(run.path))
        assert answer == {"deleted": False, "message": "run r is in progress"}
        assert run.events.is_file()
    answer = await ask(client, "deleteRun", "DeleteRunResult", folder=str(run.path))
    assert answer == {"deleted": True, "message": None}
    assert list(run.path.parent.iterdir()) == [kept.path]
    await until(lambda: changes() != [])
    assert set(changes()) == {workflow.as_uri()}
    assert await runs_of(client, workflow.as_uri()) == [(workflow.as_uri(), ["s"])]


async def test_a_run_with_files_of_the_user_is_not_removed(
    client: LanguageClient, workflow: Path
) -> None:
    run = make(workflow, "r", STARTED, DONE)
    (run.path / "notes.txt").touch()
    answer = await ask(client, "deleteRun", "DeleteRunResult", folder=str(run.path))
    assert not answer["deleted"]
    assert answer["message"].endswith("also holds what no run writes: notes.txt")
    assert run.events.is_file()


# What changes


async def test_a_run_is_told_when_it_begins_and_when_it_ends(
    client: LanguageClient, workflow: Path
) -> None:
    subscribe(client)
    open_text(client, workflow.as_uri(), WORKFLOW)
    started = await command(client, "pitchpipe.run", workflow.as_uri())
    assert started["message"] is None
    await until(lambda: changes() == [workflow.as_uri()])
    assert await runs_of(client, workflow.as_uri()) == [(workflow.as_uri(), [started["run"]])]
    answer = await ask(client, "deleteRun", "DeleteRunResult", folder=started["folder"])
    assert answer == {"deleted": False, "message": f"run {started['run']} is in progress"}
    await until(lambda: any("ready" in str(params) for _, params in HEARD))
    HEARD.clear()
    await command(client, "pitchpipe.cancel", workflow.as_uri())
    await until(lambda: changes() == [workflow.as_uri()])
    answer = await ask(client, "runs", "RunsResult", uri=workflow.as_uri())
    (run,) = answer["workflows"][0]["runs"]
    assert (run["state"], run["resumable"]) == ("interrupted", True)


async def test_runs_of_a_terminal_are_noticed_and_followed(
    client: LanguageClient, workflow: Path
) -> None:
    subscribe(client)
    await runs_of(client)
    await asyncio.sleep(0.5)  # the first look at the index is what later ones are compared with
    run = make(workflow, "r", STARTED, begun("train"))
    with worked_on(run.path):
        await until(lambda: workflow.as_uri() in changes())
        run.say(metrics(3, loss=0.5))
        await until(lambda: any(method == "pitchpipe/event" for method, _ in HEARD))
        run.say(DONE)
    await until(lambda: "run r: done" in [m.message for m in client.log_messages])
    await asyncio.sleep(0.5)  # until that is told, too
    HEARD.clear()
    shutil.rmtree(run.path)
    await until(lambda: changes() == [workflow.as_uri()])
    assert await runs_of(client, workflow.as_uri()) == [(workflow.as_uri(), [])]


async def test_many_changes_are_told_at_once_and_to_nobody_else(
    client: LanguageClient, workflow: Path
) -> None:
    def written(*files: Path) -> None:
        events = [types.FileEvent(file.as_uri(), types.FileChangeType.Created) for file in files]
        client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(events))

    plans = [make(workflow, name, STARTED, DONE, known=False).path / "plan.json" for name in "abc"]
    written(*plans)
    assert await runs_of(client, workflow.as_uri()) == [(workflow.as_uri(), [])]
    await asyncio.sleep(0.5)
    assert changes() == []
    subscribe(client)
    for plan in plans:
        written(plan)
    await until(lambda: changes() != [])
    await asyncio.sleep(0.5)
    assert changes() == [None]
    ((uri, found),) = await runs_of(client)
    assert (uri, sorted(found)) == (workflow.as_uri(), ["a", "b", "c"])
