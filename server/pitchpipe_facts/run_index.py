"""The list of this user's runs: where their folders lie.

The index holds one small file a run in the user's state folder. It can be thrown away: `register`
and `gather` write it anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from platformdirs import user_state_dir

from pitchpipe_facts.runs import PLAN, RunInfo, read

STATE_DIR_VARIABLE = "PITCHPIPE_STATE_DIR"


def index_folder() -> Path:
    """Where the index lies; `PITCHPIPE_STATE_DIR` overrides the user's state folder."""
    state = os.environ.get(STATE_DIR_VARIABLE) or user_state_dir("pitchpipe", appauthor=False)
    return Path(state, "runs")


def register(folder: Path) -> None:
    """Puts a run folder into the index.

    A state folder that can't be written is no reason not to run.
    """
    entry = _entry(folder)
    with contextlib.suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(entry, json.dumps({"version": 1, "folder": str(folder.resolve())}) + "\n")


def forget(folder: Path) -> None:
    """Takes a run folder out of the index."""
    with contextlib.suppress(OSError):
        _entry(folder).unlink(missing_ok=True)


def _entry(folder: Path) -> Path:
    digest = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogatepass")).hexdigest()
    return index_folder() / f"{digest[:24]}.json"


def indexed() -> list[Path]:
    """The run folders of the index. Entries whose folder is gone are dropped from it."""
    found: list[Path] = []
    for entry in sorted(index_folder().glob("*.json")):
        try:
            folder = Path(json.loads(entry.read_text(encoding="utf-8"))["folder"])
        except (OSError, ValueError, KeyError, TypeError):
            folder = None
        if folder is not None and (folder / PLAN).is_file():
            found.append(folder)
        else:
            with contextlib.suppress(OSError):
                entry.unlink(missing_ok=True)
    return found


def gather(output_dirs: Iterable[Path] = ()) -> list[RunInfo]:
    """Every run of the index and of the given output folders, newest first.

    The latter enter the index.
    """
    known = {folder.resolve() for folder in indexed()}
    nearby = {plan.parent.resolve() for folder in output_dirs for plan in folder.glob(f"*/{PLAN}")}
    for folder in sorted(nearby - known):
        register(folder)
    found = (read(folder) for folder in known | nearby)
    return sorted((run for run in found if run is not None), key=_newest_first)


def _newest_first(run: RunInfo) -> tuple[float, str]:
    return (-(run.started or _made(run.folder)), run.id)


def _made(folder: Path) -> float:
    try:
        return (folder / PLAN).stat().st_mtime
    except OSError:
        return 0.0


def find(name: str, output_dirs: Iterable[Path] = ()) -> RunInfo | None:
    """The run that `name` means: a run folder's path, or the id of one that `gather` finds.

    Of several with the same id it is the newest.
    """
    if (Path(name) / PLAN).is_file():
        return read(Path(name))
    return next((run for run in gather(output_dirs) if run.id == name), None)


def write_atomically(path: Path, text: str) -> None:
    """Writes a UTF-8 file so that a reader sees the old text or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with temporary.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
