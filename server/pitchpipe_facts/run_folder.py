"""Makes a run folder: everything that the runner reads, written before it starts."""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
from datetime import datetime
from pathlib import Path

from pitchpipe.plan import Plan, to_json
from pitchpipe_facts import run_index, runs

_MAX_SLUG = 40  # characters; leaves room for the stages' folders within Windows' 260


def run_id(name: str, smoke: bool, now: datetime) -> str:
    """The name of a run's folder: when it began (UTC), and what it is called."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[:_MAX_SLUG].strip("-") or "run"
    return f"{now:%Y%m%dT%H%M%SZ}-{slug}{'-smoke' if smoke else ''}"


def create(plan: Plan, workflow_text: str | None, now: datetime) -> Path:
    """Makes the folder with the plan and a copy of the workflow in it, and puts it into the index.

    `now` is in UTC. `workflow_text` None: the file is not there any more.

    Raises:
        OSError: the folder can't be made or written.
    """
    output_dir = Path(plan.root, plan.output_dir)
    output_dir.mkdir(parents=True, exist_ok=True)
    folder = _new_folder(output_dir, run_id(plan.name, plan.smoke, now))
    if workflow_text is not None:
        run_index.write_atomically(folder / runs.WORKFLOW, workflow_text)
    # Without events a folder is no run, and `runs rm` would not dare to remove it.
    (folder / runs.EVENTS).touch()
    text = json.dumps(to_json(plan), indent=2, ensure_ascii=False)
    run_index.write_atomically(folder / runs.PLAN, f"{text}\n")
    run_index.register(folder)
    return folder


def _new_folder(parent: Path, name: str) -> Path:
    """Two runs that begin within one second get two folders."""
    number = 1
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def leave_nothing(folder: Path) -> None:
    """Removes the folder of a run that never began."""
    run_index.forget(folder)
    shutil.rmtree(folder, ignore_errors=True)
