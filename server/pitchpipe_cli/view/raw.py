"""A run as its event lines, unchanged: for programs."""

from __future__ import annotations

from typing import Any

from pitchpipe_cli import terminal
from pitchpipe_facts.runs import Event, RunInfo


class Raw:
    """Copies event lines to stdout; what the command itself has to say goes to stderr."""

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: Any) -> None:
        pass

    def line(self, line: bytes) -> None:
        terminal.out_bytes(line + b"\n")

    def show(self, run: RunInfo, event: Event) -> None:
        pass

    def tick(self, run: RunInfo) -> None:
        pass

    def say(self, text: str) -> None:
        terminal.err(f"pitchpipe: {text}\n")
