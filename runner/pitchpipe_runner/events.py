"""The run's log: one JSON object a line in `events.jsonl`, appended and flushed at once."""

from __future__ import annotations

import json
import math
import os
import re
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pitchpipe.plan import Origin

_TOKEN = re.compile(r"\bhf_[A-Za-z0-9]{8,}")


class Events:
    """Appends events. Thread-safe.

    Numbering goes on where an earlier process of the same run stopped.
    """

    def __init__(self, file: Path, origins: Mapping[str, Origin]) -> None:
        self._lock = threading.Lock()
        self._origins = origins
        self._seq = _mend(file)
        self._stream = file.open("ab", buffering=0)
        self.stage: str | None = None

    def emit(self, kind: str, **fields: Any) -> None:
        """Appends an event.

        Raises:
            OSError: it can't be written, and nothing of it has been.
        """
        with self._lock:
            event = {"v": 1, "seq": self._seq, "t": round(time.time(), 3), "kind": kind, **fields}
            line = json.dumps(_finite(event), ensure_ascii=False, allow_nan=False)
            self._append((_TOKEN.sub("hf_…", line) + "\n").encode("utf-8", "replace"))
            self._seq += 1

    def log(self, message: str, level: str = "info") -> None:
        self.emit("log", level=level, message=message, stage=self.stage)

    def warn(self, code: str, message: str, path: str | None = None) -> None:
        self.emit("warning", code=code, message=message, path=path, place=self.place(path))

    def progress(self, done: float, total: float | None, unit: str) -> None:
        self.emit("progress", stage=self.stage, done=done, total=total, unit=unit)

    def resolved(self, path: str, value: object, reason: str) -> None:
        self.emit("resolved", path=path, value=value, reason=reason)

    def place(self, path: str | None) -> dict[str, int] | None:
        """Where the user wrote `path`, or the first thing in it, or the nearest thing above it.

        Of a source's key that is not written the nearest thing is the source.
        """
        written = {key: o for key, o in self._origins.items() if o.line is not None}
        at, origin = path, None
        while at and origin is None:
            origin = written.get(at)
            if origin is None and (at == path or at.endswith("]")):
                inside = [o for key, o in written.items() if key.startswith((f"{at}.", f"{at}["))]
                origin = min(inside, key=_start, default=None)
            at = re.sub(r"(\.[^.\[]*|\[\d+\])$", "", at) if re.search(r"[.\[]", at) else None
        names = ("line", "column", "end_line", "end_column")
        return {name: getattr(origin, name) for name in names} if origin else None

    def close(self) -> None:
        self._stream.close()

    def _append(self, line: bytes) -> None:
        """On a full disk a part of the line may fit; no reader shall take it for a line."""
        before, rest = self._stream.seek(0, os.SEEK_END), line
        try:
            while rest:
                rest = rest[self._stream.write(rest) or 0 :]
        except OSError:
            self._stream.truncate(before)
            raise


def _start(origin: Origin) -> tuple[int, int]:
    return origin.line or 0, origin.column or 0


def _mend(file: Path) -> int:
    """How many whole lines the file holds; one that a killed process left unfinished is cut off."""
    if not file.exists():
        return 0
    data = file.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) != len(data):
        with file.open("r+b") as stream:
            stream.truncate(len(whole))
    return whole.count(b"\n")


def _finite(value: Any) -> Any:
    """JSON knows no NaN and no infinity: both become null, and a reader sees a gap."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return value
