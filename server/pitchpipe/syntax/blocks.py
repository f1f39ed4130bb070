"""Cuts a text into blocks, reads each, and reads again only those whose text has changed.

A block is an entry or an item at one level: its first line through the line before the next one at
that level (comments and blank lines belong to the block above them). A large block that is nothing
but a key with entries or items below is cut again. A text that can't be cut (a flow collection, a
scalar, one with YAML directives) is one block.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

import yaml.reader

from pitchpipe.findings import Edit, Finding, Fix, moved_finding
from pitchpipe.span import Span
from pitchpipe.syntax import problems, strict
from pitchpipe.syntax.nodes import (
    Alias,
    Entry,
    Mapping,
    Node,
    Scalar,
    Sequence,
    moved,
    moved_entry,
)
from pitchpipe.syntax.reading import Kind, Reading

_LARGE = 1500
"""Code points from which cutting a block again is cheaper than reading it whole."""
_LONGEST_OPEN = 20_000
"""Code points in which the end of a bracket or quote is looked for beyond its block."""
_MOST_OPEN = 16
"""Blocks of one region for which that is done."""
_LONGEST_HEAD = 1000
"""Code points of the line of a key alone; the pattern for it takes the square of that."""
_MOST_CUTS = 8
"""How often a block is cut into blocks again."""

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_UNPRINTABLE_RUN = re.compile(f"{_UNPRINTABLE.pattern}+")


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of a text whose lines at `column` are entries or items.

    `above` counts the collections around the one that they make up.
    """

    start: int
    end: int
    column: int
    kind: Kind
    above: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a text and what it says.

    `reading` has the places of the text in which the block was first read, where it began at
    `base`. `open_at`, counted the same way, is where a quote or bracket begins that the block
    doesn't close; `extended` says that the block was made longer so as to close one.
    """

    text: str
    base: int
    reading: Reading
    open_at: int | None = None
    parts: Parts | None = None
    extended: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """The blocks of a region, in order and without gaps, and where each begins in its text.

    `closed` says that no block leaves a quote or bracket open, or was made longer to close one.
    """

    region: Region
    starts: tuple[int, ...] = ()
    blocks: tuple[Block, ...] = ()
    closed: bool = True


@dataclass(frozen=True, slots=True)
class Same:
    """What of a document is as it was: all before `start`, and all from `end` on.

    The document has become longer by `by`.
    """

    start: int = 0
    end: int = sys.maxsize
    by: int = 0


@dataclass(frozen=True, slots=True)
class Before:
    """What a stretch of a document was cut into, and where its text then began."""

    parts: Parts
    base: int = 0
    same: Same = field(default_factory=Same)


def read_parts(
    text: str,
    region: Region,
    base: int = 0,
    old: Before | None = None,
) -> Parts:
    """The blocks of a region of `text`, which itself begins at `base` in its document.

    Blocks of `old` whose text stands in the same place, seen from the region's start or end, are
    taken over; what is known to be the same, without a look at each.
    """
    known = _Known(old, region, base)
    starts, blocks = known.before()
    start = starts[-1] + len(blocks[-1].text) if blocks else region.start
    opened, closed = 0, True
    while start < region.end:
        if behind := known.behind(start):
            starts += behind[0]
            blocks += behind[1]
            break
        block = known.block(text, start)
        if block is not None and _is_cut(text, start + len(block.text), region):
            opened += block.extended
        else:
            end = _next_cut(text, start, region)
            block = _block(text[start:end], base + start, region, known.parts(start))
            if block.open_at is not None and opened < _MOST_OPEN:
                opened += 1
                block = _extended(text, start, region, base, block.open_at - base) or block
        starts.append(start)
        blocks.append(block)
        start += len(block.text)
        closed = closed and block.open_at is None and not block.extended
    return Parts(region, tuple(starts), tuple(blocks), closed)


def assembled(parts: Parts, base: int = 0) -> Reading:
    """The blocks of a text that begins at `base`, as one."""
    region = parts.region
    found: list[Finding] = []
    anchors: list[tuple[int, str, Node]] = []
    aliases: list[Alias] = []
    for start, block in zip(parts.starts, parts.blocks, strict=True):
        reading, by = block.reading, base + start - block.base
        if reading.problems:
            found += (moved_finding(problem, by) for problem in reading.problems)
        if reading.anchors:
            anchors += ((at + by, name, moved(node, by)) for at, name, node in reading.anchors)
        if reading.aliases:
            aliases += (moved(alias, by) for alias in reading.aliases)
    if region.kind is Kind.MAPPING:
        node = _mapping(parts, base, found)
    elif region.kind is Kind.SEQUENCE:
        node = _sequence(parts, base)
    else:
        node = next(_nodes(parts, base), None)
    return Reading(node, tuple(found), tuple(anchors), tuple(aliases))


def _nodes(parts: Parts, base: int) -> Iterator[Node]:
    for start, block in zip(parts.starts, parts.blocks, strict=True):
        if block.reading.node is not None:
            yield moved(block.reading.node, base + start - block.base)


def _mapping(parts: Parts, base: int, found: list[Finding]) -> Mapping | None:
    entries: list[Entry] = []
    first: int | None = None
    for start, block in zip(parts.starts, parts.blocks, strict=True):
        node, by = block.reading.node, base + start - block.base
        if isinstance(node, Mapping):
            entries += [moved_entry(entry, by) for entry in node.entries] if by else node.entries
            first = node.span.start + by if first is None else first
    if first is None:
        return None
    if len({entry.key.raw for entry in entries}) != len(entries):
        told = {problem.span for problem in found if problem.code == "duplicate-key"}
        found += (
            f for f in problems.duplicate_keys(entries, half_typed=True) if f.span not in told
        )
    return Mapping(Span(first, entries[-1].span.end), tuple(entries))


def _sequence(parts: Parts, base: int) -> Sequence | None:
    items: list[Node] = []
    first: int | None = None
    for start, block in zip(parts.starts, parts.blocks, strict=True):
        node, by = block.reading.node, base + start - block.base
        if isinstance(node, Sequence):
            items += [moved(item, by) for item in node.items] if by else node.items
            first = node.span.start + by if first is None else first
    return None if first is None else Sequence(Span(first, items[-1].span.end), tuple(items))


# Cutting


@lru_cache(maxsize=64)
def _cut_pattern(column: int, kind: Kind) -> re.Pattern[str]:
    """Finds the line break before each entry or item at `column`, and before what is out of line.

    Closing brackets, commas and the `:` of an explicit key carry on what is above them; so does
    the list that stands in the same column as its key.
    """
    item = rf"(?! {{{column}}}-(?:[ \t\r\n]|\Z))" if kind is Kind.MAPPING else ""
    begins = r"(?!:(?:[ \t\r\n]|\Z))[^ \t\r\n#\]},|>\ufeff]"
    return re.compile(rf"\n{item}(?= {{0,{column}}}{begins})")


def _next_cut(text: str, start: int, region: Region) -> int:
    """Where the block ends that begins at `start`."""
    if region.kind is Kind.ANY:
        return region.end
    match = _cut_pattern(region.column, region.kind).search(text, start, region.end)
    return match.end() if match else region.end


def _is_cut(text: str, at: int, region: Region) -> bool:
    if at >= region.end:
        return at == region.end
    if region.kind is Kind.ANY:
        return False
    return _cut_pattern(region.column, region.kind).match(text, at - 1, region.end) is not None


class _Known:
    """Blocks that were read before, by where they begin from their region's start and end."""

    def __init__(self, old: Before | None, region: Region, base: int) -> None:
        was = old.parts.region if old else region
        alike = was == replace(region, start=was.start, end=was.end)
        self.before_edit = old if old and alike else Before(Parts(region))
        self.old = self.before_edit.parts
        self.region = region
        self.base = base
        self.by = region.end - self.old.region.end

    def before(self) -> tuple[list[int], list[Block]]:
        """The blocks that begin the region as they did.

        Where a block ends is told by the line behind it, so the last of those that are the same
        is not among them. A block that is not closed may end elsewhere now.
        """
        old, base = self.old, self.before_edit.base
        alike = old.region.start == self.region.start and base == self.base
        if not old.closed or not alike:
            return [], []
        count = max(0, bisect_right(old.starts, self.before_edit.same.start - base) - 2)
        return list(old.starts[:count]), list(old.blocks[:count])

    def behind(self, start: int) -> tuple[list[int], tuple[Block, ...]] | None:
        """All blocks from `start` on, where one begins there and they are what they were."""
        same, end = self.before_edit.same, self.before_edit.base + self.old.region.end
        if not self.old.closed or self.base + start < same.end:
            return None
        if end + same.by != self.base + self.region.end:
            return None  # it was cut elsewhere
        at = self._at(start - self.by)
        if at is None:
            return None
        return [s + self.by for s in self.old.starts[at:]], self.old.blocks[at:]

    def _at(self, start: int) -> int | None:
        """Which block began there."""
        starts = self.old.starts
        at = bisect_left(starts, start)
        return at if at < len(starts) and starts[at] == start else None

    def _from_start(self, start: int) -> Block | None:
        at = self._at(start - self.region.start + self.old.region.start)
        return None if at is None else self.old.blocks[at]

    def _from_end(self, start: int) -> Block | None:
        at = self._at(start - self.by)
        return None if at is None else self.old.blocks[at]

    def block(self, text: str, start: int) -> Block | None:
        """The block that stands at `start` word for word; none whose end may lie elsewhere now."""
        for block in (self._from_start(start), self._from_end(start)):
            if block and block.open_at is None and text.startswith(block.text, start):
                return block
        return None

    def parts(self, start: int) -> Before | None:
        """What the block that stood at `start` consisted of."""
        at = self._at(start - self.region.start + self.old.region.start)
        parts = None if at is None else self.old.blocks[at].parts
        if at is None or parts is None:
            return None
        base = self.before_edit.base + self.old.starts[at]
        return replace(self.before_edit, parts=parts, base=base)


