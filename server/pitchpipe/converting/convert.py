"""From one tool's file to another's, by way of the workflow that both mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pitchpipe.analyse import Analysis
from pitchpipe.converting.comments import Comment, comments
from pitchpipe.converting.outgoing import Loss, Outgoing
from pitchpipe.converting.writing import written
from pitchpipe.dialects import dialect as dialects
from pitchpipe.dialects.foreign import defaults_of, lay
from pitchpipe.dialects.recognise import NATIVE
from pitchpipe.draft.paths import spelt
from pitchpipe.keypath import KeyPath, dotted, found_at
from pitchpipe.paths import flavour_of, is_path
from pitchpipe.schema import Schema
from pitchpipe.syntax.nodes import Data

_SOURCES = ("train", "eval", "test")


@dataclass(frozen=True, slots=True)
class Conversion:
    """The text, and what of the file is not in it."""

    text: str
    losses: tuple[Loss, ...]


def convert(analysis: Analysis, to: str, folder: str | None = None) -> Conversion:
    """The file of `analysis` as one of the format `to`, a dialect's name or `NATIVE`.

    `folder` is the absolute folder that the new file is for, from which a native one spells its
    paths; None is the old one's.

    Raises:
        ValueError: the file has errors, so that nobody knows what it means.
    """
    if analysis.has_errors:
        raise ValueError("a file with errors can't be converted")
    schema = analysis.context.reading.schema
    here: str = folder or flavour_of(analysis.path).dirname(analysis.path)
    values = _settings(analysis, here if to == NATIVE else None)
    losses = list(_left_out(analysis))
    head, said = _comments(analysis)
    there = _written(analysis)
    if to == NATIVE:
        kept = {p: v for p, v in values.items() if p in there or v != schema.default(p)}
        text = written(_nested(kept), said, schema.keys)
        return Conversion(_whole(head, NATIVE, text), tuple(losses))
    own = schema.other(to)
    assert own is not None, f"no schema of {to}"
    out = Outgoing(_differing(values, there, own), schema, own)
    out.by_table()
    dialects.named(to).write(out)
    losses += out.losses
    for path in out.leftovers():
        if path in there:
            losses.append(Loss(_name(analysis, path), "there is no such key"))
    moved = {out.places[path]: comment for path, comment in said.items() if path in out.places}
    return Conversion(_whole(head, to, written(out.data, moved, own.keys)), tuple(losses))


def _whole(head: tuple[str, ...], to: str, text: str) -> str:
    modeline = "# pitchpipe: workflow" if to == NATIVE else ""
    lines = [line for line in (modeline, *head) if line]
    return "".join(f"{line}\n" for line in lines) + ("\n" if lines else "") + text


def _settings(analysis: Analysis, folder: str | None) -> dict[KeyPath, Data]:
    """All that the file says as a workflow's settings, its tool's defaults included."""
    reading = analysis.context.reading
    found: dict[KeyPath, Data] = {}
    for path in reading.schema.leaves():
        if not any(isinstance(step, int) for step in path):
            value = found_at(reading.data, path)
            value = reading.default(path) if value is None else value
            if value is not None and not (path[-1] in _SOURCES and not value):
                found[path] = value
    if folder is not None and analysis.context.root != folder:
        found = {path: _from_there(analysis, path, v, folder) for path, v in found.items()}
    return found


def _from_there(analysis: Analysis, path: KeyPath, value: Data, folder: str) -> Data:
    """A path as the new folder spells it; everything else as it is."""
    if path == ("model", "name_or_path") and isinstance(value, str):
        there = analysis.context.file(value)
        local = is_path(value) or (there is not None and there.is_dir)
        return _spelt(analysis, value, folder) if local else value
    if path == ("output_dir",) and isinstance(value, str):
        return _spelt(analysis, value, folder)
    if path[0] == "data" and path[-1] in _SOURCES and isinstance(value, list):
        return [
            {**s, "path": _spelt(analysis, s["path"], folder)}
            if isinstance(s, dict) and isinstance(s.get("path"), str)
            else s
            for s in value
        ]
    return value


def _spelt(analysis: Analysis, value: Data, folder: str) -> Data:
    resolved = analysis.context.resolve(str(value))
    return value if resolved.unset or "$" in str(value) else spelt(resolved.absolute, folder)


def _differing(
    values: Mapping[KeyPath, Data], there: set[KeyPath], own: Schema
) -> dict[KeyPath, Data]:
    """What was written, and what would count otherwise in the tool that the file is for."""
    theirs = dict(defaults_of(own))
    return {
        path: value
        for path, value in values.items()
        if path in there or (path in theirs and theirs[path] != value)
    }


def _written(analysis: Analysis) -> set[KeyPath]:
    reading = analysis.context.reading
    return {p for p in reading.schema.leaves() if found_at(reading.data, p) is not None}


def _left_out(analysis: Analysis) -> Iterator[Loss]:
    """What the file says that is no part of the workflow."""
    for note in analysis.context.reading.notes:
        if note.kind in {"lost", "stops"}:
            message = note.message.removeprefix(f"`{note.path[-1]}`: ")
            yield Loss(dotted(note.path), message)


def _name(analysis: Analysis, path: KeyPath) -> str:
    place = analysis.context.reading.place(path)
    return dotted(path if place is None else place)


def _comments(analysis: Analysis) -> tuple[tuple[str, ...], dict[KeyPath, Comment]]:
    """The file's head, and its comments by the workflow's keys."""
    head, found = comments(analysis.document)
    said: dict[KeyPath, Comment] = {}
    for path, comment in found.items():
        native = analysis.context.reading.native(path)
        if native is not None:
            said.setdefault(native, comment)
    return head, said


def _nested(values: Mapping[KeyPath, Data]) -> dict[str, Data]:
    data: dict[str, Data] = {}
    for path, value in values.items():
        lay(data, path, value)
    return data
