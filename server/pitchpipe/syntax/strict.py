"""The strict reader: libyaml's events, built into a tree with exact places.

libyaml judges what is YAML; everything else (scalars of YAML 1.2, spans, duplicate keys) is ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NoReturn, cast

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner, ScannerError

from pitchpipe.findings import Finding
from pitchpipe.span import Span
from pitchpipe.syntax import problems
from pitchpipe.syntax.characters import BLANKS, ENDS, PROPERTY, SKIPPED
from pitchpipe.syntax.explain import explained
from pitchpipe.syntax.nodes import Alias, Entry, Mapping, Node, Scalar, Sequence, Style
from pitchpipe.syntax.reading import DEEPEST, Reading
from pitchpipe.syntax.scalars import resolve, valued

try:
    from yaml._yaml import CParser  # pyright: ignore
except ImportError:
    CParser = None

Events = Callable[[], Any]
"""Gives the next event at each call, None at the end."""


class _PureParser(Reader, Scanner, Parser):
    """PyYAML's own parser, as strict as libyaml with escapes that are no characters."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)

    def next_event(self) -> Any:
        try:
            event: Any = cast("Any", self).get_event()
        except (ValueError, OverflowError):
            self._refuse_escape(cast("Any", self).get_mark())
        if isinstance(event, ScalarEvent) and _SURROGATE.search(event.value):
            self._refuse_escape(event.start_mark)
        return event

    def _refuse_escape(self, mark: Any) -> NoReturn:
        problem = "found invalid Unicode character escape code"
        raise ScannerError("while parsing a quoted scalar", mark, problem, mark)


def pure_events(text: str) -> Events:
    return _PureParser(text).next_event


def c_events(text: str) -> Events:
    parser: Any = CParser(text)  # pyright: ignore[reportOptionalCall]
    return parser.get_event


fastest_events = pure_events if CParser is None else c_events

_STYLES: dict[str | None, Style] = {
    None: Style.PLAIN,
    "": Style.PLAIN,
    "'": Style.SINGLE,
    '"': Style.DOUBLE,
    "|": Style.LITERAL,
    ">": Style.FOLDED,
}
_SURROGATE = re.compile("[\ud800-\udfff]")
_LONG_TAG = "tag:yaml.org,2002:"
# Anchors and tags before a node's content, and what may stand between them and it.
_PROPERTIES = {
    1: re.compile(rf"{SKIPPED}{PROPERTY}{SKIPPED}"),
    2: re.compile(rf"{SKIPPED}{PROPERTY}{SKIPPED}{PROPERTY}{SKIPPED}"),
}
_FLOW_COLON = re.compile(rf"{SKIPPED}:")
_COLON = re.compile(rf"{_FLOW_COLON.pattern}{ENDS}")


def read(
    text: str, base: int = 0, above: int = 0, events: Callable[[str], Events] = fastest_events
) -> Reading | Finding:
    """The tree of the document in `text`, or why there is none; `above` collections are around it.

    Spans count from the start of `text`, plus `base`. `text` is printable (`printable`) and
    doesn't start with a byte order mark.
    """
    try:
        return _Builder(text, base, above).reading(events(text))
    except yaml.MarkedYAMLError as error:
        return explained(text, base, error)


