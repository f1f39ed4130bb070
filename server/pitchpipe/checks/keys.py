"""Rules about keys: those that nobody knows and those that nobody wrote."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe.checks.context import Context, Report
from pitchpipe.findings import Edit, Fix
from pitchpipe.keypath import KeyPath, dotted
from pitchpipe.schema import Violation
from pitchpipe.suggest import nearest, one_of
from pitchpipe.syntax.nodes import Mapping

_FEW = 8


def unknown_key(context: Context) -> Iterator[Report]:
    """A key that the schema doesn't know."""
    for violation in context.reading.violations:
        if violation.keyword == "additionalProperties":
            yield _unknown(context, violation)


def missing_required(context: Context) -> Iterator[Report]:
    """A key without which there is no workflow. A half-typed file is not told what it lacks."""
    if context.document.problems:
        return
    for violation in context.reading.violations:
        if violation.keyword == "required":
            parent, key = violation.path[:-1], violation.path[-1]
            example = _example(context, violation.path)
            span = context.reading.key_span(parent)
            yield Report(f"{_owner(parent)} needs the key `{key}`{example}", span, violation.path)


def _unknown(context: Context, violation: Violation) -> Report:
    *parent, key = violation.path
    known = context.reading.schema.keys(tuple(parent))
    span = context.reading.key_span(violation.path)
    message = f"{_owner(tuple(parent))} has no key `{key}`"
    near = _renamed(context, tuple(parent), str(key)) or nearest(str(key), known)
    if near:
        fix = Fix(f"Rename to `{near}`", (Edit(span, near),))
        if near in _siblings(context, tuple(parent)):
            return Report(f"{message}, and `{near}` is there already", span, violation.path)
        return Report(f"{message}; did you mean `{near}`?", span, violation.path, fix)
    if place := _elsewhere(context, str(key)):
        return Report(f"{message}; it belongs in `{dotted(place)}`", span, violation.path)
    if known and len(known) <= _FEW:
        message += f"; it has {one_of(known).replace(' or ', ' and ')}"
    return Report(message, span, violation.path)


def _owner(path: KeyPath) -> str:
    return f"`{dotted(path)}`" if path else "a workflow"


def _siblings(context: Context, parent: KeyPath) -> tuple[str, ...]:
    node = context.document.node_at(parent)
    node = node and context.document.resolved(node)
    if not isinstance(node, Mapping):
        return ()
    return tuple(entry.key.raw for entry in context.document.entries(node))


def _renamed(context: Context, parent: KeyPath, key: str) -> str | None:
    """The key of the same section that other tools or older versions call `key`."""
    for place in context.reading.schema.owners(key, parent):
        if place[:-1] == parent:
            return str(place[-1])
    return None


def _elsewhere(context: Context, key: str) -> KeyPath | None:
    return next(context.reading.schema.owners(key), None)


def _example(context: Context, path: KeyPath) -> str:
    examples = (context.reading.schema.at(path) or {}).get("examples", ())
    return f", such as `{path[-1]}: {examples[0]}`" if examples and isinstance(examples[0], str) else ""
