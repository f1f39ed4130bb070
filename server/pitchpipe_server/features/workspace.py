"""The workspace: findings of workflows that are not open, and files that change on the disk."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

from lsprotocol import types

from pitchpipe_server.diagnostics import diagnostics_of, result_id
from pitchpipe_server.positions import Units
from pitchpipe_server.server import PitchpipeServer
from pitchpipe_server.settings import SECTION
from pitchpipe_server.texts import OpenText
from pitchpipe_server.uris import path_of, uri_of

_ENDINGS = (".tune.yaml", ".tune.yml")
_NAMES = {"pitchpipe.yaml", "pitchpipe.yml"}
_NEVER = {"node_modules", "__pycache__", "site-packages", "venv", "runs", "build", "dist"}
_DEEPEST = 8
_MOST_FILES = 500
_LARGEST = 5_000_000  # bytes
_WATCHED = (
    "**/*.{jsonl,json,csv,tsv,parquet,arrow,txt}",
    "**/*.{tune.yaml,tune.yml}",
    "**/pitchpipe.{yaml,yml}",
)


async def workspace_diagnostics(
    server: PitchpipeServer, params: types.WorkspaceDiagnosticParams
) -> types.WorkspaceDiagnosticReport:
    """The findings of every workflow in the workspace's folders; open ones as they are typed."""
    roots = [path for uri in server.workspace.folders if (path := path_of(uri))]
    files = await asyncio.to_thread(lambda: list(_workflows(roots)))
    before = {known.uri: known.value for known in params.previous_result_ids}
    items: list[types.WorkspaceDocumentDiagnosticReport] = []
    for path in files:
        uri = uri_of(path)
        text = server.texts.get(uri) or await asyncio.to_thread(
            _read, path, uri, server.texts.units
        )
        snapshot = text and server.engine.snapshot(text)
        if not text or not snapshot:
            continue
        found = diagnostics_of(server, text, snapshot)
        now = result_id(text, found)
        version = text.version if server.texts.get(uri) else None
        if before.get(uri) == now:
            items.append(
                types.WorkspaceUnchangedDocumentDiagnosticReport(
                    uri=uri, result_id=now, version=version
                )
            )
        else:
            items.append(
                types.WorkspaceFullDocumentDiagnosticReport(
                    uri=uri, items=found, version=version, result_id=now
                )
            )
        await asyncio.sleep(0)  # what is typed meanwhile comes first
    return types.WorkspaceDiagnosticReport(items)


async def watch(server: PitchpipeServer) -> None:
    """Has the client say when settings, data or workflows change."""
    if server.can.watch_configuration:
        settings = types.Registration(
            "pitchpipe-settings",
            types.WORKSPACE_DID_CHANGE_CONFIGURATION,
            types.DidChangeConfigurationRegistrationOptions(section=SECTION),
        )
        await server.client_register_capability_async(types.RegistrationParams([settings]))
    if not server.can.watch_files:
        return
    watchers = [types.FileSystemWatcher(glob) for glob in _WATCHED]
    registration = types.Registration(
        "pitchpipe-files",
        types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
        types.DidChangeWatchedFilesRegistrationOptions(watchers),
    )
    await server.client_register_capability_async(types.RegistrationParams([registration]))


def _workflows(roots: list[str]) -> Iterator[str]:
    """Files whose name says that they are workflows."""
    count = 0
    for root in roots:
        for folder, inner, names in os.walk(root):
            depth = len(Path(folder).parts) - len(Path(root).parts)
            deep = depth >= _DEEPEST
            inner[:] = [] if deep else [n for n in inner if n[0] != "." and n not in _NEVER]
            for name in sorted(names):
                if name.lower().endswith(_ENDINGS) or name.lower() in _NAMES:
                    count += 1
                    if count > _MOST_FILES:
                        return
                    yield str(Path(folder, name))


def _read(path: str, uri: str, units: Units) -> OpenText | None:
    """A file as if it were open, in no language; its version says when it was written.

    What is not open no other server looks at, whatever it would do with its language.
    """
    try:
        state = Path(path).stat()
        if state.st_size > _LARGEST:
            return None
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return OpenText(uri, "", state.st_mtime_ns, text, units)
