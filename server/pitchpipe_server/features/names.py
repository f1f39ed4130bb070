"""Anchors, files and columns: where they are, who uses them, other names for them."""

from __future__ import annotations

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from pitchpipe_server.server import PitchpipeServer, answering


@answering(None)
def definition(
    server: PitchpipeServer, params: types.DefinitionParams
) -> list[types.Location] | None:
    from pitchpipe.ide.names import definition  # noqa: PLC0415
    from pitchpipe_server.uris import uri_of  # noqa: PLC0415

    opened = server.opened(params.text_document.uri)
    if opened is None:
        return None
    text, snapshot = opened
    start = types.Range(types.Position(0, 0), types.Position(0, 0))
    return [
        types.Location(text.uri, text.positions.range(found.span))
        if found.path is None
        else types.Location(uri_of(found.path), start)
        for found in definition(snapshot, text.positions.offset(params.position))
    ]


@answering(None)
def references(
    server: PitchpipeServer, params: types.ReferenceParams
) -> list[types.Location] | None:
    from pitchpipe.ide.names import references  # noqa: PLC0415

    opened = server.opened(params.text_document.uri)
    if opened is None:
        return None
    text, snapshot = opened
    offset = text.positions.offset(params.position)
    spans = references(snapshot, offset, declaration=params.context.include_declaration)
    return [types.Location(text.uri, text.positions.range(span)) for span in spans]


@answering(None)
def document_highlight(
    server: PitchpipeServer, params: types.DocumentHighlightParams
) -> list[types.DocumentHighlight] | None:
    from pitchpipe.ide.names import occurrences  # noqa: PLC0415

    opened = server.opened(params.text_document.uri)
    if opened is None:
        return None
    text, snapshot = opened
    kinds = types.DocumentHighlightKind
    return [
        types.DocumentHighlight(
            text.positions.range(found.span), kinds.Write if found.declares else kinds.Read
        )
        for found in occurrences(snapshot, text.positions.offset(params.position))
    ]


@answering(None)
def prepare_rename(
    server: PitchpipeServer, params: types.PrepareRenameParams
) -> types.PrepareRenamePlaceholder | None:
    from pitchpipe.ide.names import Refusal, prepare_rename  # noqa: PLC0415

    opened = server.opened(params.text_document.uri)
    if opened is None:
        return None
    text, snapshot = opened
    found = prepare_rename(snapshot, text.positions.offset(params.position))
    if isinstance(found, Refusal):
        raise JsonRpcInvalidParams(found.reason)
    name = text.text[found.start : found.end]
    return types.PrepareRenamePlaceholder(range=text.positions.range(found), placeholder=name)


@answering(None)
def rename(server: PitchpipeServer, params: types.RenameParams) -> types.WorkspaceEdit | None:
    from pitchpipe.ide.names import Refusal, rename  # noqa: PLC0415
    from pitchpipe_server.convert import text_edits, workspace_edit  # noqa: PLC0415

    opened = server.opened(params.text_document.uri)
    if opened is None:
        return None
    text, snapshot = opened
    found = rename(snapshot, text.positions.offset(params.position), params.new_name)
    if isinstance(found, Refusal):
        raise JsonRpcInvalidParams(found.reason)
    edits = text_edits(found, text.positions)
    return workspace_edit(text.uri, text.version, edits, server.can)
