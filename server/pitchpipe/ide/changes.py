"""Edits: what they make of a text, and those that make another text of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from pitchpipe.findings import Edit
from pitchpipe.span import Span

_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text after edits that don't overlap."""
    parts: list[str] = []
    at = 0
    for edit in sorted(edits, key=lambda edit: edit.span):
        parts += (text[at : edit.span.start], edit.new_text)
        at = edit.span.end
    return "".join([*parts, text[at:]])


def changed_lines(old: str, new: str) -> Iterator[Edit]:
    """Small edits that make `new` of `old`, in order: whole lines, or parts of single ones."""
    waiting: Edit | None = None
    for edit in _by_lines(old, new):
        if waiting and waiting.span.end == edit.span.start:
            span = Span(waiting.span.start, edit.span.end)
            waiting = Edit(span, waiting.new_text + edit.new_text)
            continue
        if waiting:
            yield waiting
        waiting = edit
    if waiting:
        yield waiting


def _by_lines(old: str, new: str) -> Iterator[Edit]:
    """The same, where two may touch."""
    before, after = _LINE.findall(old), _LINE.findall(new)
    starts = [0]
    for line in before:
        starts.append(starts[-1] + len(line))
    for tag, a, b, c, d in _opcodes(before, after):
        if tag == "replace" and b - a == d - c:
            for index in range(b - a):
                yield _narrowed(starts[a + index], before[a + index], after[c + index])
        elif tag != "equal":
            yield Edit(Span(starts[a], starts[b]), "".join(after[c:d]))


def _opcodes(before: list[str], after: list[str]) -> Iterator[tuple[str, int, int, int, int]]:
    """Differences by lines. Lines that differ in blanks alone are paired first.

    They keep their order, so that one pass along both does; difflib is for what is between.
    """
    a = c = 0
    while a < len(before) and c < len(after):
        if before[a] == after[c]:
            yield "equal", a, a + 1, c, c + 1
        elif _bare(before[a]) == _bare(after[c]):
            yield "replace", a, a + 1, c, c + 1
        elif not before[a].strip():
            yield "delete", a, a + 1, c, c
            a += 1
            continue
        elif not after[c].strip():
            yield "insert", a, a, c, c + 1
            c += 1
            continue
        else:
            break
        a, c = a + 1, c + 1
    matcher = SequenceMatcher(None, before[a:], after[c:], autojunk=False)
    for tag, i, j, k, m in matcher.get_opcodes():
        yield tag, a + i, a + j, c + k, c + m


def _bare(line: str) -> str:
    return "".join(line.split())


def _narrowed(start: int, old: str, new: str) -> Edit:
    """The change of one line without what its beginning and end have in common."""
    least = min(len(old), len(new))
    head = next((i for i in range(least) if old[i] != new[i]), least)
    tail = 0
    while tail < least - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return Edit(Span(start + head, start + len(old) - tail), new[head : len(new) - tail])
