"""`--output_path`: the adapter and the base model of a run, where the next command looks for them.

`P/adapter` is the adapter, `P/model` the model that it goes with; after a full fine-tuning, the
latter alone, trained. Files are linked where the file system can, and copied elsewhere.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from pitchpipe_cli.errors import CommandError, reason

_MARK = "pitchpipe.json"
_NAMES = ("adapter", "model")


def demand_free(target: Path) -> None:
    """Looks whether `target` can be published to, before anything is trained.

    Raises:
        CommandError: something lies there that no run has published.
    """
    taken = [target / name for name in _NAMES if (target / name).exists()]
    if taken and not (target / _MARK).is_file():
        raise CommandError(f"{taken[0]} exists already; choose another --output_path")


def publish(run: Path, target: Path) -> list[Path]:
    """Puts what came out of the run folder `run` into `target`; gives the folders.

    Raises:
        CommandError: they can't be written.
    """
    trained = run / "03-train"
    sources = {"model": trained / "model"}
    if (trained / "adapter").is_dir():
        sources = {"adapter": trained / "adapter", "model": _base(run)}
    try:
        target.mkdir(parents=True, exist_ok=True)
        (target / _MARK).write_text(json.dumps({"run": run.name}) + "\n", encoding="utf-8")
        return [_put(source, target / name) for name, source in sources.items()]
    except OSError as error:
        raise CommandError(f"nothing is published to {target}: {reason(error)}") from error


def _base(run: Path) -> Path:
    fetched = run / "01-fetch"
    said = json.loads((fetched / "model.json").read_text(encoding="utf-8"))
    return fetched / said["folder"]  # an absolute path stays what it is


def _put(source: Path, target: Path) -> Path:
    """The files of `source` under `target`, in the place of what was published there before."""
    fresh = target.with_name(f"{target.name}.partial")
    shutil.rmtree(fresh, ignore_errors=True)
    for folder, _, files in os.walk(source):
        here = fresh / Path(folder).relative_to(source)
        here.mkdir(parents=True, exist_ok=True)
        for name in files:
            _link(Path(folder, name).resolve(), here / name)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    return target


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)