class _Builder:
    """Builds bottom-up: the children of the open collection, and a stack of what surrounds it."""

    def __init__(self, text: str, base: int, above: int) -> None:
        self.text = text
        self.base = base
        self.deepest = DEEPEST - above
        self.problems: list[Finding] = []
        self.anchors: list[tuple[int, str, Node]] = []
        self.aliases: list[Alias] = []

    def reading(self, next_event: Events) -> Reading | Finding:
        next_event()  # the stream's start
        if type(next_event()) is not DocumentStartEvent:
            return Reading(None)
        base = self.base
        new_span = cast("Any", tuple).__new__
        # A mapping's children are its keys and values in turn.
        children: list[Node] = []
        opening: Any = None
        stack: list[tuple[list[Node], Any]] = []
        while True:
            event = next_event()
            kind = type(event)  # pyright: ignore[reportUnknownVariableType]
            if kind is ScalarEvent:
                raw = event.value
                if not raw or event.anchor or event.tag:
                    children.append(self._unusual_scalar(event, children, opening))
                    continue
                style = _STYLES[event.style]
                end = event.end_mark.index
                if style is Style.PLAIN:
                    value = resolve(raw)
                else:
                    value = raw
                    if style is Style.LITERAL or style is Style.FOLDED:
                        end = self._block_scalar_end(event)
                span = new_span(Span, (event.start_mark.index + base, end + base))
                children.append(Scalar(span, value, raw, style))
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                stack.append((children, opening))
                if len(stack) > self.deepest:
                    start = event.start_mark.index + base
                    return problems.too_deep(Span(start, start + 1))
                children, opening = [], event
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                if kind is MappingEndEvent:
                    node = self._mapping(opening, event, children)
                else:
                    node = self._sequence(opening, event, children)
                if opening.anchor:
                    self.anchors.append((node.span.start, opening.anchor, node))
                children, opening = stack.pop()
                children.append(node)
            elif kind is AliasEvent:
                start, end = event.start_mark.index + base, event.end_mark.index + base
                alias = Alias(Span(start, end), event.anchor)
                self.aliases.append(alias)
                children.append(alias)
            else:
                break  # the document's end
        self._look_behind(next_event())
        self.problems.sort(key=lambda problem: problem.span)
        self.anchors.sort(key=lambda anchor: anchor[0])
        node = children[0]
        if node == Scalar(node.span, None, ""):
            node = None  # nothing behind the `---`
        return Reading(node, tuple(self.problems), tuple(self.anchors), tuple(self.aliases))

    def _look_behind(self, event: Any) -> None:
        if type(event) is DocumentStartEvent:
            start, end = event.start_mark.index + self.base, event.end_mark.index + self.base
            self.problems.append(problems.multiple_documents(Span(start, end)))

    def _unusual_scalar(self, event: Any, siblings: list[Node], opening: Any) -> Scalar:
        """A scalar that is empty, or has a tag or an anchor."""
        start, end, raw, style = (
            event.start_mark.index,
            event.end_mark.index,
            event.value,
            _STYLES[event.style],
        )
        tag = _short(event.tag)
        if style is Style.PLAIN and not raw:
            if start == end and type(opening) is MappingStartEvent and len(siblings) % 2:
                key_end = siblings[-1].span.end - self.base
                at = self._behind_colon(opening, key_end)
                end = at if at is not None and at <= end else key_end
            start = end
        else:
            start = self._content(event)
            if style is Style.LITERAL or style is Style.FOLDED:
                end = self._block_scalar_end(event)
        value = valued(raw, style, tag)
        span = Span(start + self.base, end + self.base)
        scalar = Scalar(span, value, raw, style, tag, event.anchor)
        if event.anchor:
            self.anchors.append((span.start, event.anchor, scalar))
        return scalar

    def _block_scalar_end(self, event: Any) -> int:
        start, end = event.start_mark.index, event.end_mark.index
        return start + len(self.text[start:end].rstrip(BLANKS))

    def _content(self, event: Any) -> int:
        """Where a node begins, behind its anchor and tag."""
        start = event.start_mark.index
        count = bool(event.anchor) + bool(event.tag)
        match = _PROPERTIES[count].match(self.text, start) if count else None
        return match.end() if match else start

    def _behind_colon(self, opening: Any, key_end: int) -> int | None:
        match = (_FLOW_COLON if opening.flow_style else _COLON).match(self.text, key_end)
        return match.end() if match else None

    def _mapping(self, opening: Any, closing: Any, children: list[Node]) -> Mapping:
        base = self.base
        entries: list[Entry] = []
        keys: set[str] = set()
        nodes = iter(children)
        for key, value in zip(nodes, nodes, strict=True):
            colon = True
            if type(value) is Scalar and not value.raw and value.span.start == value.span.end:
                at = self._behind_colon(opening, key.span.end - base)
                colon = at is not None and at <= value.span.start - base
            if type(key) is not Scalar:
                key = self._complex_key(key)
            elif type(key.value) is not str and (problem := problems.non_string_key(key)):
                self.problems.append(problem)
            keys.add(key.raw)
            span = Span(key.span.start, value.span.end)
            entries.append(Entry(span, key, value, colon))
        if len(keys) != len(entries):
            self.problems += problems.duplicate_keys(entries)
        start = self._content(opening)
        if opening.flow_style and self._opens(opening, "{"):
            end = closing.end_mark.index
        else:  # a block, or the `a: b` of `[a: b]`, which ends where its last value does
            end = entries[-1].span.end - base
        return Mapping(
            Span(start + base, end + base),
            tuple(entries),
            bool(opening.flow_style),
            _short(opening.tag),
            opening.anchor,
        )

    def _opens(self, opening: Any, bracket: str) -> bool:
        end = opening.end_mark.index
        return opening.start_mark.index < end and self.text[end - 1] == bracket

    def _sequence(self, opening: Any, closing: Any, items: list[Node]) -> Sequence:
        start = self._content(opening)
        flow = bool(opening.flow_style)
        end = closing.end_mark.index + self.base if flow else items[-1].span.end
        return Sequence(
            Span(start + self.base, end),
            tuple(items),
            bool(opening.flow_style),
            _short(opening.tag),
            opening.anchor,
        )

    def _complex_key(self, key: Node) -> Scalar:
        start, end = key.span.start - self.base, key.span.end - self.base
        raw = self.text[start:end]
        self.problems.append(problems.complex_key(raw, key.span))
        return Scalar(key.span, raw, raw)


def _short(tag: str | None) -> str | None:
    if tag is not None and tag.startswith(_LONG_TAG):
        return "!!" + tag[len(_LONG_TAG) :]
    return tag
