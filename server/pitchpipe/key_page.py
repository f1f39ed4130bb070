"""What the schema says about a key, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

from pitchpipe.checks.wording import TYPES, flow
from pitchpipe.keypath import KeyPath, dotted
from pitchpipe.schema import Rule, Schema
from pitchpipe.suggest import nearest

_BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "greater than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
}


def find(schema: Schema, written: KeyPath) -> list[KeyPath]:
    """The places that `written` may mean; several where a lone key is in several sections.

    An item's number may be left out (`data.train.path`), and of a lone key also its section. A name
    of another tool (`lr`) stands for the key that it has here.
    """
    if path := _whole(schema, written):
        return [path]
    if len(written) != 1:
        return []
    found = schema.owners(str(written[0]))
    named = [path for path in found if path[-1] == written[0]]
    return named or found


def near(schema: Schema, written: KeyPath) -> str | None:
    """The key path nearest to one that is not there, as people write it."""
    places = {dotted(path).replace("[0]", ""): path for path in schema.places()}
    text = dotted(written).replace("[0]", "")
    if whole := nearest(text, places):
        return dotted(places[whole])
    last = {str(path[-1]): path for path in reversed(list(places.values()))}
    name = nearest(text.rpartition(".")[2], last)
    return dotted(last[name]) if name else None


def page(schema: Schema, path: KeyPath) -> str:
    """All that is known about the key at `path`, which the schema must have."""
    rule = schema.at(path)
    assert rule is not None
    inner = schema.keys(path) or schema.keys((*path, 0))
    parts = [f"# `{dotted(path)}`", facts(rule), str(rule.get("description", ""))]
    if inner:
        parts.append("\n".join(_listed(schema, path if schema.keys(path) else (*path, 0))))
    else:
        parts += list(_more(path, rule))
    return "\n\n".join(part for part in parts if part) + "\n"


def facts(rule: Rule) -> str:
    """Type, range, unit and default on one line."""
    return " · ".join(_facts(rule))


def _whole(schema: Schema, written: KeyPath) -> KeyPath | None:
    path: KeyPath = ()
    for step in written:
        if isinstance(step, str) and schema.at((*path, step)) is None and schema.keys((*path, 0)):
            path = (*path, 0)
        path = (*path, step)
    return path if written and schema.at(path) is not None else None


def _facts(rule: Rule) -> Iterator[str]:
    named: str | list[str] = rule.get("type", [])
    types = [named] if isinstance(named, str) else named
    if choices := rule.get("enum"):
        yield "one of " + ", ".join(f"`{flow(choice)}`" for choice in choices)
    else:
        yield " or ".join(TYPES[t] for t in types)
    yield from (f"{word} {rule[bound]:g}" for bound, word in _BOUNDS.items() if bound in rule)
    if "const" in rule.get("not", {}):
        yield f"not {flow(rule['not']['const'])}"
    if unit := rule.get("x-unit"):
        yield f"in {unit}"
    if "default" in rule:
        yield f"default `{flow(rule['default'])}`"


def _listed(schema: Schema, path: KeyPath) -> Iterator[str]:
    """A table of the keys under `path`."""
    yield "| key | default | |"
    yield "|---|---|---|"
    for key in schema.keys(path):
        rule = schema.at((*path, key)) or {}
        default = f"`{flow(rule['default'])}`" if "default" in rule else "needed"
        if "default" not in rule and key not in schema.required(path):
            default = ""
        said = first_sentence(str(rule.get("description", ""))).replace("|", "\\|")
        yield f"| `{key}` | {default} | {said} |"


def first_sentence(description: str) -> str:
    """The first sentence of a schema's Markdown; of a list its first item's."""
    paragraph = description.split("\n\n")[0].split("\n- ")[0].removeprefix("- ")
    ends = (m.start() + 1 for m in re.finditer(r"\. ", paragraph))
    return next((s for e in ends if (s := paragraph[:e]).count("(") == s.count(")")), paragraph)


def _more(path: KeyPath, rule: Rule) -> Iterator[str]:
    for value in cast("list[Any]", rule.get("examples", [])):
        yield f"```yaml\n{_in_place(path, flow(value))}\n```"
    if aliases := rule.get("x-aliases"):
        names = ", ".join(f"`{alias}`" for alias in aliases)
        yield f"Elsewhere called {names}; a finding names the key that it has here."
    if words := rule.get("x-value-aliases"):
        said = ", ".join(f"`{k}` for `{v}`" for k, v in cast("dict[str, str]", words).items())
        yield f"Understood too, with a finding: {said}."
    if source := rule.get("x-source"):
        yield f"Taken from `{source}`."


def _in_place(path: KeyPath, value: str) -> str:
    """The key with its sections above it, as it stands in a file."""
    lines: list[str] = []
    indent, item = 0, ""
    for number, step in enumerate(path):
        if isinstance(step, int):
            indent, item = indent + 2, "- "
            continue
        end = f" {value}" if number == len(path) - 1 else ""
        lines.append(f"{' ' * (indent - len(item))}{item}{step}:{end}")
        indent, item = indent + 2, ""
    return "\n".join(lines)
