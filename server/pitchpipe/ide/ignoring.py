"""Comments that silence a finding from now on."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe.findings import Edit, Finding, Severity
from pitchpipe.ide.items import Action
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.layout import layout
from pitchpipe.silencing import Ignore, has_content, ignores, is_block, leaf_at, line_at
from pitchpipe.span import Span

_LONGEST = 100  # columns of a line with the comment behind its value
_ABOUT_COMMENTS = frozenset({"unused-ignore", "ignore-of-error", "unknown-code"})


def ignored(snapshot: Snapshot, findings: list[Finding]) -> Iterator[Action]:
    """For each warning and hint among `findings`, the comment that silences it."""
    if snapshot.analysis.path.lower().endswith(".json"):  # which has no comments
        return
    told: set[tuple[str, int]] = set()
    for finding in findings:
        if finding.severity is Severity.ERROR or finding.code in _ABOUT_COMMENTS:
            continue
        line = line_at(snapshot.document, finding.span.start)
        if (finding.code, line.start) in told:
            continue
        told.add((finding.code, line.start))
        edit, where = _edit(snapshot, finding, line)
        title = f"Ignore `{finding.code}` {where}"
        yield Action(title, "quickfix", (edit,), code=finding.code, at=finding.span)


def _edit(snapshot: Snapshot, finding: Finding, line: Span) -> tuple[Edit, str]:
    """What silences the finding, and whether it does so here or in the whole file."""
    there = next((i for i in ignores(snapshot.document) if _is_about(i, line)), None)
    if there is not None and there.codes:
        last = there.codes[-1].span.end
        return Edit(Span(last, last), f", {finding.code}"), "here"
    # A line without content is where things are shown that are about the file.
    about_line = has_content(snapshot.document, line.start)
    edit = _for_line(snapshot, f"# pitchpipe: ignore[{finding.code}]", line) if about_line else None
    if edit is not None:
        return edit, "here"
    at = 1 if snapshot.text.startswith("\ufeff") else 0
    mark = f"# pitchpipe: ignore-file[{finding.code}]{layout(snapshot.text).newline}"
    return Edit(Span(at, at), mark), "in this file"


def _for_line(snapshot: Snapshot, mark: str, line: Span) -> Edit | None:
    """The comment behind a line or above it; None in the middle of a text of several lines."""
    document = snapshot.document
    written = snapshot.text[line.start : line.end].rstrip("\r\n").rstrip(" \t")
    end = line.start + len(written)
    comment = "#" in written and not leaf_at(document, line.start + written.rindex("#"))
    inside = leaf_at(document, end) or is_block(leaf_at(document, end - 1))
    if not comment and not inside and len(written) + len(mark) < _LONGEST:
        return Edit(Span(end, end), f"  {mark}")
    first = leaf_at(document, line.start)
    if first and first.span.start < line.start:
        return None
    indent = written[: len(written) - len(written.lstrip(" \t"))]
    return Edit(Span(line.start, line.start), f"{indent}{mark}{layout(snapshot.text).newline}")


def _is_about(ignore: Ignore, line: Span) -> bool:
    return not ignore.of_file and ignore.about == line