# Reading one block


def _block(text: str, base: int, region: Region, old: Before | None) -> Block:
    if len(text) > _LARGE and region.kind is Kind.MAPPING and region.above < _MOST_CUTS:
        block = _nested(text, base, region, old)
        if block:
            return block
    return _leaf(text, base, region)


_HEAD = re.compile(r"( *)(?! )[^\r\n]*:[ \t]*(?:#[^\r\n]*)?\r?\n")
_NO_CONTENT = re.compile(r"(?:[ \t]*(?:#[^\r\n]*)?\r?\n)*")
_NEVER_CUT = frozenset(("", *"\t&!*|>[{\"'@`%"))
INDENT = re.compile(r" *")
_QUESTION = re.compile(r"\?(?:[ \t\r\n]|\Z)")
DASH = re.compile(r"-(?:[ \t\r\n]|\Z)")


def _nested(text: str, base: int, region: Region, old: Before | None) -> Block | None:
    """A block that is a key alone with entries or items below, cut once more."""
    end = text.find("\n", 0, _LONGEST_HEAD)
    head = _HEAD.match(text, 0, end + 1) if end >= 0 else None
    if head is None or len(head[1]) != region.column:
        return None
    inner = _inner(text, head.end(), region)
    if inner is None:
        return None
    key = _read_strictly(text[: inner.start], base, region.above)
    if (
        not isinstance(key, Reading)
        or not isinstance(key.node, Mapping)
        or len(key.node.entries) != 1
    ):
        return None
    entry = key.node.entries[0]
    if not entry.colon or entry.value != Scalar(entry.value.span, None, ""):
        return None
    parts = read_parts(text, inner, base, old)
    reading = assembled(parts, base)
    if reading.node is None:
        return None
    span = Span(entry.span.start, reading.node.span.end)
    node = Mapping(
        Span(key.node.span.start, span.end), (replace(entry, span=span, value=reading.node),)
    )
    reading = Reading(
        node,
        key.problems + reading.problems,
        key.anchors + reading.anchors,
        key.aliases + reading.aliases,
    )
    open_at = next((b.open_at for b in parts.blocks if b.open_at is not None), None)
    return Block(text, base, reading, open_at, parts)


