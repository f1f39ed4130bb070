"""What mends YAML that is nearly right, by what the schema has at its place.

Each way is tried on the text before it is offered: it must leave less to say of it as YAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pitchpipe.checks.wording import flow
from pitchpipe.findings import Edit, Finding
from pitchpipe.ide.changes import applied
from pitchpipe.ide.items import Action
from pitchpipe.ide.slots import slot_at
from pitchpipe.ide.slots.words import line_end, plain_end
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.keypath import KeyPath, parse_dotted
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Mapping

_NO_COLON = re.compile(r"(?P<key>[\w-]+)(?:[ \t]*=[ \t]*|[ \t]*:|[ \t]+|\Z)(?P<rest>[^\r\n]*)")
_CLOSING = {"[": "]", "{": "}", "'": "'", '"': '"'}


def mended(snapshot: Snapshot, finding: Finding) -> Iterator[Action]:
    """The ways to mend what a finding without a fix of its own says."""
    for title, edit in _tries(snapshot, finding):
        if _helps(snapshot, edit, finding):
            yield Action(
                title, "quickfix", (edit,), code=finding.code, at=finding.span, preferred=True
            )
            return


def _tries(snapshot: Snapshot, finding: Finding) -> Iterator[tuple[str, Edit]]:
    if finding.code == "yaml-syntax":
        yield from _colon(snapshot, finding.span, _section_at(snapshot, finding.span))
        yield from _closed(snapshot.text, finding.span)
        yield from _aligned(snapshot, finding.span)
    elif finding.code == "wrong-type":
        yield from _colon(snapshot, finding.span, parse_dotted(finding.path))
        yield from _quoted(snapshot, finding)


def _section_at(snapshot: Snapshot, span: Span) -> KeyPath | None:
    """The section that a word at the beginning of a line would be a key of."""
    slot = slot_at(snapshot.document, span.start)
    return slot.path if slot and slot.kind in {"key", "new"} else None


def _colon(snapshot: Snapshot, span: Span, section: KeyPath | None) -> Iterator[tuple[str, Edit]]:
    """A colon, or the blank behind it, where a key of the section lacks it."""
    found = _NO_COLON.fullmatch(snapshot.text[span.start : span.end])
    if found and section is not None and found["key"] in snapshot.schema.keys(section):
        right = f"{found['key']}: {found['rest'].strip()}".rstrip()
        yield f"Write `{right}`", Edit(span, right)


def _closed(text: str, span: Span) -> Iterator[tuple[str, Edit]]:
    """The mark that is missing, at the end of the line."""
    closing = _CLOSING.get(text[span.start : span.start + 1])
    if closing is not None:
        end = plain_end(text, span.start, line_end(text, span.start))
        yield f"Insert `{closing}`", Edit(Span(end, end), closing)


def _aligned(snapshot: Snapshot, span: Span) -> Iterator[tuple[str, Edit]]:
    """The column of the nearest line above that is indented by nearly as much."""
    lines, text = snapshot.document.lines, snapshot.text
    number, column = lines.position(span.start)
    start = lines.starts[number]
    if text[start : span.start].strip(" "):
        return
    for above in range(number - 1, max(-1, number - 20), -1):
        line = text[lines.starts[above] : lines.starts[above + 1]]
        said = line.strip()
        if said and not said.startswith("#"):
            wanted = len(line) - len(line.lstrip(" "))
            if wanted != column:
                edit = Edit(Span(start, span.start), " " * wanted)
                yield "Indent like the lines above", edit
                return


def _quoted(snapshot: Snapshot, finding: Finding) -> Iterator[tuple[str, Edit]]:
    """Quotes around a text that begins with a brace, as templates do: `{prompt}`."""
    path, text = parse_dotted(finding.path), snapshot.text
    types = (snapshot.schema.at(path) or {}).get("type", ())
    node = snapshot.document.node_at(path)
    if "string" not in types or not isinstance(node, Mapping) or not node.flow:
        return
    end = plain_end(text, node.span.start, line_end(text, node.span.start))
    if any(entry.colon for entry in node.entries) or end < node.span.end:
        return
    written = text[node.span.start : end]
    yield "Put the value in quotes", Edit(Span(node.span.start, end), flow(written))


def _helps(snapshot: Snapshot, edit: Edit, finding: Finding) -> bool:
    """Whether the finding is gone, and nothing else broken for it."""
    after = snapshot.with_text(applied(snapshot.text, (edit,)))
    before = snapshot.document.problems
    fewer = len(after.document.problems) < len(before)
    same = len(after.document.problems) == len(before) and finding.code != "yaml-syntax"
    gone = finding.code == "yaml-syntax" or all(
        f.message != finding.message for f in after.findings
    )
    return (fewer or same) and gone
