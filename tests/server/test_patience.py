"""What takes longer than a keystroke is found out behind the scenes."""

from __future__ import annotations

import threading

import pytest

from pitchpipe.facts import NotRead
from pitchpipe.not_yet import NotYet
from pitchpipe_server.patience import Patience

pytestmark = pytest.mark.asyncio


def nothing() -> None:
    """Nobody listens."""


async def test_an_answer_comes_when_it_was_found_out() -> None:
    woken: list[int] = []
    patience = Patience(lambda: woken.append(1))
    with pytest.raises(NotYet):
        patience.ask("a", lambda: 1)
    assert woken
    assert await patience.find_out()
    assert patience.ask("a", lambda: 2) == 1
    assert patience.state == 1


async def test_nobody_is_woken_from_the_thread_that_finds_out() -> None:
    threads: list[int] = []
    patience = Patience(lambda: threads.append(threading.get_ident()))
    with pytest.raises(NotYet):
        patience.ask("a", lambda: patience.ask("b", lambda: 1))
    assert await patience.find_out()
    assert threads == [threading.get_ident()]


async def test_what_needs_another_answer_gets_it_in_the_same_search() -> None:
    patience = Patience(nothing)

    def chained(depth: int) -> int:
        return 1 + patience.ask(depth - 1, lambda: chained(depth - 1)) if depth else 0

    with pytest.raises(NotYet):
        patience.ask(9, lambda: chained(9))
    assert await patience.find_out()
    assert patience.ask(9, lambda: chained(9)) == 9


async def test_what_can_not_be_found_out_does_not_keep_the_search_going() -> None:
    patience = Patience(nothing)

    def never() -> int:
        raise NotYet

    with pytest.raises(NotYet):
        patience.ask("a", never)
    assert not await patience.find_out()


async def test_an_old_answer_is_given_until_there_is_a_new_one() -> None:
    patience = Patience(nothing)
    answers = [1, 1, 2]
    with pytest.raises(NotYet):
        patience.ask("a", lambda: answers.pop(0))
    await patience.find_out()
    for state, (now, changed) in enumerate([(1, False), (1, True)], 1):
        patience.outdate()
        assert patience.ask("a", lambda: answers.pop(0)) == now
        assert await patience.find_out() is changed
        assert patience.state == state
    assert patience.ask("a", lambda: 0) == 2


async def test_a_failure_is_an_answer() -> None:
    patience = Patience(nothing)

    def broken() -> int:
        raise OSError("disk on fire")

    with pytest.raises(NotYet):
        patience.ask("a", broken)
    assert await patience.find_out()
    assert patience.ask("a", broken) == NotRead("OSError: disk on fire")
