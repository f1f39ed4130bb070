"""What takes longer than a keystroke is found out behind the scenes."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pitchpipe.facts import NotRead
from pitchpipe.not_yet import NotYet
from pitchpipe_facts.reader import Reader
from pitchpipe_server.patience import Patience, PatientFacts

pytestmark = pytest.mark.asyncio


def nothing() -> None:
    """Nobody listens."""


async def test_an_answer_comes_when_it_was_found_out() -> None:
    woken: list[int] = []
    patience = Patience(lambda: woken.append(1))
    with pytest.raises(NotYet):
        patience.ask(("a",), lambda: 1)
    assert woken
    assert await patience.find_out()
    assert patience.ask(("a",), lambda: 2) == 1
    assert patience.state == 1


async def test_nobody_is_woken_from_the_thread_that_finds_out() -> None:
    threads: list[int] = []
    patience = Patience(lambda: threads.append(threading.get_ident()))
    with pytest.raises(NotYet):
        patience.ask(("a",), lambda: patience.ask(("b",), lambda: 1))
    assert await patience.find_out()
    assert threads == [threading.get_ident()]


async def test_what_needs_another_answer_gets_it_in_the_same_search() -> None:
    patience = Patience(nothing)

    def chained(depth: int) -> int:
        return 1 + patience.ask(("n", depth - 1), lambda: chained(depth - 1)) if depth else 0

    with pytest.raises(NotYet):
        patience.ask(("n", 9), lambda: chained(9))
    assert await patience.find_out()
    assert patience.ask(("n", 9), lambda: chained(9)) == 9


async def test_what_can_not_be_found_out_does_not_keep_the_search_going() -> None:
    patience = Patience(nothing)

    def never() -> int:
        raise NotYet

    with pytest.raises(NotYet):
        patience.ask(("a",), never)
    assert not await patience.find_out()


async def test_an_old_answer_is_given_until_there_is_a_new_one() -> None:
    patience = Patience(nothing)
    answers = [1, 1, 2]
    with pytest.raises(NotYet):
        patience.ask(("a",), lambda: answers.pop(0))
    await patience.find_out()
    for state, (now, changed) in enumerate([(1, False), (1, True)], 1):
        patience.outdate()
        assert patience.ask(("a",), lambda: answers.pop(0)) == now
        assert await patience.find_out() is changed
        assert patience.state == state
    assert patience.ask(("a",), lambda: 0) == 2


async def test_what_is_only_shown_makes_no_finding_anew() -> None:
    patience = Patience(nothing)
    with pytest.raises(NotYet):
        patience.ask(("rows", "a.jsonl"), lambda: 3)
    assert await patience.find_out()
    assert patience.state == 0


async def test_a_failure_is_an_answer() -> None:
    patience = Patience(nothing)

    def broken() -> int:
        raise OSError("disk on fire")

    with pytest.raises(NotYet):
        patience.ask(("a",), broken)
    assert await patience.find_out()
    assert patience.ask(("a",), broken) == NotRead("OSError: disk on fire")


async def test_of_many_answers_those_not_asked_for_are_forgotten() -> None:
    patience = Patience(nothing)
    for n in range(200):
        with pytest.raises(NotYet):
            patience.ask(("cost", n), lambda n=n: n)
        if n > 50:
            patience.ask(("cost", 7), lambda: -1)
        await patience.find_out()
    assert patience.ask(("cost", 7), lambda: -1) == 7
    assert patience.ask(("cost", 199), lambda: -1) == 199
    with pytest.raises(NotYet):
        patience.ask(("cost", 8), lambda: -1)


async def test_a_file_that_appears_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("pitchpipe_server.patience.time.monotonic", lambda: clock[0])
    facts = PatientFacts(Reader(tmp_path), Patience(nothing))
    rows = tmp_path / "rows.jsonl"
    assert not facts.file(str(rows)).exists
    before = facts.seen()
    rows.write_text("{}\n")
    assert facts.seen() == before, "within a second it is believed to be as it was"
    clock[0] += 1.5
    after = facts.seen()
    assert after != before
    assert facts.file(str(rows)).exists
    clock[0] += 1.5
    assert facts.seen() == after
