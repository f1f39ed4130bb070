"""What stands out in templates and paths: columns, marks of chats, environment variables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pitchpipe.facts import TableFact
from pitchpipe.ide import written
from pitchpipe.ide.items import Token
from pitchpipe.ide.snapshot import Snapshot
from pitchpipe.span import Span
from pitchpipe.syntax.nodes import Scalar
from pitchpipe.template import TemplateError, parse

KINDS = ("column", "unknown-column", "chat-marker", "variable", "unset-variable")
"""Every `Token.kind`.

An unknown column is in none of the data files that were read; where none was, every column is
taken to be known.
"""

_FIELD = re.compile(r"\{\{|\}\}|(?P<field>\{(?P<name>[^{}\r\n]*)\})")
# Those of ChatML, Llama 2 and 3, Gemma, Mistral, Phi and Zephyr.
_MARKER = re.compile(
    r"<\|[\w-]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?s>|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>"
)
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_]\w*)\}", re.ASCII)


def tokens(snapshot: Snapshot, span: Span | None = None) -> list[Token]:
    """The tokens that touch `span`, or all of them, in order; none overlap."""
    found = (*_in_templates(snapshot), *_variables(snapshot))
    wanted = (t for t in found if span is None or _touch(t.span, span))
    return sorted(dict.fromkeys(wanted), key=lambda token: token.span)


def fields(snapshot: Snapshot, scalar: Scalar) -> Iterator[tuple[str, Span]]:
    """Every column that a template names, with the place of its braces.

    None of a template whose escapes hide where they stand, or whose braces are not paired.
    """
    matches = [m for m in _FIELD.finditer(snapshot.text, *scalar.span) if m["field"]]
    names = [m["name"].strip() for m in matches]
    try:
        meant = [field.name for field in parse(scalar.raw).fields]
    except TemplateError:
        return
    if names == meant:
        yield from zip(names, (Span(*m.span()) for m in matches), strict=True)


def _in_templates(snapshot: Snapshot) -> Iterator[Token]:
    known = _columns(snapshot)
    for scalar in written.templates(snapshot):
        taken: list[Span] = []
        for name, span in fields(snapshot, scalar):
            taken.append(span)
            kind = "column" if known is None or name in known else "unknown-column"
            yield Token(span, kind)
        for token in _markers(snapshot, scalar):
            if not any(_touch(token.span, span) for span in taken):
                yield token
    system = written.scalar_of(snapshot, snapshot.analysis.workflow.data.system_prompt)
    if system is not None:
        yield from _markers(snapshot, system)


def _markers(snapshot: Snapshot, scalar: Scalar) -> Iterator[Token]:
    for match in _MARKER.finditer(snapshot.text, *scalar.span):
        yield Token(Span(*match.span()), "chat-marker")


def _columns(snapshot: Snapshot) -> set[str] | None:
    """The columns of all data files; None where no file was read or another source has more."""
    found: set[str] = set()
    read = False
    for _, _, table in snapshot.context.files():
        if not isinstance(table, TableFact):
            return None
        read = True
        found.update(column.name for column in table.columns)
    return found if read and not list(written.datasets(snapshot)) else None


def _variables(snapshot: Snapshot) -> Iterator[Token]:
    model, output = written.model(snapshot), written.output_folder(snapshot)
    paths = (*written.data_files(snapshot), *(s for s in (model, output) if s))
    for scalar in paths:
        for match in _VARIABLE.finditer(snapshot.text, *scalar.span):
            is_set = snapshot.context.facts.environment(match["name"]) is not None
            yield Token(Span(*match.span()), "variable" if is_set else "unset-variable")


def _touch(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end
