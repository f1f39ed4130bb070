"""What the client can do, looked up once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from lsprotocol import types


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Only what some feature asks for; the rest every client can do."""

    pull_diagnostics: bool = False
    refresh_diagnostics: bool = False
    related_information: bool = False
    code_description: bool = False
    diagnostic_tags: bool = False
    diagnostic_data: bool = False
    diagnostic_version: bool = False
    snippets: bool = False
    insert_replace: bool = False
    item_defaults: frozenset[str] = frozenset()
    resolve_documentation: bool = False
    label_details: bool = False
    filters_by_text_alone: bool = False
    as_is: bool = False
    preselect: bool = False
    item_formats: frozenset[str] = frozenset()
    hover_formats: frozenset[str] = frozenset()
    link_tooltips: bool = False
    hierarchical_symbols: bool = False
    refresh_hints: bool = False
    resolve_hints: bool = False
    refresh_lenses: bool = False
    action_literals: bool = False
    resolve_actions: bool = False
    preferred_actions: bool = False
    disabled_actions: bool = False
    document_changes: bool = False
    apply_edits: bool = False
    progress: bool = False
    configuration: bool = False
    watch_configuration: bool = False
    watch_files: bool = False
    relative_patterns: bool = False
    show_document: bool = False


def resolved(found: types.ClientCapabilities, client: str = "") -> Capabilities:
    """The capabilities that a client of this name announces, or is known to have or lack."""

    def has(path: str) -> bool:
        return bool(_at(found, path))

    def lists(path: str) -> list[Any]:
        return list(cast("list[Any]", _at(found, path) or ()))

    def formats(path: str) -> frozenset[str]:
        return frozenset(str(getattr(kind, "value", kind)) for kind in lists(path))

    item = "text_document.completion.completion_item"
    diagnostics = "text_document.publish_diagnostics"
    return Capabilities(
        pull_diagnostics=has("text_document.diagnostic"),
        refresh_diagnostics=has("workspace.diagnostics.refresh_support"),
        related_information=has(f"{diagnostics}.related_information"),
        code_description=has(f"{diagnostics}.code_description_support"),
        diagnostic_tags=has(f"{diagnostics}.tag_support"),
        diagnostic_data=has(f"{diagnostics}.data_support"),
        diagnostic_version=has(f"{diagnostics}.version_support"),
        snippets=has(f"{item}.snippet_support"),
        insert_replace=has(f"{item}.insert_replace_support"),
        item_defaults=frozenset(lists("text_document.completion.completion_list.item_defaults")),
        resolve_documentation="documentation" in lists(f"{item}.resolve_support.properties"),
        label_details=has(f"{item}.label_details_support"),
        # Neovim 0.11 shows every item that has an edit but no `filterText`, whatever was typed
        # (`_lsp_to_complete_items` in its lua/vim/lsp/completion.lua).
        filters_by_text_alone=client == "neovim",
        as_is=types.InsertTextMode.AsIs in lists(f"{item}.insert_text_mode_support.value_set"),
        preselect=has(f"{item}.preselect_support"),
        item_formats=formats(f"{item}.documentation_format"),
        hover_formats=formats("text_document.hover.content_format"),
        link_tooltips=has("text_document.document_link.tooltip_support"),
        hierarchical_symbols=has(
            "text_document.document_symbol.hierarchical_document_symbol_support"
        ),
        refresh_hints=has("workspace.inlay_hint.refresh_support"),
        resolve_hints="tooltip" in lists("text_document.inlay_hint.resolve_support.properties"),
        refresh_lenses=has("workspace.code_lens.refresh_support"),
        action_literals=has("text_document.code_action.code_action_literal_support"),
        resolve_actions="edit" in lists("text_document.code_action.resolve_support.properties"),
        preferred_actions=has("text_document.code_action.is_preferred_support"),
        disabled_actions=has("text_document.code_action.disabled_support"),
        document_changes=has("workspace.workspace_edit.document_changes"),
        apply_edits=has("workspace.apply_edit"),
        progress=has("window.work_done_progress"),
        configuration=has("workspace.configuration"),
        watch_configuration=has("workspace.did_change_configuration.dynamic_registration"),
        watch_files=has("workspace.did_change_watched_files.dynamic_registration"),
        relative_patterns=has("workspace.did_change_watched_files.relative_pattern_support"),
        show_document=has("window.show_document.support"),
    )


def _at(found: object, path: str) -> object:
    for name in path.split("."):
        found = getattr(found, name, None)
        if found is None:
            return None
    return found
