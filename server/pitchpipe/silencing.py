"""Comments that silence findings: `# pitchpipe: ignore[code]`, and `ignore-file[code]` for a file.

Only warnings and hints can be silenced: an error keeps a file from running whatever is written.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pitchpipe.document import Document
from pitchpipe.findings import Finding, Severity
from pitchpipe.span import Span
from pitchpipe.syntax import nodes
from pitchpipe.syntax.characters import BLANKS
from pitchpipe.syntax.nodes import Scalar, Style

_MARK = "pitchpipe:"
_IGNORE = re.compile(
    r"#[ \t]*pitchpipe:[ \t]*ignore(?P<file>-file)?(?![\w-])(?:[ \t]*\[(?P<codes>[^\]\r\n#]*)\]?)?"
)
_CODE = re.compile(r"[^\s,]+")
_BEFORE = BLANKS + "\ufeff"
_NO_CONTENT = re.compile(r"[ \t\ufeff]*(?:#|---[ \t]*(?:#|\r?\n|\r|\Z)|\r?\n|\r|\Z)")


@dataclass(frozen=True, slots=True)
class Code:
    """A code as a comment names it."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Ignore:
    """One such comment.

    `span` goes from its `#` to its `]`. `codes` are those it names; None: it means all. `about` is
    where the findings begin that it means, whole lines; None where it means none: no line follows,
    or it is about the file and stands below the first key. `of_file` tells the two kinds apart.
    """

    span: Span
    codes: tuple[Code, ...] | None
    about: Span | None
    of_file: bool

    def means(self, finding: Finding) -> bool:
        """Whether the finding is at its place and of one of its codes."""
        if self.about is None or not self.about.start <= finding.span.start < self.about.end:
            return False
        return self.codes is None or any(code.name == finding.code for code in self.codes)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the comments of a file did.

    `silenced` and `refused` are the codes of warnings and hints that each of `ignores` silenced,
    and of the errors that it didn't. `severities` are of all codes there are. `open_codes` are
    those of which nobody knows yet whether the file has them; None: nobody knows it of any.
    """

    ignores: tuple[Ignore, ...]
    silenced: tuple[frozenset[str], ...]
    refused: tuple[frozenset[str], ...]
    severities: Mapping[str, Severity]
    open_codes: Collection[str] | None


def ignores(document: Document) -> tuple[Ignore, ...]:
    """The comments that silence something, in order. A text without the words is not read."""
    text = document.text
    return tuple(_ignores(document)) if _MARK in text and "ignore" in text else ()


def sorted_out(
    findings: Iterable[Finding],
    found: tuple[Ignore, ...],
    severities: Mapping[str, Severity],
    open_codes: Collection[str] | None,
    spared: Callable[[Finding], bool],
) -> tuple[list[Finding], Outcome]:
    """The findings that are left, and what the comments did; those that are `spared` are left."""
    left: list[Finding] = []
    silenced: list[set[str]] = [set() for _ in found]
    refused: list[set[str]] = [set() for _ in found]
    for finding in findings:
        meant = [] if spared(finding) else [i for i, one in enumerate(found) if one.means(finding)]
        is_error = finding.severity is Severity.ERROR
        for index in meant:
            (refused if is_error else silenced)[index].add(finding.code)
        if is_error or not meant:
            left.append(finding)
    done = (tuple(map(frozenset, silenced)), tuple(map(frozenset, refused)))
    return left, Outcome(found, *done, severities, open_codes)


def leaf_at(document: Document, offset: int) -> nodes.Node | None:
    """The key or value that the character at an offset belongs to, so that it begins no comment.

    None where it belongs to none: behind the `|` of a text of several lines, too, which may have a
    comment.
    """
    node = document.root
    while isinstance(node, (nodes.Mapping, nodes.Sequence)):
        parts = node.entries if isinstance(node, nodes.Mapping) else node.items
        at = bisect_right(parts, offset, key=lambda part: part.span.start) - 1
        if at < 0:
            return None
        part = parts[at]
        if isinstance(part, nodes.Entry):
            if offset < part.key.span.end:
                return part.key
            node = part.value
        else:
            node = part
    if node is None or not node.span.start <= offset < node.span.end:
        return None
    if is_block(node):
        line, _ = document.lines.position(node.span.start)
        return node if document.lines.position(offset)[0] > line else None
    return node


def is_block(node: nodes.Node | None) -> bool:
    """Whether it is a text behind `|` or `>`."""
    return isinstance(node, Scalar) and node.style in {Style.LITERAL, Style.FOLDED}


def line_at(document: Document, offset: int) -> Span:
    """The line of an offset with its break; the last one ends behind the text."""
    starts = document.lines.starts
    line = bisect_right(starts, offset) - 1
    return Span(starts[line], _end_of(document, line))


def has_content(document: Document, line_start: int) -> bool:
    """Whether there is more on a line than blanks, a comment or `---`."""
    return _NO_CONTENT.match(document.text, line_start) is None


def _ignores(document: Document) -> Iterator[Ignore]:
    text = document.text
    for match in _IGNORE.finditer(text):
        start = match.start()
        if (start and text[start - 1] not in _BEFORE) or leaf_at(document, start):
            continue
        codes = None
        if match["codes"] is not None:
            named = _CODE.finditer(text, *match.span("codes"))
            codes = tuple(Code(one[0], Span(*one.span())) for one in named)
        of_file = match["file"] is not None
        about = _file(document, start) if of_file else _line(document, start)
        yield Ignore(Span(start, match.end()), codes, about, of_file)


def _file(document: Document, at: int) -> Span | None:
    root = document.root
    is_above = root is None or at < root.span.start
    return Span(0, len(document.text) + 1) if is_above else None


def _line(document: Document, at: int) -> Span | None:
    """The comment's own line; where it has that for itself, the next one with content."""
    starts = document.lines.starts
    line = bisect_right(starts, at) - 1
    if not has_content(document, starts[line]):
        line += 1
        while line < len(starts) and not has_content(document, starts[line]):
            line += 1
        if line == len(starts):
            return None
    return Span(starts[line], _end_of(document, line))


def _end_of(document: Document, line: int) -> int:
    starts = document.lines.starts
    return starts[line + 1] if line + 1 < len(starts) else len(document.text) + 1
