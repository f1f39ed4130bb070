"""Findings as lines for people, and as JSON for programs.

The JSON of `check --format json` (`version` goes up when a change would break a reader; readers
pass over keys that they don't know):

{"version": 1, "files": [{"path": …, "error": null or why the file could not be read, "findings":
[{"code", "severity", "message", "path", "line", "column", "end_line", "end_column", "related":
[{"message", "line", "column", "end_line", "end_column"}], "fix": null or {"title", "edits":
[{"line", …, "end_column", "new_text"}]}}]}], "summary": {"files", "unreadable", "errors",
"warnings", "hints"}}

Lines and columns count from 1, columns in code points, ends are exclusive. `path` of a finding is
the dotted key path.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pitchpipe import amounts
from pitchpipe.findings import Finding, Severity
from pitchpipe.span import Lines, Place, Span
from pitchpipe_cli import terminal
from pitchpipe_cli.terminal import Paint

if TYPE_CHECKING:
    from pitchpipe_cli.mending import Mended
    from pitchpipe_cli.workflow_file import Checked

VERSION = 1

_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.HINT: "cyan"}


def text(checked: Checked, paint: Paint, details: bool) -> str:
    """One line a finding; `details` adds its related places and its fix below it, indented."""
    return "".join(_lines(checked, finding, paint, details) for finding in checked.findings)


def tell(checked: Checked) -> None:
    """Prints the findings to stderr, for commands whose stdout is for something else."""
    paint = terminal.painter(sys.stderr)
    terminal.err(text(checked, paint, terminal.is_terminal(sys.stderr)))
    if checked.has_errors:
        terminal.err(f"{summary([checked])}\n")


def _lines(checked: Checked, finding: Finding, paint: Paint, details: bool) -> str:
    severity = paint(_STYLES[finding.severity], f"{finding.severity.value}[{finding.code}]")
    nowhere = checked.from_command_line(finding)
    where = paint("bold", f"{checked.name if nowhere else _place(checked, finding.span)}:")
    lines = [f"{where} {severity}: {finding.message}"]
    if details:
        lines += [f"    {_place(checked, r.span)}: {r.message}" for r in finding.related]
        lines += [paint("dim", f"    fix: {finding.fix.title}")] if finding.fix else []
    return "".join(f"{line}\n" for line in lines)


def _place(checked: Checked, span: Span) -> str:
    place = checked.lines.place(span)
    return f"{checked.name}:{place.line}:{place.column}"


def mended(mended: Mended, paint: Paint) -> str:
    """One line for each fix that was taken, with its place when it was."""
    name, style = mended.before.name, "green"
    return "".join(
        f"{paint('bold', f'{name}:{place.line}:{place.column}:')} "
        f"{paint(style, f'fixed[{finding.code}]')}: {finding.fix.title if finding.fix else ''}\n"
        for finding, place in mended.taken
    )


def as_json(
    files: Sequence[Checked],
    unreadable: dict[str, str],
    mended: Sequence[Mended] | None = None,
) -> dict[str, Any]:
    """All files by name; `unreadable` maps the others to why.

    With `mended`, each entry says which of its findings were mended.
    """
    entries: list[dict[str, Any]] = [
        {"path": c.name, "error": None, "findings": _findings(c)} for c in files
    ]
    entries += [{"path": name, "error": why, "findings": []} for name, why in unreadable.items()]
    counts = count(files)
    summary: dict[str, int] = {
        "files": len(files),
        "unreadable": len(unreadable),
        **{f"{severity.value}s": counts[severity] for severity in Severity},
    }
    if mended is not None:
        taken = {one.before.name: one.taken for one in mended}
        for entry in entries:
            entry["fixed"] = [_taken(f, place) for f, place in taken.get(entry["path"], ())]
        summary["fixed"] = sum(map(len, taken.values()))
    return {
        "version": VERSION,
        "files": sorted(entries, key=lambda entry: entry["path"]),
        "summary": summary,
    }


def _taken(finding: Finding, place: Place) -> dict[str, Any]:
    title = finding.fix and finding.fix.title
    return {"code": finding.code, "title": title, **dataclasses.asdict(place)}


def _findings(checked: Checked) -> list[dict[str, Any]]:
    return [
        {
            "code": finding.code,
            "severity": finding.severity.value,
            "message": finding.message,
            "path": finding.path,
            **_where(checked.lines, finding.span),
            "related": [
                {"message": r.message, **_where(checked.lines, r.span)} for r in finding.related
            ],
            "fix": finding.fix
            and {
                "title": finding.fix.title,
                "edits": [
                    {**_where(checked.lines, edit.span), "new_text": edit.new_text}
                    for edit in finding.fix.edits
                ],
            },
        }
        for finding in checked.findings
    ]


def _where(lines: Lines, span: Span) -> dict[str, int]:
    return dataclasses.asdict(lines.place(span))


def count(files: Iterable[Checked]) -> dict[Severity, int]:
    """How many findings there are of each severity."""
    found = [finding.severity for checked in files for finding in checked.findings]
    return {severity: found.count(severity) for severity in Severity}


def summary(files: Sequence[Checked]) -> str:
    """`2 errors, 1 warning in 3 files`."""
    counts = count(files)
    said = [amounts.plural(n, severity.value) for severity, n in counts.items() if n]
    return f"{', '.join(said) or 'no findings'} in {amounts.plural(len(files), 'file')}"
