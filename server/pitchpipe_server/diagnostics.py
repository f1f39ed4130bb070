"""Findings in the editor: asked for by those who can, sent to the others."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from lsprotocol import types

from pitchpipe_server.server import PitchpipeServer, answering
from pitchpipe_server.texts import OpenText

if TYPE_CHECKING:
    from pitchpipe.ide.snapshot import Snapshot

_BEHIND = 0.001  # seconds in which a request comes that the client wrote right behind a change


class Diagnostics:
    """Sends findings of texts that changed, once all that the client wrote has been read."""

    def __init__(self, server: PitchpipeServer) -> None:
        self._server = server
        self._due = set[str]()
        self._sent: dict[str, types.PublishDiagnosticsParams] = {}

    def changed(self, uri: str) -> None:
        """A text is another; what is known of it is sent soon, if this client is sent findings."""
        if self._server.can.pull_diagnostics:
            return
        if not self._due:
            self._server.spawn(self._send(), "checking a file")
        self._due.add(uri)

    def closed(self, uri: str) -> None:
        """What is closed has no findings any more."""
        self._due.discard(uri)
        if not self._server.can.pull_diagnostics:
            self._sent.pop(uri, None)
            self._server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    def all_changed(self) -> None:
        """The world is another: every open text may have other findings."""
        if not self._server.can.pull_diagnostics:
            for text in self._server.texts:
                self.changed(text.uri)
        elif self._server.can.refresh_diagnostics:
            self._server.workspace_diagnostic_refresh(None)

    async def _send(self) -> None:
        await asyncio.sleep(_BEHIND)
        while self._server.not_begun:  # whoever waits for an answer comes first
            await asyncio.sleep(0)
        due, self._due = self._due, set[str]()
        for uri in sorted(due):
            if (opened := self._server.opened(uri)) is not None:
                text, snapshot = opened
                version = text.version if self._server.can.diagnostic_version else None
                items = diagnostics_of(self._server, text, snapshot)
                self._publish(types.PublishDiagnosticsParams(uri, items, version))

    def _publish(self, params: types.PublishDiagnosticsParams) -> None:
        """Sends what the client does not have yet."""
        if self._sent.get(params.uri) != params:
            self._sent[params.uri] = params
            self._server.text_document_publish_diagnostics(params)


def diagnostics_of(
    server: PitchpipeServer, text: OpenText, snapshot: Snapshot
) -> list[types.Diagnostic]:
    """The findings of one text."""
    from pitchpipe.ide.elsewhere import told  # noqa: PLC0415  # see PitchpipeServer
    from pitchpipe_server.convert import diagnostic  # noqa: PLC0415

    positions = text.positions
    found = [*told(snapshot)]
    if failure := server.failure(snapshot.analysis.path, text.text):
        found.append(failure)
    return [diagnostic(f, text.uri, positions, server.can) for f in found]


def result_id(text: OpenText, items: list[types.Diagnostic]) -> str:
    """The same for equal findings of one version of a text."""
    told = repr(items).encode("utf-8", "replace")
    return f"{text.version}:{hashlib.blake2b(told, digest_size=12).hexdigest()}"


@answering(types.RelatedFullDocumentDiagnosticReport(items=[]))
def document_diagnostics(
    server: PitchpipeServer, params: types.DocumentDiagnosticParams
) -> types.RelatedFullDocumentDiagnosticReport | types.RelatedUnchangedDocumentDiagnosticReport:
    """The findings of one document, or that they are what they were."""
    opened = server.opened(params.text_document.uri)
    if opened is None:
        return types.RelatedFullDocumentDiagnosticReport(items=[])
    text, snapshot = opened
    items = diagnostics_of(server, text, snapshot)
    now = result_id(text, items)
    if params.previous_result_id == now:
        return types.RelatedUnchangedDocumentDiagnosticReport(result_id=now)
    return types.RelatedFullDocumentDiagnosticReport(items=items, result_id=now)
