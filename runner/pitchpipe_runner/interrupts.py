"""Ctrl-C and termination: at once between stages, at the next step boundary while training."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

_LOOK = 0.1  # seconds

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


def aside(work: Callable[[], T]) -> T:
    """Does `work` in a thread, so that a signal is obeyed at once, whatever `work` waits for.

    What it raises is raised here. At a signal the thread is left behind, and ends with the process.
    """
    result: Future[T] = Future()

    def do() -> None:
        try:
            result.set_result(work())
        except BaseException as error:  # noqa: BLE001  # raised again where it is waited for
            result.set_exception(error)

    threading.Thread(target=do, name="aside", daemon=True).start()
    while not result.done():  # Windows' main thread sees no signal while it waits for good
        wait([result], timeout=_LOOK)
    return result.result()


def _on_signal(_number: int, _frame: FrameType | None) -> None:
    global _asked
    _asked = True
    if not _deferring:
        raise KeyboardInterrupt
