"""Workflows and runs that lie in folders, found without knowing of them."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from pitchpipe.dialects.recognise import is_workflow
from pitchpipe_facts import nearby, runs

MOST_FOLDERS = 2000
_MOST_ENTRIES = 20_000  # of a folder
_NEVER = {"node_modules", "site-packages", "__pycache__", "venv"}


@dataclass(frozen=True, slots=True)
class Found:
    """Workflow files by their name, and run folders; each in the order of the way there."""

    workflows: tuple[Path, ...]
    runs: tuple[Path, ...]


def search(roots: Iterable[Path], most: int = MOST_FOLDERS) -> Found:
    """Looks through `most` folders at most, those near the roots first.

    Hidden folders, those of packages and what links point to are left out, and so is what lies in
    run folders. Runs are also found where a workflow that was found says that they lie.
    """
    workflows: list[Path] = []
    found: dict[Path, None] = {}
    waiting = deque(roots)
    looked = 0
    while waiting and looked < most:
        folder = waiting.popleft()
        looked += 1
        for entry in _entries(folder):
            if entry.name.startswith("."):
                continue
            path = Path(entry.path)
            if _is_folder(entry):
                if runs.is_run_folder(path):
                    found[path] = None
                elif entry.name not in _NEVER:
                    waiting.append(path)
            elif is_workflow(entry.path, ""):
                workflows.append(path)
    elsewhere = (nearby.output_dir(file) for file in workflows)
    for output_dir in dict.fromkeys(path for path in elsewhere if path is not None):
        folders = (plan.parent for plan in output_dir.glob(f"*/{runs.PLAN}"))
        found.update((path, None) for path in sorted(folders) if runs.is_run_folder(path))
    return Found(tuple(workflows), tuple(found))


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from sorted(islice(entries, _MOST_ENTRIES), key=lambda entry: entry.name)
    except OSError:
        return


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
