"""Plays a scene on a small disk, in a mount namespace of its own, and prints what happened.

    unshare --mount [--map-root-user] python small_disk.py FOLDER ROOM COMMAND…

Mounts a small file system on FOLDER/runs and runs COMMAND in FOLDER. As soon as the run that it
begins has a whole checkpoint, the disk is filled but for ROOM bytes (0: also with what is freed
again). When COMMAND has ended, the folder's content is copied beside it, room is made, and the run
resumed.

The namespace ends with this process, and the mount with it, whatever happens.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SMALL, LARGE = "24m", "200m"


def scene(folder: Path, room: int, command: Sequence[str]) -> dict[str, Any]:
    disk = folder / "runs"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        return {"mounted": False}
    process = started(folder, command)
    while not any(disk.glob("*/03-train.partial/checkpoints/*/complete.json")):
        if process.poll() is not None:
            return {"mounted": True, "full": said(process)}
        time.sleep(0.001)
    filler = disk / "filler"
    fill(filler, room)
    while room == 0 and process.poll() is None:
        fill(filler, room)
        time.sleep(0.001)
    full = said(process)
    shutil.copytree(disk, folder / "then", ignore=shutil.ignore_patterns("filler"))
    filler.unlink()
    subprocess.run(["mount", "-o", f"remount,size={LARGE}", str(disk)], check=True)
    (run,) = disk.iterdir()
    resumed = said(started(folder, [*command[: command.index("run") + 1], "--resume", str(run)]))
    shutil.copytree(disk, folder / "afterwards")
    return {"mounted": True, "full": full, "resumed": resumed}


def started(folder: Path, command: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def said(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate()
    return {"returncode": process.returncode, "stdout": out, "stderr": err}


def fill(filler: Path, room: int) -> None:
    assert sys.platform == "linux", "mounts are Linux's"
    with filler.open("ab") as stream, contextlib.suppress(OSError):
        free = shutil.disk_usage(filler.parent).free
        if free > room:
            os.posix_fallocate(stream.fileno(), stream.tell(), free - room)


if __name__ == "__main__":
    print(json.dumps(scene(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])))
