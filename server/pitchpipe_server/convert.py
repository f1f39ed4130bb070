"""The core's plain data as LSP's types."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from lsprotocol import types

import pitchpipe_schemas
from pitchpipe.findings import Edit, Finding, Severity, Tag
from pitchpipe.ide.items import CompletionItem, Completions, ItemKind
from pitchpipe_server.capabilities import Capabilities
from pitchpipe_server.positions import Positions
from pitchpipe_server.uris import uri_of

SOURCE = "pitchpipe"

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.HINT: types.DiagnosticSeverity.Information,
}
_TAGS = {
    Tag.UNNECESSARY: types.DiagnosticTag.Unnecessary,
    Tag.DEPRECATED: types.DiagnosticTag.Deprecated,
}
_KINDS: dict[ItemKind, types.CompletionItemKind] = {
    "key": types.CompletionItemKind.Property,
    "section": types.CompletionItemKind.Module,
    "value": types.CompletionItemKind.Value,
    "keyword": types.CompletionItemKind.EnumMember,
    "model": types.CompletionItemKind.Class,
    "module": types.CompletionItemKind.Field,
    "file": types.CompletionItemKind.File,
    "folder": types.CompletionItemKind.Folder,
    "column": types.CompletionItemKind.Variable,
    "anchor": types.CompletionItemKind.Reference,
}
_RETRIGGER = types.Command("Suggest", "editor.action.triggerSuggest")
"""VS Code's own; it is sent to clients that say they are VS Code or act like it."""


def diagnostic(
    finding: Finding, uri: str, positions: Positions, can: Capabilities
) -> types.Diagnostic:
    """A finding, with what of it the client can show."""
    found = types.Diagnostic(
        range=positions.range(finding.span),
        message=finding.message,
        severity=_SEVERITIES[finding.severity],
        code=finding.code,
        source=SOURCE,
    )
    if can.code_description and (page := _page(finding.code)):
        found.code_description = types.CodeDescription(page)
    if can.diagnostic_tags and finding.tags:
        found.tags = [_TAGS[tag] for tag in finding.tags]
    if can.related_information and finding.related:
        found.related_information = [
            types.DiagnosticRelatedInformation(
                types.Location(uri, positions.range(related.span)), related.message
            )
            for related in finding.related
        ]
    if can.diagnostic_data and finding.path:
        found.data = {"path": finding.path}
    return found


@cache
def _page(code: str) -> str | None:
    """The URI of a code's page, which lies in the installed package."""
    file = Path(pitchpipe_schemas.__file__).parent / "checks" / f"{code}.md"
    return uri_of(str(file)) if file.is_file() else None


def address(target: str) -> str:
    """The URI of an absolute path; a web address as it is."""
    return target if target.startswith(("http://", "https://")) else uri_of(target)


def text_edits(edits: Iterable[Edit], positions: Positions) -> list[types.TextEdit]:
    return [types.TextEdit(positions.range(edit.span), edit.new_text) for edit in edits]


def completion_list(
    found: Completions, positions: Positions, can: Capabilities, uri: str, *, retrigger: bool
) -> types.CompletionList:
    """The items in their order, which clients would lose without `sortText`."""
    edit = _edit_range(found, positions, can)
    shared = "editRange" in can.item_defaults
    defaults = types.CompletionItemDefaults()
    if shared:
        defaults.edit_range = edit
    plain = types.InsertTextFormat.PlainText
    if "insertTextFormat" in can.item_defaults:
        defaults.insert_text_format = plain
    items = [
        _item(one, number, found.indent, None if shared else edit, can, uri, retrigger=retrigger)
        for number, one in enumerate(found.items)
    ]
    return types.CompletionList(
        is_incomplete=False, items=items, item_defaults=defaults if can.item_defaults else None
    )


def _edit_range(
    found: Completions, positions: Positions, can: Capabilities
) -> types.Range | types.EditRangeWithInsertReplace:
    replace = positions.range(found.replace)
    if not can.insert_replace or found.insert == found.replace:
        return replace
    return types.EditRangeWithInsertReplace(insert=positions.range(found.insert), replace=replace)


def _item(
    one: CompletionItem,
    number: int,
    indent: str,
    edit: types.Range | types.EditRangeWithInsertReplace | None,
    can: Capabilities,
    uri: str,
    *,
    retrigger: bool,
) -> types.CompletionItem:
    text = one.text
    several = "\n" in text
    if several and not one.snippet:
        text = text.replace("\n", f"\n{indent}")
    item = types.CompletionItem(
        label=one.label,
        kind=_KINDS[one.kind],
        sort_text=f"{number:04}",
        detail=one.detail or None,
        filter_text=one.filter or (one.label if can.filters_by_text_alone else None),
        preselect=True if one.preselect and can.preselect else None,
        data=[uri, one.key] if one.key else None,
    )
    if one.snippet:
        item.insert_text_format = types.InsertTextFormat.Snippet
    if several and can.as_is:
        mode = types.InsertTextMode
        item.insert_text_mode = mode.AdjustIndentation if one.snippet else mode.AsIs
    if edit is None:
        item.text_edit_text = text
    elif isinstance(edit, types.Range):
        item.text_edit = types.TextEdit(edit, text)
    else:
        item.text_edit = types.InsertReplaceEdit(text, insert=edit.insert, replace=edit.replace)
    if retrigger and one.retrigger:
        item.command = _RETRIGGER
    return item


def markup(text: str, formats: frozenset[str]) -> types.MarkupContent | str:
    """Markdown for those who can show it; its words for others, as a bare string if need be."""
    kinds = types.MarkupKind
    if kinds.Markdown.value in formats:
        return types.MarkupContent(kinds.Markdown, text)
    if kinds.PlainText.value in formats:
        return types.MarkupContent(kinds.PlainText, plain(text))
    return plain(text)


def plain(text: str) -> str:
    """Markdown without its marks: code spans, emphasis, links and rules of tables."""
    from pitchpipe_server.plain_text import plain_text  # noqa: PLC0415  # only for old clients

    return plain_text(text)


def workspace_edit(
    uri: str, version: int | None, edits: list[types.TextEdit], can: Capabilities
) -> types.WorkspaceEdit:
    """Edits of one document, for the version that they were made for where that can be said."""
    if not can.document_changes:
        return types.WorkspaceEdit(changes={uri: edits})
    document = types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=version)
    listed: list[Any] = list(edits)
    return types.WorkspaceEdit(
        document_changes=[types.TextDocumentEdit(text_document=document, edits=listed)]
    )
