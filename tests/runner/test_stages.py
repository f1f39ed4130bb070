from __future__ import annotations

import json
import os
import shutil
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from pitchpipe_runner import interrupts
from pitchpipe_runner.events import Events
from pitchpipe_runner.failures import ENVIRONMENT_IS_WRONG, Interrupted, RunFailure
from pitchpipe_runner.stages import Artifact, Enough, Stages, size_of, write_json
from support.workbench import events_in

VERSIONS = {"torch": "2.0"}


class Run:
    """A run folder whose stages write one file, and count how often they do."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.events = Events(folder / "events.jsonl", {})
        self.made: list[str] = []

    def do(
        self,
        name: str = "prepare",
        settings: object = "a",
        inputs: tuple[Artifact, ...] = (),
        work: Callable[[Path], dict[str, Any]] | None = None,
        versions: dict[str, str] = VERSIONS,
        only: tuple[str, ...] = (),
        fresh: bool = False,
        **options: Any,
    ) -> Artifact:
        stages = Stages(self.folder, self.events, versions, only=only, fresh=fresh)
        return stages.do(name, settings, inputs, work or self._work, **options)

    def _work(self, out: Path) -> dict[str, Any]:
        self.made.append(out.name)
        (out / "deep").mkdir(exist_ok=True)
        (out / "deep" / "result.txt").write_text("done", encoding="utf-8")
        return {"rows": 1}

    def kinds(self) -> list[str]:
        return [e["kind"] for e in events_in(self.folder)]


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Callable[[str], Run]]:
    made: list[Run] = []

    def run(name: str) -> Run:
        made.append(Run(tmp_path / "runs" / name))
        return made[-1]

    yield run
    for each in made:
        each.events.close()


def result(artifact: Artifact) -> str:
    return (artifact.folder / "deep" / "result.txt").read_text(encoding="utf-8")


def test_a_stage_is_made_once(runs: Callable[[str], Run]) -> None:
    run = runs("1")
    first, again = run.do(), run.do()
    assert run.made == ["02-prepare.partial"]
    assert first == again
    assert first.folder == run.folder / "02-prepare"
    assert run.kinds() == ["stage-started", "stage-done", "stage-reused"]
    assert json.loads((first.folder / "stage.json").read_text("utf-8"))["facts"] == {"rows": 1}


def test_settings_inputs_and_names_make_another_result(runs: Callable[[str], Run]) -> None:
    run = runs("1")
    plain = run.do()
    other = run.do(settings="b")
    with_input = run.do(inputs=(plain,))
    other_input = run.do(inputs=(other,))
    another_name = run.do(name="train")
    keys = {a.key for a in (plain, other, with_input, other_input, another_name)}
    assert len(keys) == len(run.made) == 5


def test_a_run_keeps_its_results_over_an_update_and_another_does_not_take_them(
    runs: Callable[[str], Run],
) -> None:
    old, new = runs("1"), runs("2")
    old.do()
    old.do(versions={"torch": "2.1"})
    assert old.made == ["02-prepare.partial"]
    new.do(versions={"torch": "2.1"})
    assert new.made == ["02-prepare.partial"]


def test_a_result_of_another_run_is_taken_over_and_outlives_it(
    runs: Callable[[str], Run],
) -> None:
    first, second = runs("1"), runs("2")
    first.do()
    taken = second.do()
    assert second.made == []
    assert second.kinds() == ["stage-reused"]
    (said,) = events_in(second.folder)
    assert said["source"] == "1/02-prepare"
    mine, theirs = (a / "deep" / "result.txt" for a in (taken.folder, first.folder / "02-prepare"))
    assert mine.samefile(theirs)
    shutil.rmtree(first.folder / "02-prepare")
    assert result(taken) == "done"
    assert second.do() == taken


def test_the_newest_run_is_asked_first(runs: Callable[[str], Run]) -> None:
    for name in ("2024-01-01", "2024-03-01", "2024-02-01"):
        runs(name).do(fresh=True)
    last = runs("2024-04-01")
    last.do()
    assert events_in(last.folder)[0]["source"] == "2024-03-01/02-prepare"


def test_fresh_takes_nothing_of_other_runs_but_its_own(runs: Callable[[str], Run]) -> None:
    runs("1").do()
    second = runs("2")
    second.do(fresh=True)
    assert second.made == ["02-prepare.partial"]
    second.do(fresh=True)
    assert second.made == ["02-prepare.partial"]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"key": "x"}', "\x00", '"text"', '{"key": null, "facts": 1}']
)
def test_a_strange_stage_file_next_door_is_passed_over(
    runs: Callable[[str], Run], content: str
) -> None:
    first, second = runs("1"), runs("2")
    key = first.do().key
    content = content.replace("null", json.dumps(key))
    (first.folder / "02-prepare" / "stage.json").write_text(content, encoding="utf-8")
    (first.folder.parent / "a file").write_text("no run", encoding="utf-8")
    assert result(second.do()) == "done"
    assert second.made == ["02-prepare.partial"]


def test_a_stage_that_fails_leaves_nothing_that_counts(runs: Callable[[str], Run]) -> None:
    run, other = runs("1"), runs("2")

    def half(out: Path) -> dict[str, Any]:
        (out / "half.txt").write_text("", encoding="utf-8")
        (out / "stage.json.tmp").write_text("{", encoding="utf-8")
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        run.do(work=half)
    assert [p.name for p in run.folder.iterdir() if p.is_dir()] == ["02-prepare.partial"]
    other.do()
    assert other.made == ["02-prepare.partial"]
    shutil.rmtree(other.folder)
    made = run.do()
    assert sorted(p.name for p in made.folder.iterdir()) == ["deep", "key.json", "stage.json"]


@pytest.mark.parametrize("name", ["02-prepare", "02-prepare.partial"])
def test_what_can_not_be_removed_is_seen_before_the_work(
    runs: Callable[[str], Run], name: str
) -> None:
    run = runs("1")
    (run.folder / name).write_text("", encoding="utf-8")  # no folder: `rmtree` can't remove it
    with pytest.raises(PermissionError) as caught:
        run.do()
    assert caught.value.filename == str(run.folder / name)
    assert run.made == []


def test_what_a_stage_leaves_in_memory_is_gone_before_the_next(
    runs: Callable[[str], Run],
) -> None:
    left: list[weakref.ref[Run]] = []

    def work(_: Path) -> dict[str, Any]:
        one, other = Run(runs("2").folder / "inner"), Run(runs("3").folder / "inner")
        vars(one)["other"], vars(other)["other"] = other, one  # as a trainer and its callbacks do
        for each in (one, other):
            each.events.close()
            left.append(weakref.ref(each))
        return {}

    runs("1").do(work=work)
    assert [each() for each in left] == [None, None]


def test_what_is_kept_is_kept_for_the_same_settings_alone(runs: Callable[[str], Run]) -> None:
    run = runs("1")
    seen: list[bool] = []

    def work(out: Path) -> dict[str, Any]:
        seen.append((out / "checkpoint").exists())
        (out / "checkpoint").write_text("", encoding="utf-8")
        if len(seen) < 4:
            raise KeyboardInterrupt
        return {}

    for settings in ("a", "a", "b"):
        with pytest.raises(KeyboardInterrupt):
            run.do("train", settings, work=work, keep=True)
    run.do("train", "b", work=work, keep=True)
    assert seen == [False, True, False, True]


def test_a_stage_that_is_not_wanted_must_be_there(runs: Callable[[str], Run]) -> None:
    run = runs("1")
    with pytest.raises(RunFailure) as caught:
        run.do(only=("train",))
    assert (caught.value.code, caught.value.exit_code) == ("stage-missing", ENVIRONMENT_IS_WRONG)
    with pytest.raises(Enough):
        run.do(only=("prepare",))
    run.do(only=("train",))
    assert run.kinds() == ["stage-started", "stage-done", "stage-reused"]


def test_a_result_that_points_to_nothing_is_made_anew(runs: Callable[[str], Run]) -> None:
    first, second = runs("1"), runs("2")
    first.do()
    first.do(usable=lambda artifact: artifact.facts["rows"] == 1)
    assert len(first.made) == 1
    first.do(usable=lambda _: False)
    assert len(first.made) == 2
    second.do(usable=lambda _: False)
    assert second.made == ["02-prepare.partial"]


def test_a_report_is_made_anew(runs: Callable[[str], Run]) -> None:
    run = runs("1")
    for _ in range(2):
        run.do("report", reuse=False)
    assert len(run.made) == 2


def test_a_stop_asked_for_in_a_stage_comes_behind_it(
    runs: Callable[[str], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs("1")
    monkeypatch.setattr(interrupts, "_asked", True)
    with pytest.raises(Interrupted):
        run.do()
    monkeypatch.setattr(interrupts, "_asked", False)
    run.do()
    assert run.made == ["02-prepare.partial"]


def test_a_json_file_is_whole_or_the_old_one(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    write_json(file, {"ä": 1})
    with pytest.raises(TypeError):
        write_json(file, {"a": object()})
    assert json.loads(file.read_text(encoding="utf-8")) == {"ä": 1}
    write_json(file, [2])
    assert json.loads(file.read_text(encoding="utf-8")) == [2]


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_weights_are_as_readable_as_other_files(runs: Callable[[str], Run]) -> None:
    def work(out: Path) -> dict[str, Any]:
        save_file({"weight": torch.zeros(1)}, out / "model.safetensors")
        return {}

    folder = runs("one").do(work=work).folder
    modes = {file.name: file.stat().st_mode for file in folder.iterdir()}
    assert modes["model.safetensors"] == modes["stage.json"]


def test_the_size_of_a_folder_is_that_of_its_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"123")
    (tmp_path / "c").write_bytes(b"45")
    assert size_of(tmp_path) == 5
