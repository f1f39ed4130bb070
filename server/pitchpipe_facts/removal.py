"""Removes run folders, and nothing but run folders."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from pitchpipe_facts import run_index, runs

_OURS = re.compile(
    r"plan\.json|workflow\.yaml|\.(plan\.json|workflow\.yaml)\.[0-9a-f]{8}|events\.jsonl|run\.lock"
    r"|output\.log|calibration\.json|report\.html(\.tmp)?|\d\d-[a-z]+([.-].*)?",
    re.ASCII,
)
_LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}  # what file managers leave anywhere
_REMOVED = re.compile(r"\..+\.removed-[0-9a-f]{8}", re.ASCII)
_TRIES, _PAUSE = 5, 0.1  # seconds
_NAMED = 3  # strange files that a message names


class CannotRemove(Exception):
    """Why a folder stays, in a sentence for people without a full stop."""


def check(folder: Path) -> runs.RunInfo:
    """The run whose folder this is, if it may be removed.

    Raises:
        CannotRemove: it is no run folder, or a process works on the run.
    """
    run = runs.planned(folder)
    if run is None or not runs.is_run_folder(folder):
        files = f"{runs.PLAN} and {runs.EVENTS}"
        raise CannotRemove(f"{folder} is no run folder: it does not hold {files}")
    if run.workflow is not None and run.folder in run.workflow.resolve().parents:
        raise CannotRemove(f"{folder} holds the workflow file itself")
    if runs.is_locked(run.folder):
        raise CannotRemove(f"run {run.id} is in progress")
    return run


def strange(folder: Path) -> list[str]:
    """The names in a run folder that no run gives, sorted: somebody else put them there."""
    names = os.listdir(folder)  # noqa: PTH208  # names alone
    return sorted(name for name in names if not _OURS.fullmatch(name) and name not in _LITTER)


def remove(folder: Path, *, whatever: bool = False) -> None:
    """Removes a run folder and its entry in the index.

    It is gone at once, under another name, before its files are removed one by one; what was left
    of a removal that was cut off goes along with the next beside it. Files that another run shares
    by hard links stay there. `whatever`: strange files go, too.

    Raises:
        CannotRemove: nothing was removed, see `check`, or not all of it, as the message says.
    """
    run = check(folder)
    if not whatever and (names := strange(run.folder)):
        listed = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
        raise CannotRemove(f"{run.folder} also holds what no run writes: {listed}")
    trash = run.folder.with_name(f".{run.folder.name}.removed-{secrets.token_hex(4)}")
    try:
        with _nobody_works_on(run):
            _rename(run.folder, trash)
            run_index.forget(run.folder)
            _empty(trash)
        _sweep(trash.parent)
    except OSError as error:
        if trash.exists():
            raise CannotRemove(f"{trash} could not be removed whole: {_why(error)}") from error
        raise CannotRemove(f"{run.folder} could not be removed: {_why(error)}") from error


@contextmanager
def _nobody_works_on(run: runs.RunInfo) -> Generator[None, None, None]:
    """Holds the run's lock.

    Windows renames no folder in which a file is open, the lock among them. It is given back there,
    and a runner that begins in that moment keeps the folder from being renamed.
    """
    lock = FileLock(run.folder / runs.LOCK, timeout=0)
    try:
        with lock:
            if os.name != "nt":
                yield
                return
    except Timeout as error:
        raise CannotRemove(f"run {run.id} is in progress") from error
    yield


def _rename(folder: Path, trash: Path) -> None:
    """On Windows who only looks at a file keeps its folder, too, but not for long."""
    for _ in range(_TRIES if os.name == "nt" else 0):
        with suppress(PermissionError):
            folder.rename(trash)
            return
        time.sleep(_PAUSE)
    folder.rename(trash)


def _empty(trash: Path) -> None:
    """The plan goes first: without it a folder is no run."""
    (trash / runs.PLAN).unlink()
    shutil.rmtree(trash)


def _sweep(parent: Path) -> None:
    for path in parent.iterdir():
        if _REMOVED.fullmatch(path.name) and not (path / runs.PLAN).exists():
            shutil.rmtree(path, ignore_errors=True)


def _why(error: OSError) -> str:
    if isinstance(error, PermissionError) and os.name == "nt":
        return "a file in it is open in another program"
    return (error.strerror or str(error)).lower()
