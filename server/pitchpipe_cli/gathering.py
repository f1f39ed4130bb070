"""Which files the paths on a command line mean."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pitchpipe.dialects.recognise import is_workflow
from pitchpipe_cli.errors import reason
from pitchpipe_cli.workflow_file import STDIN

_ENDINGS = (".yaml", ".yml")
_HEAD = 2**20  # bytes of a file that are looked at to tell whether it is a workflow
_PASSED_OVER = {"__pycache__", "node_modules"}
_ENVIRONMENT = "pyvenv.cfg"  # in a virtual environment
_RUN = {"plan.json", "events.jsonl"}  # in a run's folder, next to a copy of its workflow


@dataclass(frozen=True, slots=True)
class Gathered:
    """`files` are in order, each once; `missing` says of the other paths what is wrong."""

    files: tuple[str, ...]
    missing: dict[str, str]


def gather(paths: Iterable[str]) -> Gathered:
    """The files that `paths` mean.

    A file is taken as it is, `-` is standard input. Of a folder, all workflows below it are taken;
    hidden folders, environments and runs are passed over. What is neither and has `*`, `?` or `[…]`
    is a pattern, which not every shell expands.
    """
    found: dict[str, str] = {}
    missing: dict[str, str] = {}
    for path in paths:
        if path == STDIN:
            found[STDIN] = STDIN
            continue
        names, why = _of(path)
        if why:
            missing[path] = why
        for name in names:
            found.setdefault(os.path.normcase(os.path.abspath(name)), name)  # noqa: PTH100
    return Gathered(tuple(sorted(found.values())), missing)


def _of(path: str) -> tuple[list[str], str]:
    """The files that a path means, and why there is none."""
    if os.path.isdir(path):  # noqa: PTH112  # Path's raises for a null character on Python 3.10
        try:
            names = list(_below(Path(path)))
        except OSError as error:
            return [], f"cannot read {path}: {reason(error)}"
        return names, "" if names else f"no workflow is in {path}"
    if not os.path.lexists(path) and glob.has_magic(path):
        found = sorted(glob.glob(path, recursive=True))  # noqa: PTH207  # names as they were given
        files = [name for name in found if not Path(name).is_dir()]
        folders = [name for name in found if name not in set(files)]
        below = [name for folder in folders for name in _of(folder)[0]]
        return files + below, "" if found else f"no file matches {path}"
    return [path], ""


def _below(folder: Path) -> Iterator[str]:
    """The workflows in a folder and in those below it.

    Raises:
        OSError: the folder can't be read; those below it that can't are passed over.
    """
    with os.scandir(folder) as listed:
        entries = sorted(listed, key=lambda entry: entry.name)
    names = {entry.name for entry in entries}
    if names >= _RUN or _ENVIRONMENT in names:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if not entry.name.startswith(".") and entry.name not in _PASSED_OVER:
                yield from _if_readable(Path(entry.path))
        elif entry.name.lower().endswith(_ENDINGS) and _is_workflow(Path(entry.path)):
            yield os.path.normpath(entry.path)


def _if_readable(folder: Path) -> Iterator[str]:
    try:
        yield from list(_below(folder))
    except OSError:
        return


def _is_workflow(file: Path) -> bool:
    """Also of a file that can't be read, if its name says so: that is worth knowing."""
    if not file.is_file():  # but a pipe, which would never end
        return False
    try:
        with file.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError:
        head = b""
    return is_workflow(str(file), head.decode("utf-8", "replace"))
