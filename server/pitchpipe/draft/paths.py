"""How a new workflow spells paths, and what it is called itself."""

from __future__ import annotations

import re
from collections.abc import Container
from pathlib import PurePosixPath

from pitchpipe.checks.sources import ENDINGS
from pitchpipe.paths import flavour_of, is_path

ENDING = ".tune.yaml"

_NOT_IN_NAMES = re.compile(r"[^\w.-]+")
_DATASET = re.compile(r"[\w-]+|[\w-][\w.-]*/[\w-][\w.-]*", re.ASCII)
_LONGEST = 60  # characters; the schema allows a few more


def spelt(path: str, folder: str) -> str:
    """How a file in the absolute `folder` has to spell `path`, with slashes on any system.

    An absolute path stays absolute where it has nothing in common with the folder.
    """
    flavour = flavour_of(folder)
    absolute: str = flavour.normpath(flavour.join(folder, path))
    try:
        above: str = flavour.commonpath([absolute, folder])
    except ValueError:  # on Windows there is no way from one drive to another
        above = ""
    near = above and flavour.dirname(above) != above
    found: str = flavour.relpath(absolute, folder) if near else absolute
    return found.replace("\\", "/") if flavour.sep == "\\" else found


def is_dataset(name: str, *, is_there: bool) -> bool:
    """Whether `name` is to be taken for a data set of the hub rather than for a file.

    `is_there`: there is something of that name on this machine.
    """
    ending = name.rpartition(".")[2].lower()
    named = _DATASET.fullmatch(name) is not None and not is_path(name)
    return named and not is_there and ending not in ENDINGS


def file_name(data: str | None, task: str, taken: Container[str] = ()) -> str:
    """What to call a workflow, by its data or its task, unlike the names in `taken`."""
    stem = PurePosixPath((data or "").replace("\\", "/")).name.partition(".")[0]
    stem = _NOT_IN_NAMES.sub("-", stem).strip("-.")[:_LONGEST] or task
    name, number = f"{stem}{ENDING}", 2
    while name in taken:
        name, number = f"{stem}-{number}{ENDING}", number + 1
    return name
