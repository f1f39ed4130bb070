"""Changes of a document: code actions and formatting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lsprotocol import types

from pitchpipe_server.features.resolving import told
from pitchpipe_server.server import PitchpipeServer, answering
from pitchpipe_server.texts import OpenText

if TYPE_CHECKING:
    from pitchpipe.ide.items import Action
    from pitchpipe.ide.snapshot import Snapshot

KINDS = [
    types.CodeActionKind.QuickFix,
    types.CodeActionKind.RefactorRewrite,
    types.CodeActionKind.RefactorExtract,
    types.CodeActionKind.Refactor,
    types.CodeActionKind.Source,
    "source.fixAll.pitchpipe",
]

_TAB = 8  # columns


@answering(None)
def code_action(
    server: PitchpipeServer, params: types.CodeActionParams
) -> list[types.CodeAction | types.Command] | None:
    from pitchpipe.ide.actions import actions, resolve  # noqa: PLC0415
    from pitchpipe_server.convert import text_edits, workspace_edit  # noqa: PLC0415

    opened = server.opened(params.text_document.uri)
    if opened is None or not server.can.action_literals:
        return None
    text, snapshot = opened
    wanted = frozenset(str(getattr(kind, "value", kind)) for kind in params.context.only or ())
    answer: list[types.CodeAction | types.Command] = []
    for action in actions(snapshot, text.positions.span(params.range), wanted):
        found = _converted(server, text, snapshot, action, params.context.diagnostics)
        if action.edits is None and action.key and not server.can.resolve_actions:
            edits = text_edits(resolve(snapshot, action.key), text.positions)
            if not edits:
                continue
            found.edit = workspace_edit(text.uri, text.version, edits, server.can)
            found.data = None
        answer.append(found)
    return answer


@answering(None)
def code_action_resolve(server: PitchpipeServer, action: types.CodeAction) -> types.CodeAction:
    from pitchpipe.ide.actions import resolve  # noqa: PLC0415
    from pitchpipe_server.convert import text_edits, workspace_edit  # noqa: PLC0415

    uri, key = told(action.data)
    if opened := server.opened(uri):
        text, snapshot = opened
        edits = text_edits(resolve(snapshot, key), text.positions)
        action.edit = workspace_edit(text.uri, text.version, edits, server.can)
    return action


def _converted(
    server: PitchpipeServer,
    text: OpenText,
    snapshot: Snapshot,
    action: Action,
    diagnostics: Sequence[types.Diagnostic],
) -> types.CodeAction:
    from pitchpipe.ide.elsewhere import is_told  # noqa: PLC0415
    from pitchpipe_server.convert import text_edits, workspace_edit  # noqa: PLC0415

    found = types.CodeAction(title=action.title, kind=action.kind)
    if action.code and action.at is not None:
        where = text.positions.range(action.at)
        others = is_told(snapshot, action.code)  # who says the same has codes of its own
        mended = [d for d in diagnostics if d.range == where and (others or d.code == action.code)]
        found.diagnostics = mended or None
    if action.edits is not None:
        edits = text_edits(action.edits, text.positions)
        found.edit = workspace_edit(text.uri, text.version, edits, server.can)
    elif action.key:
        found.data = [text.uri, action.key]
    if action.preferred and server.can.preferred_actions:
        found.is_preferred = True
    if action.disabled and server.can.disabled_actions:
        found.disabled = types.CodeActionDisabled(action.disabled)
    if action.command is not None:
        command = action.command
        found.command = types.Command(
            command.title, command.name, arguments=list(command.arguments)
        )
    return found


@answering(None)
def formatting(
    server: PitchpipeServer,
    params: types.DocumentFormattingParams | types.DocumentRangeFormattingParams,
) -> list[types.TextEdit] | None:
    from pitchpipe.ide.formatting import format as formatted  # noqa: PLC0415
    from pitchpipe_server.convert import text_edits  # noqa: PLC0415

    opened = server.opened(params.text_document.uri)
    if opened is None:
        return None
    text, snapshot = opened
    wanted = None
    if isinstance(params, types.DocumentRangeFormattingParams):
        wanted = text.positions.span(params.range)
    edits = formatted(snapshot, wanted, _columns(params.options))
    return text_edits(edits, text.positions)


def _columns(options: types.FormattingOptions) -> int:
    """What a level is indented by; where nobody chose it, Emacs and vi send the width of a tab."""
    return max(2, options.tab_size) if options.tab_size < _TAB else 2
