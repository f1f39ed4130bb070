"""Settings: asked for where the client can be asked, else taken as they are sent."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

pytestmark = pytest.mark.asyncio

CONFIG = ClientServerConfig(server_command=[sys.executable, "-m", "pitchpipe_server"])
TEXT = "model: {name_or_path: HuggingFaceTB/SmolLM2-135M-Instruct}\nmethod: {type: lora}\n"
REGISTERED: list[str] = []


@pytest_lsp.fixture(params=[True, False], ids=["asked", "sent"], config=CONFIG)
async def client(lsp_client: LanguageClient, request: Any, tmp_path: Path) -> AsyncIterator[None]:
    REGISTERED.clear()

    @lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(params: types.RegistrationParams) -> None:  # pyright: ignore[reportUnusedFunction]
        REGISTERED.extend(one.method for one in params.registrations)

    workspace = types.WorkspaceClientCapabilities(
        configuration=request.param,
        did_change_configuration=types.DidChangeConfigurationClientCapabilities(
            dynamic_registration=request.param
        ),
    )
    await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=types.ClientCapabilities(
                workspace=workspace,
                text_document=types.TextDocumentClientCapabilities(
                    code_action=types.CodeActionClientCapabilities(
                        code_action_literal_support=types.ClientCodeActionLiteralOptions(
                            types.ClientCodeActionKindOptions([])
                        )
                    )
                ),
            ),
            workspace_folders=[types.WorkspaceFolder(tmp_path.as_uri(), "project")],
        )
    )
    yield
    await lsp_client.shutdown_session()


async def lenses(client: LanguageClient, uri: str) -> bool:
    params = types.CodeLensParams(types.TextDocumentIdentifier(uri))
    return bool(await client.text_document_code_lens_async(params))


async def test_changed_settings_count(client: LanguageClient, tmp_path: Path) -> None:
    uri = (tmp_path / "a.tune.yaml").as_uri()
    item = types.TextDocumentItem(uri, "yaml", 1, TEXT)
    client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    assert await lenses(client, uri)
    settings: dict[str, Any] = {"pitchpipe": {"codeLens": False}}
    client.set_configuration(settings)
    client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))
    for _ in range(100):
        if not await lenses(client, uri):
            break
        await asyncio.sleep(0.05)
    assert not await lenses(client, uri)


async def test_changes_are_asked_for_where_that_is_needed(client: LanguageClient) -> None:
    workspace = client.capabilities.workspace  # type: ignore[attr-defined]
    wanted = bool(workspace and workspace.configuration)
    for _ in range(20):
        if types.WORKSPACE_DID_CHANGE_CONFIGURATION in REGISTERED:
            break
        await asyncio.sleep(0.05)
    assert (types.WORKSPACE_DID_CHANGE_CONFIGURATION in REGISTERED) == wanted


async def test_another_servers_findings_are_left_to_it(
    client: LanguageClient, tmp_path: Path
) -> None:
    """Of languages that it looks after; what mends them is on offer all the same."""
    uris = {language: (tmp_path / f"{language}.tune.yaml").as_uri() for language in ("yaml", "our")}
    for language, uri in uris.items():
        item = types.TextDocumentItem(uri, language, 1, TEXT + "trainig: {}\n")
        client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    assert await told(client, uris["yaml"], {"unknown-key", "missing-required"})
    settings: dict[str, Any] = {"pitchpipe": {"schemaElsewhere": ["yaml", "json"]}}
    client.set_configuration(settings)
    client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))
    assert await told(client, uris["yaml"], set())
    assert await told(client, uris["our"], {"unknown-key", "missing-required"})
    where = types.Range(types.Position(2, 0), types.Position(2, 7))
    others = types.Diagnostic(where, "Property trainig is not allowed", code=513, source="YAML")
    found = await client.text_document_code_action_async(
        types.CodeActionParams(
            types.TextDocumentIdentifier(uris["yaml"]), where, types.CodeActionContext([others])
        )
    )
    fix = next(a for a in found or () if a.title == "Rename to `training`")
    assert isinstance(fix, types.CodeAction)
    assert [d.message for d in fix.diagnostics or ()] == [others.message]


async def told(client: LanguageClient, uri: str, codes: set[str]) -> bool:
    """Whether these come to be the findings of a file."""
    for _ in range(100):
        if uri in client.diagnostics and {str(d.code) for d in client.diagnostics[uri]} == codes:
            return True
        await asyncio.sleep(0.05)
    return False
