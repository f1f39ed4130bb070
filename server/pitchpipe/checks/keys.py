"""Rules about keys: those that nobody knows and those that nobody wrote."""

from __future__ import annotations

from collections.abc import Iterator

from pitchpipe import entries
from pitchpipe.checks.report import Report
from pitchpipe.checks.wording import example
from pitchpipe.context import Context
from pitchpipe.facts import json_type
from pitchpipe.findings import Edit, Fix, Severity
from pitchpipe.keypath import KeyPath, dotted
from pitchpipe.schema import Violation
from pitchpipe.suggest import all_of, nearest
from pitchpipe.syntax.nodes import Data

_FEW = 8


def unknown_key(context: Context) -> Iterator[Report]:
    """A key that the schema doesn't know."""
    return _unknown_keys(context, ignored=False)


def ignored_key(context: Context) -> Iterator[Report]:
    """The same in a file of a tool that passes over what it doesn't know."""
    return _unknown_keys(context, ignored=True)


def _unknown_keys(context: Context, *, ignored: bool) -> Iterator[Report]:
    broken = {p.span for p in context.document.problems if p.severity is Severity.ERROR}
    for violation in context.written.violations:
        owner = context.written.schema.at(violation.path[:-1]) or {}
        here = owner.get("x-ignores-unknown", False) is ignored
        whole = context.written.key_span(violation.path) not in broken
        if _is_unknown(violation) and here and whole:
            yield _unknown(context, violation)


def missing_required(context: Context) -> Iterator[Report]:
    """A key without which there is no workflow. A half-typed file is not told what it lacks."""
    if context.half_typed or context.reading.is_fragment:
        return
    for violation in context.written.violations:
        if violation.keyword == "required":
            parent, key = violation.path[:-1], violation.path[-1]
            written = example(context.written.schema, violation.path)
            such = f", such as `{key}: {written}`" if written else ""
            span = context.written.key_span(parent)
            needs = f"{_owner(context, parent)} needs the key `{key}`{such}"
            yield Report(needs, span, violation.path)
    if context.reading is not context.written and not any(_lacks(context)):
        yield from _lacking(context)


def _lacking(context: Context) -> Iterator[Report]:
    """What a workflow needs, of a foreign file whose own tool could do without.

    Where something else keeps the file from being run here, that is enough.
    """
    if any(note.kind in {"stops", "refused"} for note in context.reading.notes):
        return
    for violation in context.reading.violations:
        if violation.keyword == "required":
            own = context.reading.own(violation.path)
            name = dotted(violation.path if own is None else own)
            message = f"nothing here says what `{name}` is, and nothing can run without"
            yield Report(message, context.written.key_span(()), own or violation.path)


def _unknown(context: Context, violation: Violation) -> Report:
    parent, key = violation.path[:-1], str(violation.path[-1])
    span = context.written.key_span(violation.path)
    message = f"{_owner(context, parent)} has no key `{key}`"
    near = meant(context, parent, key)
    if near is None:
        fix = _move(context, violation)
        return Report(message + _advice(context, parent, key), span, violation.path, fix)
    if context.document.entry_at((*parent, near)):
        return Report(f"{message}; `{near}` is there already", span, violation.path)
    fix = Fix(f"Rename to `{near}`", (Edit(span, near),))
    fits = _fits(context, (*parent, near), violation.found)
    message += f"; did you mean `{near}`?"
    return Report(message, span, violation.path, fix if fits else None)


def meant(context: Context, parent: KeyPath, key: str) -> str | None:
    """The key of the same section that `key` is another name of, or nearly the name."""
    schema = context.written.schema
    known = schema.keys(parent)
    for name in known:
        if key in (schema.at((*parent, name)) or {}).get("x-aliases", ()):
            return name
    return None if schema.owners(key) else nearest(key, known)


def _move(context: Context, violation: Violation) -> Fix | None:
    """Into the one section that has the key, where nothing keeps it from there."""
    path, home = violation.path, _home(context, violation.path)
    if home is None or context.half_typed or context.written.overridden(path):
        return None
    if context.document.entry_at(home) or not _fits(context, home, violation.found):
        return None
    edits = entries.moved(context.document, path, home, _first_of_home(context, home[:-1]))
    renamed = home[-1] != path[-1]
    title = f"Move to `{dotted(home if renamed else home[:-1])}`"
    return Fix(title, edits) if edits else None


def _first_of_home(context: Context, section: KeyPath) -> int | None:
    """Where the first key of the root begins that belongs in `section`.

    Where that is missing, it is made there, whichever of its keys is moved first: two would be
    made by two fixes that don't get in each other's way.
    """
    if context.document.entry_at(section) is not None:
        return None
    unknown = (v.path for v in context.written.violations if _is_unknown(v) and len(v.path) == 1)
    homeless = [path for path in unknown if (_home(context, path) or ())[:-1] == section]
    found = [context.document.entry_at(path) for path in homeless]
    starts = [entries.begin(context.document, entry) for entry in found if entry]
    return min(starts, default=None)


def _home(context: Context, path: KeyPath) -> KeyPath | None:
    """The one other place where the last key of `path` belongs, if no list is on the way."""
    places = context.written.schema.owners(str(path[-1]))
    sure = len(places) == 1 and not any(isinstance(step, int) for step in places[0])
    return places[0] if sure and len(places[0]) > 1 else None


def _is_unknown(violation: Violation) -> bool:
    return violation.keyword == "additionalProperties"


def _advice(context: Context, parent: KeyPath, key: str) -> str:
    """Where else the key could go, or which ones there are."""
    schema = context.written.schema
    known = schema.keys(parent)
    places = schema.owners(key) or schema.owners(nearest(key, schema.names()) or "")
    deeper = [place for place in places if len(place) > 1]
    if deeper and deeper[0][-1] == key:
        return f"; it is a key of `{dotted(deeper[0][:-1])}`"
    if deeper:
        return f"; did you mean `{dotted(deeper[0])}`?"
    return f"; it has {all_of(known)}" if 0 < len(known) <= _FEW else ""


def _fits(context: Context, path: KeyPath, value: Data) -> bool:
    """Whether `value` is of a type that the key at `path` takes."""
    types: str | list[str] = (context.written.schema.at(path) or {}).get("type", ())
    kind = json_type(value)
    return kind in types or (kind == "integer" and "number" in types)


def _lacks(context: Context) -> Iterator[bool]:
    return (violation.keyword == "required" for violation in context.written.violations)


def _owner(context: Context, path: KeyPath) -> str:
    tool = context.reading.tool
    whole = f"a file of {tool}" if tool else "a workflow"
    return f"`{dotted(path)}`" if path else whole
