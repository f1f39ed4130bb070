"""Large files in an editor: the head at once, all rows when they have been gone through."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import platformdirs
import pytest

from pitchpipe.facts import NotRead
from pitchpipe.not_yet import NotYet
from pitchpipe.survey import Survey, View
from pitchpipe_facts import surveys
from pitchpipe_facts.reader import Reader
from pitchpipe_server import patience as patient
from pitchpipe_server import surveying
from pitchpipe_server.patience import Patience, PatientFacts
from pitchpipe_server.surveying import Surveying

pytestmark = pytest.mark.asyncio

VIEW = View(given=("p",), learnt=("c",))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: tmp_path / "cache")
    monkeypatch.setattr(surveying, "_SETTLED", 0.01)
    found = tmp_path / "rows.jsonl"
    rows = [{"p": f"p{n}", "c": "x"} for n in range(300)]
    found.write_text("".join(json.dumps(row) + "\n" for row in [*rows, rows[0]]))
    return found


async def known(facts: PatientFacts, patience: Patience, path: Path) -> Survey | NotRead:
    with pytest.raises(NotYet):
        facts.survey(str(path), VIEW)
    await patience.find_out()
    return facts.survey(str(path), VIEW)


async def test_a_small_file_is_gone_through_at_once(file: Path) -> None:
    patience = Patience(lambda: None)
    facts = PatientFacts(Reader(file.parent), patience, Surveying())
    found = await known(facts, patience, file)
    assert isinstance(found, Survey)
    assert (found.rows, found.whole) == (301, True)
    assert patience.state == 1, "findings go by it"


async def test_of_a_large_file_the_head_comes_first(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient, "_AT_ONCE", 0)
    monkeypatch.setattr(surveys, "SMALL", 0)
    woken = asyncio.Event()
    patience = Patience(woken.set)
    facts = PatientFacts(Reader(file.parent), patience, Surveying())
    head = await known(facts, patience, file)
    assert isinstance(head, Survey)
    assert (head.rows, head.whole, head.repeated) == (200, False, None)

    woken.clear()
    await asyncio.wait_for(woken.wait(), 60)
    assert await patience.find_out()
    whole = facts.survey(str(file), VIEW)
    assert isinstance(whole, Survey)
    assert (whole.rows, whole.whole) == (301, True)
    assert whole.repeated is not None
    assert patience.state == 2

    again = PatientFacts(Reader(file.parent), Patience(lambda: None), Surveying())
    assert await known(again, again._patience, file) == whole  # pyright: ignore[reportPrivateUsage]


async def test_of_several_views_the_last_one_is_gone_through(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[View] = []

    def elsewhere(_: Path, view: View, __: object) -> NotRead:
        looked.append(view)
        return NotRead("it is a test")

    monkeypatch.setattr(surveys, "elsewhere", elsewhere)
    monkeypatch.setattr(surveying, "_SETTLED", 0.2)
    behind, told = Surveying(), asyncio.Event()
    behind.at_home(asyncio.get_running_loop())
    views = [View(learnt=(name,)) for name in ("a", "ab", "abc")]
    for view in views:
        behind.want(file, view, lambda _: told.set())
    await asyncio.wait_for(told.wait(), 60)
    assert looked == views[-1:]
