"""Names and what they stand for: anchors, data files, the model's folder, columns.

Data and metrics have no names of their own in a workflow; its files and columns are named outside
of it and so can be found here, but not renamed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from pitchpipe.document import Document
from pitchpipe.findings import Edit
from pitchpipe.ide import written
from pitchpipe.ide.items import Location
from pitchpipe.ide.links import links
from pitchpipe.ide.pieces import content
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.ide.streams import of_cursor
from pitchpipe.ide.tokens import fields
from pitchpipe.span import Span
from pitchpipe.syntax.characters import BLANKS, PROPERTY
from pitchpipe.syntax.nodes import Alias

# What libyaml reads as the name of an anchor.
_NAME = re.compile(r"[0-9A-Za-z_-]+")
_MARK = re.compile(r"&(?P<name>[0-9A-Za-z_-]+)")
_BETWEEN = re.compile(rf"(?:[{BLANKS}]+(?:#[^\r\n]*)?|{PROPERTY})*")
_WEB = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A place that names something. `span` is the name alone, `declares` that it is given there."""

    span: Span
    declares: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is not renamed, in words that stand alone."""

    reason: str


def definition(snapshot: Snapshot, offset: int) -> tuple[Location, ...]:
    """Where what is named at `offset` is: an alias's anchor, or the file that a path leads to."""
    snapshot = of_cursor(snapshot, offset)
    if anchor := _anchor_at(snapshot.document, offset):
        named = (o for o in _of_anchor(snapshot.document, anchor) if o.declares)
        return tuple(Location(o.span) for o in named)
    for link in links(snapshot):
        if _holds(link.span, offset) and not link.target.startswith(_WEB):
            return (Location(Span(0, 0), link.target),)
    column = _column_at(snapshot, offset)
    return tuple(_files_with(snapshot, column)) if column is not None else ()


def references(snapshot: Snapshot, offset: int, *, declaration: bool = True) -> tuple[Span, ...]:
    """Every place that names what is named at `offset`, in order."""
    found = occurrences(snapshot, offset)
    return tuple(o.span for o in found if declaration or not o.declares)


def occurrences(snapshot: Snapshot, offset: int) -> tuple[Occurrence, ...]:
    """Every place in the document that names what is named at `offset`, to be shown at once."""
    snapshot = of_cursor(snapshot, offset)
    if anchor := _anchor_at(snapshot.document, offset):
        return tuple(_of_anchor(snapshot.document, anchor))
    column = _column_at(snapshot, offset)
    if column is None:
        return ()
    return tuple(
        Occurrence(span) for name, span in sorted(set(_columns(snapshot))) if name == column
    )


def prepare_rename(snapshot: Snapshot, offset: int) -> Span | Refusal:
    """The place of the name at `offset`."""
    snapshot = of_cursor(snapshot, offset)
    if anchor := _anchor_at(snapshot.document, offset):
        named = _of_anchor(snapshot.document, anchor)
        return next(o.span for o in named if _holds(o.span, offset, before=1))
    if _column_at(snapshot, offset) is not None:
        return Refusal("a column's name is given in the data file")
    return Refusal("only anchors (`&name`) and their aliases have a name that can be changed here")


def rename(snapshot: Snapshot, offset: int, new: str) -> tuple[Edit, ...] | Refusal:
    """The edits that give an anchor and its aliases the name `new`, with or without its `&`."""
    snapshot = of_cursor(snapshot, offset)
    place = prepare_rename(snapshot, offset)
    if isinstance(place, Refusal):
        return place
    new = new.strip().lstrip("&*")
    if not _NAME.fullmatch(new):
        return Refusal("an anchor's name has letters, digits, `-` and `_` alone")
    if new == snapshot.text[place.start : place.end]:
        return ()
    if any(name == new for _, name, _ in snapshot.document.anchors):
        return Refusal(f"there is an anchor `&{new}` already")
    if any(alias.name == new for alias in snapshot.document.aliases):
        return Refusal(f"there is an alias `*{new}` already")
    return tuple(Edit(o.span, new) for o in occurrences(snapshot, offset))


@dataclass(frozen=True, slots=True)
class _Anchor:
    """`begin` is where what it names begins."""

    begin: int
    name: str


def _anchor_at(document: Document, offset: int) -> _Anchor | None:
    """The anchor that is named at `offset`, by itself or by an alias."""
    alias = next((a for a in document.aliases if _holds(a.span, offset)), None)
    if alias is not None:
        return _target(_namesakes(document, alias.name), alias)
    line, _ = document.lines.position(offset)
    for mark in _MARK.finditer(document.text, document.lines.starts[line]):
        if mark.start() > offset:
            return None
        if offset <= mark.end():
            known = _namesakes(document, mark["name"])
            name_at = Span(*mark.span("name"))
            return next((a for a in known if _name_at(document.text, a) == name_at), None)
    return None


def _namesakes(document: Document, name: str) -> list[_Anchor]:
    """The anchors of one name, in order."""
    return sorted(
        (_Anchor(begin, name) for begin, other, _ in document.anchors if other == name),
        key=lambda anchor: anchor.begin,
    )


def _name_at(text: str, anchor: _Anchor) -> Span | None:
    """The place of an anchor's name, which stands before what it names.

    Between the two are but blanks, tags and comments, and a comment may hold the same name.
    """
    mark, found, at = f"&{anchor.name}", None, anchor.begin
    while (at := text.rfind(mark, 0, at)) != -1:
        if not _BETWEEN.fullmatch(text, at + len(mark), anchor.begin):
            break
        found = Span(at + 1, at + len(mark))
    return found


def _target(namesakes: list[_Anchor], alias: Alias) -> _Anchor | None:
    """The last one that was begun before the alias."""
    at = bisect_right(namesakes, alias.span.start, key=lambda anchor: anchor.begin)
    return namesakes[at - 1] if at else None


def _of_anchor(document: Document, anchor: _Anchor) -> Iterator[Occurrence]:
    if place := _name_at(document.text, anchor):
        yield Occurrence(place, declares=True)
    known = _namesakes(document, anchor.name)
    for alias in sorted(document.aliases, key=lambda alias: alias.span):
        if alias.name == anchor.name and _target(known, alias) == anchor:
            yield Occurrence(Span(alias.span.start + 1, alias.span.end))


def _column_at(snapshot: Snapshot, offset: int) -> str | None:
    return next((name for name, span in _columns(snapshot) if _holds(span, offset)), None)


def _columns(snapshot: Snapshot) -> Iterator[tuple[str, Span]]:
    """Every place that names a column, its braces and quotes aside."""
    for scalar in written.templates(snapshot):
        for name, span in fields(snapshot, scalar):
            inside = snapshot.text[span.start + 1 : span.end - 1]
            start = span.start + 1 + len(inside) - len(inside.lstrip())
            yield name, Span(start, start + len(name))
    for scalar in written.column_names(snapshot):
        yield scalar.raw, content(snapshot.text, scalar)


def _files_with(snapshot: Snapshot, column: str) -> Iterator[Location]:
    """The data files that have a column."""
    told = set[str]()
    for _, path, table in snapshot.context.tables():
        absolute = snapshot.context.resolve(path.value).absolute
        if table.column(column) and absolute not in told:
            told.add(absolute)
            yield Location(Span(0, 0), absolute)


def _holds(span: Span, offset: int, before: int = 0) -> bool:
    """Whether `offset` is in a span or at one of its ends; `before`: its mark counts too."""
    return span.start - before <= offset <= span.end
