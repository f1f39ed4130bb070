"""How a stage is kept: its folder, what it depended on, and when it can be used again."""

from __future__ import annotations

import contextlib
import errno
import gc
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pitchpipe_runner import interrupts
from pitchpipe_runner.events import Events
from pitchpipe_runner.failures import ENVIRONMENT_IS_WRONG, Interrupted, RunFailure

STAGES = ("fetch", "prepare", "train", "merge", "export", "evaluate", "report")
STAGE_FILE = "stage.json"

# Raised when a stage's result for the same settings would differ from an earlier version's.
_REVISION = 1
_PATIENCE = (0.01, 0.03, 0.1, 0.3, 1.0)  # seconds between tries


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a stage hands on.

    `key` identifies the result: equal keys mean equal settings and inputs.
    """

    folder: Path
    key: str
    facts: dict[str, Any]


Work = Callable[[Path], dict[str, Any]]


class Enough(Exception):
    """All stages that were asked for are there."""


class Stages:
    """Runs stages into numbered folders of one run, or takes results that are there already.

    A stage works in `NN-name.partial`, which becomes `NN-name` when the stage is done: a folder
    without the ending is complete. Results of other runs in the same output folder are taken over
    by hard links, if they were made with the same versions; a run's own results and checkpoints
    count whatever was updated since.
    """

    def __init__(
        self,
        run: Path,
        events: Events,
        versions: dict[str, str],
        *,
        only: Sequence[str] = (),
        fresh: bool = False,
    ) -> None:
        self.run = run
        self.events = events
        self._versions = versions
        self._only = only
        self._left = set(only)
        self._fresh = fresh

    def do(
        self,
        name: str,
        settings: object,
        inputs: Sequence[Artifact],
        work: Work,
        *,
        keep: bool = False,
        reuse: bool = True,
        usable: Callable[[Artifact], bool] = bool,
    ) -> Artifact:
        """The result of stage `name`: found, or made by `work`.

        `work` gets the folder to write into and gives the facts to remember.
        `keep`: what an earlier try left in that folder (checkpoints) is there for `work` to go on.
        `reuse`: False makes the result anew whatever lies there.
        `usable`: whether what a result points to outside its folder is still there.

        Raises:
            Enough: of the stages that were asked for this was the last.
            Interrupted: the user asked for a stop while the stage could not stop.
        """
        self.events.stage = name
        key = _key(name, settings, [i.key for i in inputs])
        artifact = self._found(name, key, usable) if reuse else None
        if artifact is None:
            artifact = self._make(name, key, work, keep)
        if interrupts.asked():
            raise Interrupted
        self._left.discard(name)
        if self._only and not self._left:
            raise Enough
        return artifact

    def _found(self, name: str, key: str, usable: Callable[[Artifact], bool]) -> Artifact | None:
        folder = self._folder(name)
        artifact = _load(folder, key)
        if artifact and usable(artifact):
            self.events.emit("stage-reused", stage=name, source=folder.name)
            return artifact
        if self._fresh and self._wanted(name):
            return None
        for other in _other_folders(self.run, folder.name):
            artifact = _load(other, key, self._versions)
            if artifact and usable(artifact) and _link_tree(other, folder):
                source = f"{other.parent.name}/{other.name}"
                self.events.emit("stage-reused", stage=name, source=source)
                return _load(folder, key)
        return None

    def _folder(self, name: str) -> Path:
        return self.run / f"{STAGES.index(name) + 1:02d}-{name}"

    def _wanted(self, name: str) -> bool:
        return not self._only or name in self._only

    def _make(self, name: str, key: str, work: Work, keep: bool) -> Artifact:
        if not self._wanted(name):
            raise RunFailure(
                "stage-missing",
                f"the stage `{name}` has no result yet for these settings, in this run or another",
                hint=f"run without `--only`, or with `--only {name}` first",
                exit_code=ENVIRONMENT_IS_WRONG,
            )
        folder = self._folder(name)
        partial = folder.with_name(folder.name + ".partial")
        for stale in [folder] if keep and _belongs(partial, key) else [folder, partial]:
            _remove(stale)
        partial.mkdir(exist_ok=True)
        write_json(partial / "key.json", {"key": key})
        self.events.emit("stage-started", stage=name)
        wall, cpu = time.perf_counter(), _cpu_seconds()
        facts = work(partial)
        gc.collect()  # a trainer and its model hold each other, and the next stage needs the memory
        seconds, cpu_seconds = time.perf_counter() - wall, _cpu_seconds() - cpu
        record = {
            "stage": name,
            "key": key,
            "seconds": round(seconds, 3),
            "cpu_seconds": round(cpu_seconds, 3),
            "finished": time.time(),
            "facts": facts,
            "versions": self._versions,
        }
        write_json(partial / STAGE_FILE, record)
        _open_weights(partial)
        move(partial, folder)
        self.events.emit(
            "stage-done",
            stage=name,
            seconds=record["seconds"],
            cpu_seconds=record["cpu_seconds"],
            facts=facts,
        )
        return Artifact(folder, key, facts)


def write_json(path: Path, value: object) -> None:
    """Writes atomically: a reader sees the old file or the whole new one."""
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", encoding="utf-8", newline="\n") as stream:
        json.dump(value, stream, ensure_ascii=False, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    move(temporary, path)


def _open_weights(folder: Path) -> None:
    """Gives weights the mode of other files: safetensors 0.8 makes them readable by one user."""
    mode = (folder / STAGE_FILE).stat().st_mode
    for file in folder.rglob("*.safetensors"):
        if not file.is_symlink():
            file.chmod(mode)


def size_of(folder: Path) -> int:
    """The bytes of all files below `folder`."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def _key(name: str, settings: object, inputs: list[str]) -> str:
    said = json.dumps([_REVISION, name, settings, inputs], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()


def _load(folder: Path, key: str, versions: dict[str, str] | None = None) -> Artifact | None:
    """The result in `folder`, if its key is `key` and, where given, its versions are `versions`."""
    try:
        record = json.loads((folder / STAGE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or record.get("key") != key:
        return None
    if versions is not None and record.get("versions") != versions:
        return None
    return Artifact(folder, key, record["facts"])


def _belongs(partial: Path, key: str) -> bool:
    try:
        return json.loads((partial / "key.json").read_text(encoding="utf-8"))["key"] == key
    except (OSError, ValueError, KeyError):
        return False


def _other_folders(run: Path, name: str) -> Iterator[Path]:
    """The same stage's folder in the other runs, newest first (run ids begin with their time)."""
    for other in sorted(run.parent.iterdir(), reverse=True):
        if other != run:
            yield other / name


def _link_tree(source: Path, target: Path) -> bool:
    """Copies, by hard links where there are such: either run can be removed without the other.

    False where somebody removes the source in the meantime.
    """
    partial = target.with_name(target.name + ".partial")
    for stale in (target, partial):
        _remove(stale)
    try:
        shutil.copytree(source, partial, copy_function=_link_or_copy)
    except OSError:  # shutil.Error is one
        if source.exists():
            raise
        return False
    move(partial, target)
    return True


def _remove(folder: Path) -> None:
    """Now, and not hours later, it is seen that somebody holds what a result is to replace.

    Raises:
        PermissionError: something in it can't be removed, as on Windows a file that is open.
    """
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        raise PermissionError(errno.EACCES, "it can't be removed", str(folder))


def move(source: Path, target: Path) -> None:
    """Renames; on Windows, where a file that somebody reads can't be, tries for a while."""
    for seconds in _PATIENCE if sys.platform == "win32" else ():
        with contextlib.suppress(PermissionError):
            source.replace(target)
            return
        time.sleep(seconds)
    source.replace(target)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _cpu_seconds() -> float:
    """Of this process and of the ended children it has waited for."""
    t = os.times()
    return t.user + t.system + t.children_user + t.children_system
