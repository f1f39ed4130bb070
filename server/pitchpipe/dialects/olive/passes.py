"""The passes of a file, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pitchpipe.dialects.foreign import Foreign
from pitchpipe.dialects.olive.words import BEYOND, PASSES
from pitchpipe.findings import Edit, Fix
from pitchpipe.keypath import KeyPath
from pitchpipe.suggest import nearest
from pitchpipe.syntax.nodes import Data

_KNOWN = {name.lower(): name for name in PASSES}


@dataclass(frozen=True, slots=True)
class Pass:
    """`path` is where it is written, `kind` its type in lower case, `name` that as Olive spells it.

    `name` is None where nobody knows the type.
    """

    path: KeyPath
    kind: str
    name: str | None


def of(foreign: Foreign) -> tuple[Pass, ...]:
    """All passes, having told which of them can't run here or exist nowhere."""
    found = tuple(_written(foreign))
    for item in found:
        _judge(foreign, item)
        _searching(foreign, item)
    return found


def place(foreign: Foreign, item: Pass, key: str) -> KeyPath | None:
    """Where a parameter is written. What stands under `config` counts more, as in Olive."""
    for path in ((*item.path, "config", key), (*item.path, key)):
        if foreign.says(path):
            return path
    return None


def _written(foreign: Foreign) -> Iterator[Pass]:
    passes = foreign.data.get("passes")
    for name, value in passes.items() if isinstance(passes, dict) else ():
        path: KeyPath = ("passes", name)
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from _one(item, (*path, index))
        else:
            yield from _one(value, path)


def _one(value: Data, path: KeyPath) -> Iterator[Pass]:
    kind = value.get("type") if isinstance(value, dict) else None
    if isinstance(kind, str):
        yield Pass(path, kind.lower(), _KNOWN.get(kind.lower()))


def _judge(foreign: Foreign, item: Pass) -> None:
    where = (*item.path, "type")
    if item.kind in BEYOND:
        foreign.note("stops", where, f"`{item.name}` {BEYOND[item.kind]}")
    elif item.name is None:
        _unknown(foreign, where)


def _unknown(foreign: Foreign, where: KeyPath) -> None:
    written = str(foreign.given(where))
    near = nearest(written, PASSES)
    if near is None:
        message = f"`{written}` is no pass of Olive that Pitchpipe knows, and can't be run here"
        foreign.note("stops", where, message)
        return
    scalar = foreign.reading.scalar(where)
    fix = Fix(f"Write `{near}`", (Edit(scalar.span, near),)) if scalar else None
    foreign.note("refused", where, f"Olive has no pass `{written}`; did you mean `{near}`?", fix)


def _searching(foreign: Foreign, item: Pass) -> None:
    """Parameters with several values, which Olive would try in turn."""
    written = foreign.given(item.path)
    for path in (item.path, (*item.path, "config")):
        section = written if path == item.path else foreign.given(path)
        for key in section if isinstance(section, dict) else ():
            rule = foreign.reading.schema.at((*path, key)) or {}
            if "x-searched" in rule and foreign.given((*path, key)) != "DEFAULT_VALUE":
                message = f"`{key}`: nothing is searched for; give it one value"
                foreign.note("stops", (*path, key), message)
