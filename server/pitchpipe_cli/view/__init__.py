"""Ways to watch a run: a live picture for terminals, plain lines for everything else."""

from __future__ import annotations

from typing import Any, Protocol

from pitchpipe_facts.runs import Event, RunInfo


class View(Protocol):
    """Shows a run. It is entered before the first event and left after the last."""

    def __enter__(self) -> View: ...

    def __exit__(self, *_: Any) -> None: ...

    def line(self, line: bytes) -> None:
        """Takes the event's line as it was written."""
        ...

    def show(self, run: RunInfo, event: Event) -> None:
        """Takes an event; `run` is the state after it."""
        ...

    def tick(self, run: RunInfo) -> None:
        """Is called several times a second."""
        ...

    def say(self, text: str) -> None:
        """Shows a sentence of the command's own."""
        ...