def _inner(text: str, at: int, outer: Region) -> Region | None:
    start = at + len(_matched(_NO_CONTENT, text, at))
    column = len(_matched(INDENT, text, start))
    first = text[start + column : start + column + 1]
    if DASH.match(text, start + column):
        kind = Kind.SEQUENCE
        fits = column >= outer.column
    else:
        kind = Kind.MAPPING
        fits = first not in _NEVER_CUT and column > outer.column
        fits = fits and begins_entry(text, start, column)
    return Region(start, len(text), column, kind, outer.above + 1) if fits else None


def _matched(pattern: re.Pattern[str], text: str, at: int) -> str:
    match = pattern.match(text, at)
    return match.group() if match else ""


def begins_entry(text: str, start: int, column: int) -> bool:
    """Whether the line at `start` looks like `key: value` or `? key`."""
    if _QUESTION.match(text, start + column):
        return True
    return key_lines(column).match(text, start) is not None


@lru_cache(maxsize=64)
def key_lines(column: int) -> re.Pattern[str]:
    """A line at `column` that looks like `key: value`."""
    key = r"[^ \t\r\n#](?:[^\r\n \t:]|[ \t](?!#)|:(?![ \t\r\n]|\Z))*:(?:[ \t\r\n]|\Z)"
    return re.compile(rf"^ {{{column}}}{key}", re.MULTILINE)


