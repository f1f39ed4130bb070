"""What there is to know about a place: hovers, inlay hints, code lenses."""

from __future__ import annotations

import re

from lsprotocol import types

from pitchpipe_server.features.resolving import told
from pitchpipe_server.server import PitchpipeServer, answering

_ICON = re.compile(r"\$\([\w~-]+\) ?")
"""VS Code's icons; others would show the letters."""


@answering(None)
def hover(server: PitchpipeServer, params: types.HoverParams) -> types.Hover | None:
    from pitchpipe.ide.hover import hover  # noqa: PLC0415
    from pitchpipe_server.convert import markup  # noqa: PLC0415

    opened = server.opened(params.text_document.uri)
    if opened is None:
        return None
    text, snapshot = opened
    found = hover(snapshot, text.positions.offset(params.position))
    if found is None:
        return None
    shown = markup(found.text, server.can.hover_formats)
    return types.Hover(shown, text.positions.range(found.span))


@answering(None)
def inlay_hint(
    server: PitchpipeServer, params: types.InlayHintParams
) -> list[types.InlayHint] | None:
    from pitchpipe.ide.hints import hints, tooltip  # noqa: PLC0415

    opened = server.opened(params.text_document.uri)
    if opened is None or not server.settings.inlay_hints:
        return None
    text, snapshot = opened
    answer: list[types.InlayHint] = []
    for hint in hints(snapshot, text.positions.span(params.range)):
        found = types.InlayHint(text.positions.position(hint.offset), hint.label, padding_left=True)
        if hint.key and server.can.resolve_hints:
            found.data = [text.uri, hint.key]
        elif hint.key:
            found.tooltip = types.MarkupContent(
                types.MarkupKind.Markdown, tooltip(snapshot, hint.key)
            )
        answer.append(found)
    return answer


@answering(None)
def inlay_hint_resolve(server: PitchpipeServer, hint: types.InlayHint) -> types.InlayHint:
    from pitchpipe.ide.hints import tooltip  # noqa: PLC0415

    uri, key = told(hint.data)
    if snapshot := server.snapshot(uri):
        said = tooltip(snapshot, key)
        hint.tooltip = types.MarkupContent(types.MarkupKind.Markdown, said) if said else None
    return hint


@answering(None)
def code_lens(server: PitchpipeServer, params: types.CodeLensParams) -> list[types.CodeLens] | None:
    from pitchpipe.ide.lenses import lenses  # noqa: PLC0415

    opened = server.opened(params.text_document.uri)
    if opened is None or not server.settings.code_lens:
        return None
    text, snapshot = opened
    answer: list[types.CodeLens] = []
    for lens in lenses(snapshot):
        title = lens.title if server.vscode else _ICON.sub("", lens.title)
        command = types.Command(title, "")
        if lens.command is not None:
            command = types.Command(
                title, lens.command.name, arguments=list(lens.command.arguments)
            )
        answer.append(types.CodeLens(text.positions.range(lens.span), command))
    return answer
