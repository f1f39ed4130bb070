"""Inline YAML fixtures: `$0` marks the cursor; a comment line of carets marks a finding.

    trian: {}
    #^^^^ error[unknown-key]: no such key

Carets point at the nearest line above that is no caret line. A `#` that touches a caret counts as
one, so that keys in column 0 can be marked. Caret lines stay in the text, as comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import dedent

from pitchpipe.findings import Finding

CURSOR = "$0"
_CARETS = re.compile(r"^(?P<lead> *)#(?P<gap> *)(?P<carets>\^+) (?P<label>.+)$")

Marked = tuple[int, int, str]
"""Start, end, and `severity[code]: message` of a finding."""


def unindented(fixture: str) -> str:
    return dedent(fixture).removeprefix("\n")


def cursor(fixture: str) -> tuple[str, int]:
    """The text without its `$0`, and the offset where that stood."""
    text = unindented(fixture)
    assert text.count(CURSOR) == 1, "a cursor fixture has exactly one $0"
    return text.replace(CURSOR, ""), text.index(CURSOR)


def marked(text: str) -> list[Marked]:
    """What the caret lines of a text say, in the order of their places."""
    found: list[Marked] = []
    line_start = offset = 0
    for line in text.splitlines(keepends=True):
        if match := _CARETS.match(line.rstrip("\r\n")):
            first = match.start("carets") if match["gap"] else match.end("lead")
            found.append((line_start + first, line_start + match.end("carets"), match["label"]))
        else:
            line_start = offset
        offset += len(line)
    return sorted(found)


def rendered(finding: Finding) -> Marked:
    label = f"{finding.severity.value}[{finding.code}]: {finding.message}"
    return finding.span.start, finding.span.end, label


def all_rendered(findings: Iterable[Finding]) -> list[Marked]:
    return sorted(map(rendered, findings))


def fixed(text: str, finding: Finding) -> str:
    """The text after taking the finding's fix."""
    assert finding.fix is not None, f"no fix for {finding.message}"
    for edit in sorted(finding.fix.edits, key=lambda edit: edit.span, reverse=True):
        text = text[: edit.span.start] + edit.new_text + text[edit.span.end :]
    return text