def _leaf(text: str, base: int, region: Region) -> Block:
    found: list[Finding] = []
    clean = text
    result = _read_strictly(text, base, region.above)
    if result is None:
        if problem := forbidden_character(text, base):
            found.append(problem)
        clean = _UNPRINTABLE.sub("\ufffd", text)
        result = strict.read(clean, base, region.above)
    if isinstance(result, Reading):
        if _fits(result.node, base, region):
            return Block(text, base, replace(result, problems=(*found, *result.problems)))
        result = None
    from pitchpipe.syntax import tolerant  # noqa: PLC0415  # most files are sound

    loose = tolerant.read(clean, base, region.kind, region.column, region.above)
    reading = loose.reading
    broken = loose.broken[0] if loose.broken else result or _no_sense(clean, base, region)
    reading = replace(reading, problems=(*found, broken, *reading.problems))
    open_at = None if loose.open_at is None else base + loose.open_at
    return Block(text, base, reading, open_at)


def _fits(node: Node | None, base: int, region: Region) -> bool:
    """Whether a block is what those around it are, in the same column."""
    if region.kind is Kind.ANY:
        return True
    kind = Mapping if region.kind is Kind.MAPPING else Sequence
    return (
        isinstance(node, kind)
        and not (node.flow or node.tag or node.anchor)
        and node.span.start == base + region.column
    )


def forbidden_character(text: str, base: int) -> Finding | None:
    """A finding for the first characters that YAML forbids everywhere."""
    match = _UNPRINTABLE_RUN.search(text)
    if match is None:
        return None
    span = Span(base + match.start(), base + match.end())
    code = f"U+{ord(match.group()[0]):04X}"
    many = "s" if len(match.group()) > 1 else ""
    fix = Fix(f"Remove the character{many}", (Edit(span, ""),))
    message = f"the character {code} is not allowed in YAML; write it as an escape in double quotes"
    return problems.syntax(message, span, fix)


def _no_sense(text: str, base: int, region: Region) -> Finding:
    start = len(text) - len(text.lstrip())
    line = text[start:].split("\n", 1)[0].rstrip()
    wanted = "an item of the list" if region.kind is Kind.SEQUENCE else "a `key: value`"
    span = Span(base + start, base + start + len(line))
    return problems.syntax(f"{problems.quoted(line)} is not {wanted} like its neighbours", span)


def _extended(text: str, start: int, region: Region, base: int, open_at: int) -> Block | None:
    """The block at `start` together with those up to where its quote or bracket is closed.

    YAML wants what a quote or bracket holds indented deeper than the key, libyaml and people don't.
    """
    from pitchpipe.syntax.loose_scalars import closed_at  # noqa: PLC0415  # as above

    closed = closed_at(text, open_at, min(region.end, open_at + _LONGEST_OPEN))
    if closed is None:
        return None
    end = _next_cut(text, closed - 1, region)
    whole = text[start:end]
    result = _read_strictly(whole, base + start, region.above)
    if isinstance(result, Reading) and _fits(result.node, base + start, region):
        return Block(whole, base + start, result, extended=True)
    return None


def _read_strictly(text: str, base: int, above: int) -> Reading | Finding | None:
    """None where the text holds characters that YAML forbids."""
    try:
        return strict.read(text, base, above)
    except (yaml.reader.ReaderError, UnicodeEncodeError):
        return None
