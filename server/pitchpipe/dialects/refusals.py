"""Rules of a tool about keys that don't go together, as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from pitchpipe import entries
from pitchpipe.dialects.foreign import Foreign
from pitchpipe.findings import Edit, Fix
from pitchpipe.keypath import parse_dotted
from pitchpipe.syntax.nodes import Mapping

Said: TypeAlias = Callable[[str], Any]
"""The value at a dotted key; None where it is unwritten or wrong."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """`message` is told of the key `at` where `when` holds and the key is written.

    `because` are the other keys that have a part in it. `put` is the value that mends the key `at`,
    and `drop` says that taking it away does.
    """

    at: str
    message: str
    when: Callable[[Said], Any]
    because: tuple[str, ...] = ()
    put: str | None = None
    drop: bool = False


def tell(foreign: Foreign, rules: Iterable[Refusal]) -> None:
    """Notes what the tool refuses."""
    for rule in rules:
        if foreign.says(rule.at) and rule.when(foreign.given):
            related = tuple(place for key in rule.because for place in foreign.set_here(key))
            foreign.note("refused", rule.at, rule.message, _fix(foreign, rule), related)


def _fix(foreign: Foreign, rule: Refusal) -> Fix | None:
    path = parse_dotted(rule.at)
    if rule.put is not None:
        scalar = foreign.reading.scalar(path)
        edit = Edit(scalar.span, rule.put) if scalar else None
        return Fix(f"Write `{rule.at}: {rule.put}`", (edit,)) if edit else None
    document = foreign.reading.document
    entry, owner = document.entry_at(path), document.node_at(path[:-1])
    if not rule.drop or entry is None or not isinstance(owner, Mapping):
        return None
    edits = entries.removed(document, owner, [entry])
    return Fix(f"Remove `{rule.at}`", edits) if edits else None
