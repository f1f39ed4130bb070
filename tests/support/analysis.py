"""From a workflow's text to its findings, in the world that a test makes up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pitchpipe_schemas
from pitchpipe.analyse import Analysis, analyse
from pitchpipe.facts import Facts
from pitchpipe.findings import Finding
from pitchpipe.schema import Schema
from pitchpipe.span import Lines
from pitchpipe.syntax.nodes import Data
from support.facts import ROOT, WORLD
from support.fixture import all_rendered, fixed, marked, unindented

SCHEMA = Schema(pitchpipe_schemas.load("workflow"), others=pitchpipe_schemas.dialect)
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
    *,
    blind: bool = False,
) -> Analysis:
    laid = overrides or {}
    return analyse(text, schema=SCHEMA, facts=facts, path=path, overrides=laid, blind=blind)


def value(found: Analysis, path: str) -> Any:
    """What counts for the workflow's key at a dotted path without lists."""
    at: Any = found.workflow
    for step in path.split("."):
        at = getattr(at, step)
    return found.context.effective(at)


def whole(fragment: str) -> str:
    """`fragment`, dedented, with what else a workflow can't do without put behind it."""
    text = unindented(fragment)
    if text.startswith("# pitchpipe: ") and not text.startswith("# pitchpipe: ignore"):
        return text  # a file of another tool
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


def check_findings(fragment: str, facts: Facts = WORLD) -> Analysis:
    """The findings of `fragment`, made whole, are its caret lines.

    Returns the analysis for whatever else is to be said of it.
    """
    text = whole(fragment)
    found = analysis(text, facts)
    assert all_rendered(found.findings) == marked(text)
    return found


def check_fixed(fragment: str, expected: str, facts: Facts = WORLD) -> None:
    """The first fix there is changes one line, to `expected`, and mends what it is for."""
    text = whole(fragment)
    finding = next(f for f in analysis(text, facts).findings if f.fix)
    after = fixed(text, finding)
    before_lines, after_lines = text.splitlines(), after.splitlines()
    changed = [new for old, new in zip(before_lines, after_lines, strict=True) if old != new]
    assert [line.strip() for line in changed] == [expected]
    assert finding not in analysis(after, facts).findings
