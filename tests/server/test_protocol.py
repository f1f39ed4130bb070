"""The server in a process of its own, as three editors with three ways to count columns see it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

from pitchpipe_server.positions import UNITS

pytestmark = pytest.mark.asyncio

CONFIG = ClientServerConfig(server_command=[sys.executable, "-m", "pitchpipe_server"])
EDITORS = {
    "neovim@0.11.0": types.PositionEncodingKind.Utf8,
    "visual-studio-code@1.65.2": types.PositionEncodingKind.Utf16,
    "emacs@29.1": types.PositionEncodingKind.Utf32,
}
ASKED = (
    types.WORKSPACE_INLAY_HINT_REFRESH,
    types.WORKSPACE_CODE_LENS_REFRESH,
    types.CLIENT_REGISTER_CAPABILITY,
)
AGREED: dict[int, str] = {}
"""What each client and its server count columns in."""

TEXT = """\
name: é🎼
model:
  name_or_path: HuggingFaceTB/SmolLM2-135M-Instruct
data:
  train:
    - &rows
      path: rows.jsonl
  prompt_template: "🎼 {quest}"
  completion_template: "{tone}"
training:
  optim: adamw
  lerning_rate: 1.0e-4
"""


@pytest_lsp.fixture(params=list(EDITORS), config=CONFIG)
async def client(lsp_client: LanguageClient, request: Any, tmp_path: Path) -> AsyncIterator[None]:
    capabilities = client_capabilities(request.param)
    # What these editors send today beyond what the recordings have.
    capabilities.general = capabilities.general or types.GeneralClientCapabilities()
    capabilities.general.position_encodings = [EDITORS[request.param]]
    (tmp_path / "rows.jsonl").write_text('{"phrase": "Hi", "tone": "kind"}\n' * 3, encoding="utf-8")
    for method in ASKED:
        lsp_client.feature(method)(lambda _: None)
    folder = types.WorkspaceFolder(tmp_path.as_uri(), "project")
    answer = await lsp_client.initialize_session(
        types.InitializeParams(capabilities=capabilities, workspace_folders=[folder])
    )
    encoding = answer.capabilities.position_encoding
    assert encoding == EDITORS[request.param]
    AGREED[id(lsp_client)] = str(getattr(encoding, "value", encoding))
    yield
    await lsp_client.shutdown_session()


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return (tmp_path / "phrase é.tune.yaml").as_uri()


def open_text(client: LanguageClient, uri: str, text: str = TEXT) -> None:
    item = types.TextDocumentItem(uri, "yaml", 1, text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(item))


def change(client: LanguageClient, uri: str, version: int, where: types.Range, text: str) -> None:
    document = types.VersionedTextDocumentIdentifier(uri=uri, version=version)
    edit = types.TextDocumentContentChangePartial(where, text)
    client.text_document_did_change(types.DidChangeTextDocumentParams(document, [edit]))


def pulls(client: LanguageClient) -> bool:
    can = client.capabilities.text_document  # type: ignore[attr-defined]
    return bool(can and can.diagnostic)


async def findings(client: LanguageClient, uri: str) -> list[types.Diagnostic]:
    """The findings of the newest text, however this editor gets them."""
    if pulls(client):
        identifier = types.TextDocumentIdentifier(uri)
        report = await client.text_document_diagnostic_async(
            types.DocumentDiagnosticParams(identifier)
        )
        return list(getattr(report, "items", ()))
    await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    return list(client.diagnostics[uri])


async def eventually(
    ask: Callable[[], Awaitable[list[types.Diagnostic]]], wanted: set[str]
) -> list[types.Diagnostic]:
    """Asks until the codes are those: what takes longer comes later."""
    found: list[types.Diagnostic] = []
    for _ in range(100):
        found = await ask()
        if {str(d.code) for d in found} == wanted:
            break
        await asyncio.sleep(0.05)
    return found


async def settled(client: LanguageClient, uri: str, wanted: set[str]) -> list[types.Diagnostic]:
    if pulls(client):
        return await eventually(lambda: findings(client, uri), wanted)
    found: list[types.Diagnostic] = []
    for _ in range(100):
        found = list(client.diagnostics.get(uri, ()))
        if {str(d.code) for d in found} == wanted:
            break
        await asyncio.sleep(0.05)
    return found


WRONG = {"template-unknown-column", "invalid-value", "unknown-key"}


def column(client: LanguageClient, line: int, text: str) -> int:
    """Where `text` begins on a line of `TEXT`, in the units that were agreed on."""
    before = TEXT.split("\n")[line].partition(text)[0]
    return UNITS[AGREED[id(client)]](before)


async def test_findings_stand_where_they_belong(client: LanguageClient, uri: str) -> None:
    open_text(client, uri)
    found = {str(d.code): d for d in await settled(client, uri, WRONG)}
    assert set(found) == WRONG
    start = column(client, 7, "{quest}")
    where = types.Range(types.Position(7, start), types.Position(7, start + len("{quest}")))
    assert found["template-unknown-column"].range == where
    assert found["unknown-key"].range == types.Range(types.Position(11, 2), types.Position(11, 14))
    page = found["unknown-key"].code_description
    assert page is None or page.href.endswith("unknown-key.md")


async def test_a_mended_text_has_no_findings(client: LanguageClient, uri: str) -> None:
    open_text(client, uri, TEXT.replace("lerning_rate: 1.0e-4", "learning_rate: 1.0e-4"))
    await settled(client, uri, WRONG - {"unknown-key"})
    line = types.Range(types.Position(10, 9), types.Position(10, 14))
    change(client, uri, 2, line, "adamw_torch")
    found = await settled(client, uri, {"template-unknown-column"})
    assert [str(d.code) for d in found] == ["template-unknown-column"]


async def test_other_yaml_is_left_alone(client: LanguageClient, tmp_path: Path) -> None:
    uri = (tmp_path / "compose.yaml").as_uri()
    open_text(client, uri, "services:\n  web: [\n")
    params = types.CompletionParams(types.TextDocumentIdentifier(uri), types.Position(1, 2))
    assert await client.text_document_completion_async(params) is None
    assert not client.diagnostics.get(uri)


async def test_completion_replaces_the_word(client: LanguageClient, uri: str) -> None:
    open_text(client, uri)
    params = types.CompletionParams(types.TextDocumentIdentifier(uri), types.Position(10, 11))
    found = await client.text_document_completion_async(params)
    assert isinstance(found, types.CompletionList)
    assert [item.label for item in found.items][:2] == ["adamw_torch", "adamw_torch_fused"]
    first = found.items[0]
    defaults = found.item_defaults
    edit = first.text_edit or (defaults and defaults.edit_range)
    assert edit is not None
    resolved = await client.completion_item_resolve_async(first)
    assert "optimizer" in str(resolved.documentation)


async def test_columns_are_completed_behind_wide_characters(
    client: LanguageClient, uri: str
) -> None:
    open_text(client, uri)
    at = types.Position(7, column(client, 7, "quest}"))
    params = types.CompletionParams(types.TextDocumentIdentifier(uri), at)
    found = await client.text_document_completion_async(params)
    assert isinstance(found, types.CompletionList)
    assert [item.label for item in found.items] == ["phrase", "tone"]


async def test_structure(client: LanguageClient, uri: str) -> None:
    open_text(client, uri)
    identifier = types.TextDocumentIdentifier(uri)
    symbols = await client.text_document_document_symbol_async(
        types.DocumentSymbolParams(identifier)
    )
    assert symbols
    assert [s.name for s in symbols if "." not in s.name][:2] == ["name", "model"]
    folds = await client.text_document_folding_range_async(types.FoldingRangeParams(identifier))
    assert folds
    assert (1, 2) in {(f.start_line, f.end_line) for f in folds}
    links = await client.text_document_document_link_async(types.DocumentLinkParams(identifier))
    assert links
    assert any(str(link.target).endswith("rows.jsonl") for link in links)
    tokens = await client.text_document_semantic_tokens_full_async(
        types.SemanticTokensParams(identifier)
    )
    assert tokens
    assert len(tokens.data) == 10


async def test_names(client: LanguageClient, uri: str) -> None:
    open_text(client, uri, "a: &one 1\nmodel:\n  name_or_path: *one\ndata: *one\n")
    identifier = types.TextDocumentIdentifier(uri)
    at = types.Position(2, 18)
    found = await client.text_document_definition_async(types.DefinitionParams(identifier, at))
    assert isinstance(found, list)
    assert getattr(found[0], "range").start == types.Position(0, 4)  # noqa: B009
    edit = await client.text_document_rename_async(types.RenameParams(identifier, at, "two"))
    assert edit is not None
    changes = edit.changes or {}
    listed = edit.document_changes
    edits = getattr(listed[0], "edits") if listed else changes[uri]  # noqa: B009
    assert [e.new_text for e in edits] == ["two"] * 3


async def test_a_fix_mends_its_finding(client: LanguageClient, uri: str) -> None:
    open_text(client, uri)
    found = {str(d.code): d for d in await settled(client, uri, WRONG)}
    finding = found["unknown-key"]
    answer = await client.text_document_code_action_async(
        types.CodeActionParams(
            types.TextDocumentIdentifier(uri),
            finding.range,
            types.CodeActionContext([finding], only=[types.CodeActionKind.QuickFix]),
        )
    )
    assert answer
    action = answer[0]
    assert isinstance(action, types.CodeAction)
    assert action.title == "Rename to `learning_rate`"
    assert list(action.diagnostics or ()) == [finding]
    assert [e.new_text for e in edits_of(action.edit, uri)] == ["learning_rate"]


def edits_of(edit: types.WorkspaceEdit | None, uri: str) -> list[Any]:
    assert edit is not None
    if edit.document_changes:
        return list(getattr(edit.document_changes[0], "edits"))  # noqa: B009
    return list((edit.changes or {})[uri])


async def test_costly_changes_are_worked_out_when_chosen(client: LanguageClient, uri: str) -> None:
    open_text(client, uri)
    start = types.Range(types.Position(0, 0), types.Position(0, 0))
    only: list[types.CodeActionKind | str] = [types.CodeActionKind.Refactor]
    answer = await client.text_document_code_action_async(
        types.CodeActionParams(
            types.TextDocumentIdentifier(uri), start, types.CodeActionContext([], only=only)
        )
    )
    assert answer
    action = answer[-1]
    assert isinstance(action, types.CodeAction)
    if action.edit is None:
        action = await client.code_action_resolve_async(action)
    assert edits_of(action.edit, uri)


async def test_formatting_keeps_what_is_said(client: LanguageClient, uri: str) -> None:
    open_text(client, uri, "model:\n    name_or_path:   x   # why\n\n\n\ndata: {}")
    options = types.FormattingOptions(tab_size=2, insert_spaces=True)
    edits = await client.text_document_formatting_async(
        types.DocumentFormattingParams(types.TextDocumentIdentifier(uri), options)
    )
    assert edits
    lines = ["model:", "    name_or_path:   x   # why", "", "", "", "data: {}"]
    for edit in sorted(edits, key=lambda e: (e.range.start.line, e.range.start.character))[::-1]:
        start, end = edit.range.start, edit.range.end
        last = lines[end.line] if end.line < len(lines) else ""
        whole = lines[start.line][: start.character] + edit.new_text + last[end.character :]
        lines[start.line : end.line + 1] = whole.split("\n")
    assert "\n".join(lines) == "model:\n  name_or_path: x  # why\n\ndata: {}\n"


async def test_insight(client: LanguageClient, uri: str) -> None:
    open_text(client, uri)
    identifier = types.TextDocumentIdentifier(uri)
    found = await client.text_document_hover_async(
        types.HoverParams(identifier, types.Position(2, 20))
    )
    assert found
    assert "134,515,008" in str(found.contents)
    assert found.range == types.Range(types.Position(2, 16), types.Position(2, 51))
    whole = types.Range(types.Position(0, 0), types.Position(99, 0))
    hints = await client.text_document_inlay_hint_async(types.InlayHintParams(identifier, whole))
    assert hints is not None
    lenses = await client.text_document_code_lens_async(types.CodeLensParams(identifier))
    assert lenses
    assert [lens.command.title for lens in lenses if lens.command][:1] in (["Run"], ["$(play) Run"])


async def test_a_cancelled_request_is_answered(client: LanguageClient, uri: str) -> None:
    """As cancelled where that was read before the request began, else with its result."""
    open_text(client, uri)
    params = types.CompletionParams(types.TextDocumentIdentifier(uri), types.Position(10, 11))
    future = client.protocol.send_request(types.TEXT_DOCUMENT_COMPLETION, params, msg_id="late")
    client.protocol.notify(types.CANCEL_REQUEST, types.CancelParams(id="late"))
    waiting = asyncio.wait_for(asyncio.wrap_future(future), 10)
    (answer,) = await asyncio.gather(waiting, return_exceptions=True)
    if isinstance(answer, JsonRpcException):
        assert answer.code == types.LSPErrorCodes.RequestCancelled
    else:
        assert isinstance(answer, types.CompletionList)


async def test_workflows_of_the_workspace_are_checked_too(
    client: LanguageClient, tmp_path: Path
) -> None:
    if not pulls(client):
        pytest.skip("this editor is sent findings")
    (tmp_path / "sub").mkdir()
    file = tmp_path / "sub" / "other.tune.yaml"
    file.write_text(TEXT.replace("rows.jsonl", "../rows.jsonl"), encoding="utf-8")
    (tmp_path / "compose.yaml").write_text("services: [\n", encoding="utf-8")
    report = await client.workspace_diagnostic_async(types.WorkspaceDiagnosticParams([]))
    assert [item.uri for item in report.items] == [file.as_uri()]
    known = types.PreviousResultId(file.as_uri(), report.items[0].result_id or "")
    for _ in range(50):
        again = await client.workspace_diagnostic_async(types.WorkspaceDiagnosticParams([known]))
        if again.items[0].kind == "unchanged":
            return
        known = types.PreviousResultId(file.as_uri(), again.items[0].result_id or "")
    pytest.fail("the findings never came to rest")


@pytest.mark.parametrize(
    "params", [{}, None, {"textDocument": {"uri": "x"}, "position": {"line": -1, "character": 0}}]
)
async def test_what_can_not_be_read_is_answered(client: LanguageClient, params: Any) -> None:
    protocol: Any = client.protocol  # which would not send what is wrong by itself
    future: Future[Any] = Future()
    protocol._request_futures["wrong"] = future
    method = types.TEXT_DOCUMENT_HOVER
    protocol._send_data({"jsonrpc": "2.0", "id": "wrong", "method": method, "params": params})
    with pytest.raises(JsonRpcException) as refused:
        await asyncio.wait_for(asyncio.wrap_future(future), 10)
    assert refused.value.code == types.ErrorCodes.InvalidParams


async def test_a_command_without_its_file_is_refused(client: LanguageClient) -> None:
    with pytest.raises(JsonRpcException) as refused:
        await client.workspace_execute_command_async(types.ExecuteCommandParams("pitchpipe.run"))
    assert refused.value.code == types.ErrorCodes.InvalidParams


async def test_an_item_of_nobody_is_resolved_to_itself(client: LanguageClient) -> None:
    for data in (None, 5, ["a"], {"a": 1}):
        item = types.CompletionItem("x", data=data)
        answer = await client.completion_item_resolve_async(item)
        assert (answer.label, answer.documentation) == ("x", None)


async def test_data_that_appears_is_seen(client: LanguageClient, uri: str, tmp_path: Path) -> None:
    text = TEXT.replace("rows.jsonl", "late.jsonl").replace("{quest}", "{phrase}")
    open_text(client, uri, text)
    missing = {"data-file-not-found", "invalid-value", "unknown-key"}
    assert {str(d.code) for d in await settled(client, uri, missing)} == missing
    late = tmp_path / "late.jsonl"
    late.write_text('{"phrase": "Hi", "tone": "kind"}\n', encoding="utf-8")
    event = types.FileEvent(late.as_uri(), types.FileChangeType.Created)
    client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
    left = missing - {"data-file-not-found"}
    assert {str(d.code) for d in await settled(client, uri, left)} == left
