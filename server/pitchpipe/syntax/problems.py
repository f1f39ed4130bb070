"""The words for what is wrong with a file as YAML, whichever reader met it."""

from __future__ import annotations

from collections.abc import Iterable

from pitchpipe.findings import Edit, Finding, Fix, Related, Severity
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Alias, Entry, Scalar, Style
from pitchpipe.syntax.reading import DEEPEST

_SHOWN = 40
"""Code points of the user's text that a message quotes."""


def syntax(message: str, span: Span, fix: Fix | None = None) -> Finding:
    return Finding("yaml-syntax", message, span, fix=fix)


def too_deep(span: Span) -> Finding:
    return Finding("nesting-too-deep", f"nested more than {DEEPEST} levels deep", span)


def file_too_large(text: str, characters: int, lines: int) -> Finding:
    """At the beginning of the first line of a text with more of either."""
    end = min((at for at in (text.find("\n"), text.find("\r"), _SHOWN) if at >= 0), default=0)
    message = f"a file of more than {characters:,} characters or {lines:,} lines is not read"
    return Finding("file-too-large", message, Span(0, min(end, len(text))))


def quoted(text: str) -> str:
    """A piece of the user's text for a message: in backticks, on one line, not too long."""
    line = " ".join(text.split())
    return f"`{line if len(line) <= _SHOWN else line[: _SHOWN - 1] + '…'}`"


def duplicate_key(key: Scalar, first: Scalar) -> Finding:
    return Finding(
        "duplicate-key",
        f"{quoted(key.raw)} is written twice here; the last one counts",
        key.span,
        related=(Related("first written here", first.span),),
    )


def duplicate_keys(entries: Iterable[Entry], *, half_typed: bool = False) -> list[Finding]:
    """A finding for each entry whose key stands in the same mapping before it.

    `half_typed` says that entries without a colon may be keys that are still being typed.
    """
    found: list[Finding] = []
    first: dict[str, Scalar] = {}
    for entry in entries:
        key = entry.key
        earlier = first.setdefault(key.raw, key)
        if earlier is not key and (entry.colon or not half_typed):
            found.append(duplicate_key(key, earlier))
    return found


def non_string_key(key: Scalar) -> Finding | None:
    """A finding where YAML takes the key for something that isn't text."""
    if isinstance(key.value, str) or not key.raw:
        return None
    if key.value is None:
        kind = "null"
    else:
        kind = "a boolean" if isinstance(key.value, bool) else "a number"
    text = key.raw.replace('"', '\\"')
    return Finding(
        "non-string-key",
        f"YAML takes the key {quoted(key.raw)} for {kind}; put it in quotes to make it text",
        key.span,
        Severity.WARNING,
        fix=Fix("Put the key in quotes", (Edit(key.span, f'"{text}"'),))
        if key.style is Style.PLAIN
        else None,
    )


def complex_key(text: str, span: Span) -> Finding:
    return Finding("non-string-key", f"a key must be a plain word; {quoted(text)} is none", span)


def multiple_documents(span: Span) -> Finding:
    return Finding(
        "multiple-documents", "a workflow is one document; what follows here is not read", span
    )


def tab_indentation(span: Span, fix: Fix | None) -> Finding:
    return Finding(
        "tab-indentation", "YAML is indented with spaces, never with tabs", span, fix=fix
    )


def undefined_alias(alias: Alias) -> Finding:
    return Finding(
        "undefined-alias",
        f"no anchor `&{alias.name}` stands before this alias",
        alias.span,
    )


def recursive_alias(alias: Alias) -> Finding:
    return Finding(
        "recursive-alias", f"`*{alias.name}` stands inside what `&{alias.name}` names", alias.span
    )


def alias_expansion(alias: Alias, most: int) -> Finding:
    return Finding(
        "alias-expansion",
        f"with `*{alias.name}` the aliases come to more than {most:,} values",
        alias.span,
    )


def merge_of_no_mapping(span: Span) -> Finding:
    return Finding("merge-of-no-mapping", "`<<` merges mappings alone, or a list of them", span)
