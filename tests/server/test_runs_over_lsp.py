"""A whole smoke run and a stopped one, as an editor sees them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

from support import tones
from support.cli import environment
from support.tiny import tiny_model, tiny_rows

pytestmark = [pytest.mark.asyncio, pytest.mark.e2e]

PATIENCE = 240.0  # seconds until a run counts as hanging
WORKFLOW = tones.WORKFLOW.replace("Qwen/Qwen3-0.6B", "model")


@pytest_lsp.fixture(
    config=ClientServerConfig(
        server_command=[sys.executable, "-m", "pitchpipe_server"],
        server_env=environment(
            HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false"
        ),
    )
)
async def client(lsp_client: LanguageClient, tmp_path: Path) -> AsyncIterator[None]:
    capabilities = client_capabilities("visual-studio-code@1.65.2")
    for method in (
        types.WORKSPACE_INLAY_HINT_REFRESH,
        types.WORKSPACE_CODE_LENS_REFRESH,
        types.CLIENT_REGISTER_CAPABILITY,
    ):
        lsp_client.feature(method)(lambda _: None)
    lsp_client.feature("pitchpipe/event")(lambda params: None)
    folder = types.WorkspaceFolder(tmp_path.as_uri(), "project")
    await lsp_client.initialize_session(
        types.InitializeParams(capabilities=capabilities, workspace_folders=[folder])
    )
    yield
    await lsp_client.shutdown_session()


@pytest.fixture
def workflow(tmp_path: Path) -> Path:
    tiny_rows(tmp_path, 60)
    tiny_model(tmp_path / "model")
    file = tmp_path / "töne of joy.tune.yaml"
    file.write_text(WORKFLOW, encoding="utf-8")
    return file


def open_file(client: LanguageClient, file: Path) -> None:
    item = types.TextDocumentItem(file.as_uri(), "yaml", 1, file.read_text(encoding="utf-8"))
    client.text_document_did_open(types.DidOpenTextDocumentParams(item))


async def command(client: LanguageClient, name: str, *arguments: Any) -> Any:
    return await client.workspace_execute_command_async(
        types.ExecuteCommandParams(command=name, arguments=list(arguments))
    )


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(int(PATIENCE / 0.1)):
        if holds():
            return
        await asyncio.sleep(0.1)
    pytest.fail("it did not happen in time")


def progress_of(client: LanguageClient) -> list[Any]:
    return [value for values in client.progress_reports.values() for value in values]


def shows(client: LanguageClient, kind: type) -> bool:
    return any(isinstance(value, kind) for value in progress_of(client))


async def test_a_smoke_run_is_started_shown_and_found_again(
    client: LanguageClient, workflow: Path
) -> None:
    open_file(client, workflow)
    started = await command(client, "pitchpipe.smoke", workflow.as_uri())
    assert started["message"] is None
    await until(lambda: shows(client, types.WorkDoneProgressEnd))
    shown = progress_of(client)
    begun = next(v for v in shown if isinstance(v, types.WorkDoneProgressBegin))
    assert begun.title == f"Pitchpipe: {workflow.name}"
    assert begun.cancellable
    assert any(isinstance(v, types.WorkDoneProgressReport) for v in shown)
    logged = [m.message for m in client.log_messages]
    assert f"run {started['run']}: train begins" in logged
    assert any(f"run {started['run']}: train done" in message for message in logged)
    found = await command(client, "pitchpipe.listRuns", str(workflow))
    assert [(run["id"], run["state"]) for run in found] == [(started["run"], "done")]
    lenses = await client.text_document_code_lens_async(
        types.CodeLensParams(types.TextDocumentIdentifier(workflow.as_uri()))
    )
    assert lenses
    assert any("smoke run" in (lens.command.title if lens.command else "") for lens in lenses)


async def test_a_run_is_stopped_from_its_progress(client: LanguageClient, workflow: Path) -> None:
    open_file(client, workflow)
    options = {"overrides": ["training.max_steps=50000"]}
    started = await command(client, "pitchpipe.run", str(workflow), options)
    assert started["message"] is None
    await until(
        lambda: any(isinstance(v, types.WorkDoneProgressReport) for v in progress_of(client))
    )
    token = next(iter(client.progress_reports))
    client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
    await until(lambda: shows(client, types.WorkDoneProgressEnd))
    found = await command(client, "pitchpipe.listRuns", str(workflow))
    assert [run["state"] for run in found] == ["interrupted"]
    lenses = await client.text_document_code_lens_async(
        types.CodeLensParams(types.TextDocumentIdentifier(workflow.as_uri()))
    )
    assert "Resume" in [lens.command.title for lens in lenses or () if lens.command]


async def test_a_failure_stands_at_its_line_until_the_file_changes(
    client: LanguageClient, workflow: Path
) -> None:
    text = WORKFLOW.replace("model: {name_or_path: model", "model: {name_or_path: Qwen/Qwen3-0.6B")
    workflow.write_text(text, encoding="utf-8")
    open_file(client, workflow)
    started = await command(client, "pitchpipe.run", str(workflow))
    assert started["message"] is None
    uri = workflow.as_uri()

    def told() -> list[types.Diagnostic]:
        found = client.diagnostics.get(uri, ())
        return [d for d in found if "the last run failed" in d.message]

    await until(lambda: bool(told()))
    assert told()[0].range.start.line == 3
    assert client.log_messages
    where = types.Range(types.Position(1, 6), types.Position(1, 10))
    document = types.VersionedTextDocumentIdentifier(uri=uri, version=2)
    change = types.TextDocumentContentChangePartial(where, "other")
    client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))
    await until(lambda: not told())


async def test_a_file_with_errors_is_not_run(client: LanguageClient, workflow: Path) -> None:
    workflow.write_text(WORKFLOW.replace("lora", "lara"), encoding="utf-8")
    open_file(client, workflow)
    answer = await command(client, "pitchpipe.smoke", str(workflow))
    assert answer["run"] is None
    assert "lara" in answer["message"]
    assert any("lara" in m.message for m in client.messages)


async def test_a_client_may_say_itself_why_nothing_was_started(
    client: LanguageClient, workflow: Path
) -> None:
    answer = await command(client, "pitchpipe.resume", str(workflow), None, {"quiet": True})
    assert (answer["run"], answer["wantsConsent"]) == (None, False)
    assert "has no run yet" in answer["message"]
    workflow.write_text(WORKFLOW.replace("lora", "lara"), encoding="utf-8")
    answer = await command(client, "pitchpipe.run", str(workflow), {"quiet": True})
    assert "lara" in answer["message"]
    assert client.messages == []


async def test_the_handshake_says_what_there_is(client: LanguageClient) -> None:
    answer = await client.protocol.send_request_async("pitchpipe/supportedMethods", {})
    assert "pitchpipe.smoke" in answer.commands
    assert "pitchpipe.convert" in answer.later
    status = await client.protocol.send_request_async("pitchpipe/status", {})
    assert status.documents == []
    assert status.encoding in {"utf-8", "utf-16", "utf-32"}


async def test_an_estimate_is_told(client: LanguageClient, workflow: Path) -> None:
    open_file(client, workflow)
    answer = await command(client, "pitchpipe.estimate", str(workflow))
    assert "weights" in answer["markdown"]
    answer = await command(client, "pitchpipe.compare", str(workflow))
    assert "`full`" in answer["markdown"]
