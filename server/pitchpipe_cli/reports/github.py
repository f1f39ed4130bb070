"""Findings as workflow commands of GitHub Actions, which shows them at their lines.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from pitchpipe.findings import Finding, Severity
from pitchpipe_cli.workflow_file import Checked

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.HINT: "notice"}
_WORKSPACE = "GITHUB_WORKSPACE"  # the checkout; annotations are found by paths that start there


def commands(files: Sequence[Checked], unreadable: Mapping[str, str]) -> str:
    """One line a finding, and one for each file that could not be read."""
    lines = [_command(checked, finding) for checked in files for finding in checked.findings]
    lines += [
        f"::error file={_property(_from_checkout(name))}::{_message(why)}"
        for name, why in unreadable.items()
    ]
    return "".join(f"{line}\n" for line in lines)


def _command(checked: Checked, finding: Finding) -> str:
    place = checked.lines.place(finding.span)
    where: dict[str, object] = {
        "file": _from_checkout(checked.name),
        "line": place.line,
        "endLine": place.end_line,
        "title": finding.code,
    }
    if place.line == place.end_line:  # columns of several lines are refused
        where |= {"col": place.column, "endColumn": place.end_column}
    properties = ",".join(f"{key}={_property(str(value))}" for key, value in where.items())
    return f"::{_COMMANDS[finding.severity]} {properties}::{_message(finding.message)}"


def _from_checkout(name: str) -> str:
    root = os.environ.get(_WORKSPACE)
    path = Path(os.path.normpath(Path.cwd() / name))
    if root and path.is_relative_to(root):
        path = path.relative_to(root)
        return path.as_posix()
    return Path(name).as_posix()


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
