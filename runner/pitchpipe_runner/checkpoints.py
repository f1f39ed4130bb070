"""Checkpoints that are whole or absent: a manifest, written last, names the files of each."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from pitchpipe_runner.stages import write_json

_MANIFEST = "complete.json"
_STATES = (
    "optimizer.pt"  # without it, transformers would begin anew with the optimizer and say nothing
)


def seal(checkpoint: Path) -> None:
    """Declares `checkpoint` whole."""
    files = {p.name: p.stat().st_size for p in sorted(checkpoint.iterdir()) if p.is_file()}
    write_json(checkpoint / _MANIFEST, files)


def last_whole(folder: Path) -> Path | None:
    """The newest whole checkpoint in `folder` that one can go on from.

    Newer ones are removed: they are unfinished, or hold the model alone, and training comes by
    their step again.
    """
    numbered = {int(p.name.rpartition("-")[2]): p for p in folder.glob("checkpoint-*[0-9]")}
    for _, checkpoint in sorted(numbered.items(), reverse=True):
        if _is_whole(checkpoint):
            return checkpoint
        shutil.rmtree(checkpoint, ignore_errors=True)
    return None


def _is_whole(checkpoint: Path) -> bool:
    try:
        files = json.loads((checkpoint / _MANIFEST).read_text(encoding="utf-8"))
        return _STATES in files and all(
            (checkpoint / name).stat().st_size == size for name, size in files.items()
        )
    except (OSError, ValueError):
        return False
