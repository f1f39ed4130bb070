"""Signals and long waits."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from pitchpipe_runner import interrupts


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    numbers = [getattr(signal, n) for n in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, n)]
    before = {number: signal.getsignal(number) for number in numbers}
    interrupts.install()
    yield
    interrupts.install()  # forgets what was asked for
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_is_obeyed_at_once_whatever_is_waited_for() -> None:
    never = threading.Event()
    threading.Timer(0.1, lambda: signal.raise_signal(signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        interrupts.aside(never.wait)
    assert interrupts.asked()
    never.set()


def test_a_signal_that_comes_at_a_bad_time_is_remembered() -> None:
    with interrupts.deferred():
        signal.raise_signal(signal.SIGINT)
    assert interrupts.asked()


def test_what_is_done_aside_gives_its_result_or_its_error() -> None:
    assert interrupts.aside(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        interrupts.aside(lambda: 1 // 0)
