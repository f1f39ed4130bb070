"""Findings in SARIF 2.1.0, the format of code scanning.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

import pitchpipe_schemas
from pitchpipe import __version__
from pitchpipe.checks import RULES
from pitchpipe.findings import Finding, Fix, Severity
from pitchpipe.span import Span
from pitchpipe_cli.workflow_file import Checked

Json: TypeAlias = "dict[str, Any]"

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "note"}
_ROOT = "%SRCROOT%"
_PLACEHOLDER = re.compile(r"\{(\d+)\}")
_FIRST_PARAGRAPH = re.compile(r"\A#[^\n]*\n+(?:\*[^\n]*\*\n+)?(?P<text>(?:[^\n]+\n)+)")


def log(files: Sequence[Checked], unreadable: Mapping[str, str]) -> Json:
    """All files and what is to be said about them."""
    codes = sorted({finding.code for checked in files for finding in checked.findings})
    results = [
        _result(checked, finding, codes) for checked in files for finding in checked.findings
    ]
    troubles = [{"level": "error", "message": _message(why)} for why in unreadable.values()]
    run = {
        "tool": {
            "driver": {
                "name": "pitchpipe",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(code) for code in codes],
            }
        },
        "columnKind": "utf16CodeUnits",
        "originalUriBaseIds": {_ROOT: {"uri": f"{Path.cwd().as_uri()}/"}},
        "invocations": [
            {"executionSuccessful": not unreadable, "toolExecutionNotifications": troubles}
        ],
        "artifacts": [{"location": _artifact(checked.name)} for checked in files],
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> Json:
    """With the code's page, from which its first paragraph and sentence are the short texts."""
    page = pitchpipe_schemas.page(code) or ""
    first = _FIRST_PARAGRAPH.match(page)
    paragraph = " ".join(first["text"].split()) if first else code
    severity = next((rule.severity for rule in RULES if rule.code == code), Severity.ERROR)
    return {
        "id": code,
        "shortDescription": _message(re.split(r"(?<=\.) (?=[A-Z`])", paragraph)[0]),
        "fullDescription": _message(paragraph),
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": _LEVELS[severity]},
    }


def _result(checked: Checked, finding: Finding, codes: list[str]) -> Json:
    artifact = _artifact(checked.name)
    result: Json = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _LEVELS[finding.severity],
        "message": _message(finding.message),
        "locations": [_location(checked, artifact, finding.span)],
    }
    if finding.related:
        result["relatedLocations"] = [
            {
                "id": number,
                **_location(checked, artifact, related.span),
                "message": _message(related.message),
            }
            for number, related in enumerate(finding.related, 1)
        ]
    if finding.fix:
        result["fixes"] = [_fix(checked, artifact, finding.fix)]
    return result


def _fix(checked: Checked, artifact: Json, fix: Fix) -> Json:
    replacements = [
        {
            "deletedRegion": _region(checked, edit.span),
            "insertedContent": {"text": edit.new_text},
        }
        for edit in sorted(fix.edits, key=lambda edit: edit.span)
    ]
    return {
        "description": _message(fix.title),
        "artifactChanges": [{"artifactLocation": artifact, "replacements": replacements}],
    }


def _location(checked: Checked, artifact: Json, span: Span) -> Json:
    return {
        "physicalLocation": {"artifactLocation": artifact, "region": _region(checked, span)},
    }


def _region(checked: Checked, span: Span) -> Json:
    """Lines and columns count from 1, columns in UTF-16 units; the end is behind the last one."""
    place = checked.lines.place(span)
    return {
        "startLine": place.line,
        "startColumn": _column(checked, span.start, place.column),
        "endLine": place.end_line,
        "endColumn": _column(checked, span.end, place.end_column),
    }


def _column(checked: Checked, offset: int, column: int) -> int:
    before = checked.text[offset - column + 1 : offset]
    return column + sum(character > "\uffff" for character in before)


def _artifact(name: str) -> Json:
    """A path below the working directory is relative to it, another absolute."""
    here, path = Path.cwd(), Path(name)
    absolute = here / path
    if ".." in path.parts or not absolute.is_relative_to(here):
        return {"uri": absolute.as_uri()}
    return {"uri": quote(absolute.relative_to(here).as_posix()), "uriBaseId": _ROOT}


def _message(text: str) -> Json:
    return {"text": _escaped(text)}


def _escaped(text: str) -> str:
    """What looks like a placeholder for an argument (section 3.11.5) is none of ours."""
    return _PLACEHOLDER.sub(r"{{\1}}", text)
