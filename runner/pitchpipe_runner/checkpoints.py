"""Checkpoints that are whole or absent: a manifest, written last, names the files of each."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from pitchpipe_runner.stages import write_json

_MANIFEST = "complete.json"


def seal(checkpoint: Path) -> None:
    """Declares `checkpoint` whole."""
    files = {p.name: p.stat().st_size for p in sorted(checkpoint.iterdir()) if p.is_file()}
    write_json(checkpoint / _MANIFEST, files)


def last_whole(folder: Path) -> Path | None:
    """The newest whole checkpoint in `folder`; unfinished newer ones are removed."""
    numbered = {int(p.name.rpartition("-")[2]): p for p in folder.glob("checkpoint-*[0-9]")}
    for _, checkpoint in sorted(numbered.items(), reverse=True):
        if _is_whole(checkpoint):
            return checkpoint
        shutil.rmtree(checkpoint, ignore_errors=True)
    return None


def _is_whole(checkpoint: Path) -> bool:
    try:
        files = json.loads((checkpoint / _MANIFEST).read_text(encoding="utf-8"))
        return all((checkpoint / name).stat().st_size == size for name, size in files.items())
    except (OSError, ValueError):
        return False
