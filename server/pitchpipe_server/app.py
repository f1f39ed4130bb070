"""Puts the server together: what it answers, and to what."""

from __future__ import annotations

import asyncio
from typing import Any

from lsprotocol import types

from pitchpipe_server import commands, diagnostics, requests
from pitchpipe_server.diagnostics import Diagnostics
from pitchpipe_server.features import changes, completion, insight, names, structure, workspace
from pitchpipe_server.server import PitchpipeServer
from pitchpipe_server.settings import settings_of
from pitchpipe_server.uris import path_of

_SOON, _BEHIND_FINDINGS, _LATER = 0.02, 0.1, 1.0  # seconds
_LEGEND = types.SemanticTokensLegend(list(structure.TOKEN_TYPES), list(structure.TOKEN_MODIFIERS))


def make(version: str) -> PitchpipeServer:
    """A server that waits for its client."""
    server = PitchpipeServer(version)
    findings = Diagnostics(server)

    def world_changed() -> None:
        findings.all_changed()
        server.hints_changed()

    server.world_changed = world_changed
    _lifecycle(server, findings)
    _documents(server, findings)
    _requests(server)
    commands.register(server)
    requests.register(server)
    return server


def _lifecycle(server: PitchpipeServer, findings: Diagnostics) -> None:
    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:  # pyright: ignore[reportUnusedFunction]
        server.begin(params)

    @server.feature(types.INITIALIZED)
    def initialized(_: types.InitializedParams) -> None:  # pyright: ignore[reportUnusedFunction]
        server.spawn(settle(), "reading the settings")
        server.spawn(workspace.watch(server), "watching files")
        roots = [path for uri in server.workspace.folders if (path := path_of(uri))]
        server.spawn(recover(roots), "finding runs that go on")
        server.spawn(warm_up(), "warming up")

    async def warm_up() -> None:
        await asyncio.sleep(_SOON)
        await asyncio.to_thread(server.engine.warm_up)

    async def recover(roots: list[str]) -> None:
        await asyncio.sleep(_LATER)  # a file that is opened comes first
        await server.running.recover(roots)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(params: types.DidChangeWatchedFilesParams) -> None:  # pyright: ignore[reportUnusedFunction]
        paths = [path_of(change.uri) for change in params.changes]
        server.running.files_changed(path for path in paths if path is not None)
        if all(path is not None and server.running.writes(path) for path in paths):
            return  # what runs write is followed by other means
        server.engine.world.changed()
        findings.all_changed()

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def reconfigured(params: types.DidChangeConfigurationParams) -> None:  # pyright: ignore[reportUnusedFunction]
        server.spawn(settle(params.settings), "reading the settings")

    async def settle(sent: object = None) -> None:
        before = server.settings
        await server.fetch_settings()
        if sent is not None and not server.can.configuration:
            server.settings = settings_of(sent)
        if server.settings != before:
            server.engine.world.changed()
            findings.all_changed()


def _documents(server: PitchpipeServer, findings: Diagnostics) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:  # pyright: ignore[reportUnusedFunction]
        findings.changed(params.text_document.uri)
        server.spawn(recall(params.text_document.uri), "looking for runs")

    async def recall(uri: str) -> None:
        await asyncio.sleep(_BEHIND_FINDINGS)
        if snapshot := server.snapshot(uri):
            await server.running.look(snapshot.analysis.path, discover=True)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:  # pyright: ignore[reportUnusedFunction]
        findings.changed(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(_: types.DidSaveTextDocumentParams) -> None:  # pyright: ignore[reportUnusedFunction]
        server.engine.world.changed()
        findings.all_changed()

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:  # pyright: ignore[reportUnusedFunction]
        server.engine.forget(params.text_document.uri)
        findings.closed(params.text_document.uri)


def _requests(server: PitchpipeServer) -> None:
    for method, (handler, options) in HANDLERS.items():
        server.feature(method, options)(handler)


HANDLERS: dict[str, tuple[Any, Any]] = {
    types.TEXT_DOCUMENT_DIAGNOSTIC: (
        diagnostics.document_diagnostics,
        types.DiagnosticOptions(
            inter_file_dependencies=False, workspace_diagnostics=True, identifier="pitchpipe"
        ),
    ),
    types.WORKSPACE_DIAGNOSTIC: (workspace.workspace_diagnostics, None),
    types.TEXT_DOCUMENT_COMPLETION: (
        completion.completion,
        types.CompletionOptions(
            trigger_characters=["-", "*", "{", "/", ":", " "], resolve_provider=True
        ),
    ),
    types.COMPLETION_ITEM_RESOLVE: (completion.completion_resolve, None),
    types.TEXT_DOCUMENT_HOVER: (insight.hover, None),
    types.TEXT_DOCUMENT_INLAY_HINT: (
        insight.inlay_hint,
        types.InlayHintOptions(resolve_provider=True),
    ),
    types.INLAY_HINT_RESOLVE: (insight.inlay_hint_resolve, None),
    types.TEXT_DOCUMENT_CODE_LENS: (insight.code_lens, None),
    types.TEXT_DOCUMENT_CODE_ACTION: (
        changes.code_action,
        types.CodeActionOptions(code_action_kinds=changes.KINDS, resolve_provider=True),
    ),
    types.CODE_ACTION_RESOLVE: (changes.code_action_resolve, None),
    types.TEXT_DOCUMENT_FORMATTING: (changes.formatting, None),
    types.TEXT_DOCUMENT_RANGE_FORMATTING: (changes.formatting, None),
    types.TEXT_DOCUMENT_DEFINITION: (names.definition, None),
    types.TEXT_DOCUMENT_REFERENCES: (names.references, None),
    types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT: (names.document_highlight, None),
    types.TEXT_DOCUMENT_PREPARE_RENAME: (names.prepare_rename, None),
    types.TEXT_DOCUMENT_RENAME: (names.rename, types.RenameOptions(prepare_provider=True)),
    types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: (structure.document_symbol, None),
    types.WORKSPACE_SYMBOL: (structure.workspace_symbol, None),
    types.TEXT_DOCUMENT_FOLDING_RANGE: (structure.folding_range, None),
    types.TEXT_DOCUMENT_SELECTION_RANGE: (structure.selection_range, None),
    types.TEXT_DOCUMENT_DOCUMENT_LINK: (structure.document_link, None),
    types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL: (structure.semantic_tokens, _LEGEND),
    types.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE: (structure.semantic_tokens, _LEGEND),
}
"""Every request that is answered, with its options."""
