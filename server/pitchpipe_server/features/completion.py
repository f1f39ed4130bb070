"""The features that one document is asked for, one handler each.

Each looks up the snapshot, asks the core, and converts. Imports of the core are inside: see
`PitchpipeServer`.
"""

from __future__ import annotations

from lsprotocol import types

from pitchpipe_server.features.resolving import told
from pitchpipe_server.server import PitchpipeServer, answering


@answering(None)
def completion(
    server: PitchpipeServer, params: types.CompletionParams
) -> types.CompletionList | None:
    from pitchpipe.ide.completion import complete  # noqa: PLC0415
    from pitchpipe_server.convert import completion_list  # noqa: PLC0415

    opened = server.opened(params.text_document.uri)
    if opened is None:
        return None
    text, snapshot = opened
    found = complete(snapshot, text.positions.offset(params.position))
    if found is None:
        return None
    uri = params.text_document.uri
    return completion_list(found, text.positions, server.can, uri, retrigger=server.vscode)


@answering(None)
def completion_resolve(server: PitchpipeServer, item: types.CompletionItem) -> types.CompletionItem:
    from pitchpipe.ide.completion import document  # noqa: PLC0415
    from pitchpipe_server.convert import markup  # noqa: PLC0415

    uri, key = told(item.data)
    if (snapshot := server.snapshot(uri)) and (text := document(snapshot, key)):
        item.documentation = markup(text, server.can.item_formats)
    return item
