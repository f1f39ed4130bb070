"""What must hold of everything that is said about a text, whatever the text holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from pitchpipe.analyse import Analysis
from pitchpipe.document import Document
from pitchpipe.findings import Edit, Finding
from pitchpipe.ide import (
    actions,
    fixes,
    folding,
    formatting,
    hints,
    hover,
    lenses,
    links,
    names,
    selection,
    symbols,
    tokens,
)
from pitchpipe.ide.changes import applied
from pitchpipe.ide.completion import complete, document
from pitchpipe.ide.items import Symbol
from pitchpipe.ide.pieces import comments
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.span import Span


def check_inside(spans: Iterable[Span], text: str) -> None:
    outside = [span for span in spans if not 0 <= span.start <= span.end <= len(text)]
    assert not outside


def spans_of(finding: Finding) -> Iterator[Span]:
    yield finding.span
    yield from (related.span for related in finding.related)
    if finding.fix:
        yield from (edit.span for edit in finding.fix.edits)


def check_edits(edits: Iterable[Edit], text: str) -> None:
    """They lie inside the text, and none touches what another one changes."""
    ordered = sorted(edits, key=lambda edit: edit.span)
    check_inside((edit.span for edit in ordered), text)
    for one, other in pairwise(ordered):
        assert one.span.end <= other.span.start, (one, other)
        assert one.span != other.span, (one, other)


def check_findings(analysis: Analysis) -> None:
    """Places are inside, words are shown in one line, and everything is told once, in order."""
    text, found = analysis.document.text, analysis.findings
    for finding in found:
        check_inside(spans_of(finding), text)
        shown = [finding.message, *(related.message for related in finding.related)]
        if finding.fix:
            shown.append(finding.fix.title)
            check_edits(finding.fix.edits, text)
        assert all(words.isprintable() and len(words) <= 1000 for words in shown)
    assert len(set(found)) == len(found)
    assert list(found) == sorted(found, key=lambda f: (f.span.start, f.span.end))


def check_answers(snapshot: Snapshot, offset: int, end: int) -> list[object]:
    """Every feature answers at `offset`, with places inside; the answers."""
    text = snapshot.text
    stretch = Span(min(offset, end), max(offset, end))
    said: list[object] = []

    shown = hover.hover(snapshot, offset)
    check_inside([shown.span] if shown else [], text)
    offered = complete(snapshot, offset)
    if offered:
        check_inside((offered.replace, offered.insert), text)
        assert offered.replace.start <= offset <= offered.replace.end
        keys = dict.fromkeys(item.key for item in offered.items if item.key)
        said += [document(snapshot, key) for key in [*keys][:3]]
    hinted = hints.hints(snapshot, stretch)
    check_inside((Span(hint.offset, hint.offset) for hint in hinted), text)
    said += [hints.tooltip(snapshot, hint.key) for hint in hinted if hint.key]
    above, linked = lenses.lenses(snapshot), links.links(snapshot)
    coloured, folds = tokens.tokens(snapshot), folding.foldings(snapshot)
    check_inside((each.span for each in (*above, *linked, *coloured)), text)
    last = len(snapshot.document.lines.starts) - 1
    assert all(0 <= fold.start_line < fold.end_line <= last for fold in folds)
    chosen = selection.ranges(snapshot, offset)
    check_inside(chosen, text)
    for inner, outer in pairwise(chosen):
        assert outer.start <= inner.start <= inner.end <= outer.end
    outline = symbols.symbols(snapshot)
    _check_outline(outline, text)
    said += [shown, offered, hinted, above, linked, coloured, folds, chosen, outline]
    said += _check_names(snapshot, offset)
    said += _check_changes(snapshot, stretch)
    return said


def _check_names(snapshot: Snapshot, offset: int) -> list[object]:
    text = snapshot.text
    places = names.definition(snapshot, offset)
    check_inside((place.span for place in places if place.path is None), text)
    used = names.references(snapshot, offset)
    marked = names.occurrences(snapshot, offset)
    check_inside((*used, *(mark.span for mark in marked)), text)
    old, new = names.prepare_rename(snapshot, offset), names.rename(snapshot, offset, "other")
    assert isinstance(old, names.Refusal) == isinstance(new, names.Refusal)
    if not isinstance(old, names.Refusal):
        check_inside([old], text)
    if not isinstance(new, names.Refusal):
        check_edits(new, text)
    return [places, used, marked, old, new]


def _check_changes(snapshot: Snapshot, stretch: Span) -> list[object]:
    text = snapshot.text
    offered = actions.actions(snapshot, stretch)
    for action in offered:
        resolved = action.edits
        if resolved is None and action.key:
            resolved = actions.resolve(snapshot, action.key)
        if resolved:
            check_edits(resolved, text)
    formatted = formatting.format(snapshot)
    check_edits(formatted, text)
    return [offered, formatted]


def _check_outline(outline: Iterable[Symbol], text: str) -> None:
    for symbol in outline:
        check_inside([symbol.span], text)
        assert symbol.name.strip(), symbol
        assert symbol.span.start <= symbol.selection.start
        assert symbol.selection.end <= symbol.span.end
        _check_outline(symbol.children, text)


def check_fix(analysis: Analysis, finding: Finding, after: Analysis) -> None:
    """`after` is what the finding's fix makes of the text, and mends what it is for.

    A text that could be read whole still can be, and has all its comments.
    """
    told, now = _told(analysis), _told(after)
    what = (finding.code, finding.message)
    assert now[what] < told[what] or not _is_there(after, finding), finding
    if not _unreadable(analysis):
        assert not _unreadable(after), finding
        before, kept = _comments(analysis.document), _comments(after.document)
        assert not before - kept, finding


def fix_all(snapshot: Snapshot) -> str:
    """The text with all safe fixes; they don't get in each other's way."""
    found = fixes.fix_all(snapshot)
    if found is None or found.edits is None:
        return snapshot.text
    check_edits(found.edits, snapshot.text)
    return applied(snapshot.text, found.edits)


def _told(analysis: Analysis) -> Counter[tuple[str, str]]:
    return Counter((finding.code, finding.message) for finding in analysis.findings)


def _is_there(after: Analysis, finding: Finding) -> bool:
    return any(
        (other.code, other.message, other.span.start)
        == (finding.code, finding.message, finding.span.start)
        for other in after.findings
    )


def _unreadable(analysis: Analysis) -> int:
    codes = ("yaml-syntax", "tab-indentation")
    return sum(problem.code in codes for problem in analysis.document.problems)


def _comments(document: Document) -> Counter[str]:
    return Counter(document.text[slice(*span)] for span in comments(document))
