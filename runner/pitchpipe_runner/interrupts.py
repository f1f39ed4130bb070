"""Ctrl-C and termination: at once between stages, at the next step boundary while training."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_asked = False
_deferring = False


def install() -> None:
    """Makes SIGINT, SIGTERM and (on Windows) SIGBREAK stop the run; from the main thread only."""
    global _asked
    _asked = False
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _on_signal)


def asked() -> bool:
    """Whether the user has asked the run to stop."""
    return _asked


@contextmanager
def deferred() -> Iterator[None]:
    """Inside, a signal only sets `asked()`; whoever works there stops at a good place."""
    global _deferring
    _deferring = True
    try:
        yield
    finally:
        _deferring = False


def _on_signal(_number: int, _frame: FrameType | None) -> None:
    global _asked
    _asked = True
    if not _deferring:
        raise KeyboardInterrupt
