"""From a workflow's text to its findings, in the world that a test makes up."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent

import pitchpipe_schemas
from pitchpipe.analyse import Analysis, analyse
from pitchpipe.facts import Facts
from pitchpipe.findings import Finding
from pitchpipe.schema import Schema
from pitchpipe.span import Lines
from pitchpipe.syntax.nodes import Data
from support.facts import ROOT, WORLD

SCHEMA = Schema(pitchpipe_schemas.load("workflow"))
FILE = f"{ROOT}/phrase-tone.tune.yaml"

_SECTIONS = {
    "model": "model: {name_or_path: models/tiny}\n",
    "data": "data: {train: [{path: data/pairs.jsonl}]}\n",
}


def analysis(
    text: str,
    facts: Facts = WORLD,
    overrides: Mapping[str, Data] | None = None,
    path: str = FILE,
) -> Analysis:
    return analyse(text, schema=SCHEMA, facts=facts, path=path, overrides=overrides or {})


def whole(fragment: str) -> str:
    """`fragment`, dedented, with what else a workflow can't do without put behind it."""
    text = dedent(fragment).lstrip("\n")
    if text and not text.endswith("\n"):
        text += "\n"
    written = {line.partition(":")[0] for line in text.splitlines()}
    return text + "".join(lines for name, lines in _SECTIONS.items() if name not in written)


def lines_of(findings: tuple[Finding, ...] | list[Finding], text: str) -> list[str]:
    """Each finding as the command shows it, but for the file: `3:5: error[code]: …`."""
    lines = Lines(text)
    found: list[str] = []
    for finding in findings:
        place = lines.place(finding.span)
        what = f"{finding.severity.value}[{finding.code}]: {finding.message}"
        found.append(f"{place.line}:{place.column}: {what}")
    return found


def fixed(text: str, finding: Finding) -> str:
    """`text` after the finding's fix."""
    assert finding.fix is not None
    for edit in sorted(finding.fix.edits, key=lambda e: e.span, reverse=True):
        text = text[: edit.span.start] + edit.new_text + text[edit.span.end :]
    return text
