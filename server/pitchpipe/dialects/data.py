"""Where foreign files have their data, as far as it is known."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pitchpipe.dialects.foreign import Foreign
from pitchpipe.facts import TableFact
from pitchpipe.keypath import KeyPath, value_at
from pitchpipe.not_yet import NotYet
from pitchpipe.paths import is_path, resolve

_ENDINGS = (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".arrow", ".txt")
_ADDRESS = re.compile(r"[a-z][a-z0-9+]*://")


@dataclass(frozen=True, slots=True)
class Place:
    """A source's `path` or `dataset_name`, and where it is written."""

    key: str
    value: str
    at: KeyPath


def placed(foreign: Foreign, written: str, at: KeyPath) -> Place | None:
    """What a name stands for that may be a file, a folder or a data set of the hub.

    Folders and addresses, of which the runner can do nothing, are noted.
    """
    if _ADDRESS.match(written):
        foreign.note("stops", at, f"`{written}`: data from the net is not read here; download it")
        return None
    if written.lower().endswith(_ENDINGS) or is_path(written):
        return _of_disk(foreign, written, at)
    if _lies_here(foreign, written):
        return _of_disk(foreign, written, at)
    return Place("dataset_name", written, at)


def _of_disk(foreign: Foreign, written: str, at: KeyPath) -> Place | None:
    around = foreign.around
    found = resolve(written, around.root, around.facts)
    if not around.blind and not found.unset and around.facts.file(found.absolute).is_dir:
        foreign.note("stops", at, f"`{written}`: folders of data are not read here; name its files")
        return None
    return Place("path", written, at)


def _lies_here(foreign: Foreign, written: str) -> bool:
    around = foreign.around
    if around.blind:
        return False
    found = resolve(written, around.root, around.facts)
    return not found.unset and around.facts.file(found.absolute).exists


def is_missed(foreign: Foreign, place: Place) -> bool:
    """Whether it is a file that isn't there, which is told whatever its rows would be."""
    return place.key == "path" and not foreign.around.blind and not _lies_here(foreign, place.value)


def columns_of(foreign: Foreign, source: KeyPath) -> frozenset[str] | None:
    """The columns of a source that was laid; None where its rows are not known."""
    path = value_at(foreign.result.data, source).get("path")
    around = foreign.around
    if not isinstance(path, str) or around.blind:
        return None
    try:
        table = around.facts.table(resolve(path, around.root, around.facts).absolute)
    except NotYet:
        return None
    if not isinstance(table, TableFact) or not table.rows:
        return None
    return frozenset(column.name for column in table.columns)
