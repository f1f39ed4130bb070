"""Run folders that go away, and folders that must not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pitchpipe_facts import removal, run_index
from pitchpipe_facts.removal import CannotRemove
from support import recorded_run
from support.run_events import DONE, STARTED, RunFolder, worked_on


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PITCHPIPE_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = recorded_run.write(tmp_path / "project" / "runs" / "a")
    (folder / "run.lock").touch()
    (folder / "report.html").touch()
    (folder / ".DS_Store").touch()
    run_index.register(folder)
    return folder


def test_a_run_goes_with_all_that_it_wrote_and_its_entry(run: Path) -> None:
    removal.remove(run)
    assert list(run.parent.iterdir()) == []
    assert run_index.indexed() == []
    assert list(run_index.index_folder().iterdir()) == []


def test_what_another_run_took_over_stays_there(run: Path) -> None:
    other = RunFolder(run.with_name("b"), STARTED, DONE)
    (run / "04-merge" / "model.safetensors").write_bytes(b"weights")
    os.link(run / "04-merge" / "model.safetensors", other.path / "model.safetensors")
    removal.remove(run)
    assert (other.path / "model.safetensors").read_bytes() == b"weights"


def test_a_run_that_a_process_works_on_stays(run: Path) -> None:
    before = sorted(run.rglob("*"))
    with worked_on(run), pytest.raises(CannotRemove, match="run a is in progress"):
        removal.remove(run)
    assert sorted(run.rglob("*")) == before
    assert run_index.indexed() == [run]
    removal.remove(run)
    assert not run.exists()


@pytest.mark.parametrize("name", ["plan.json", "events.jsonl"])
def test_a_folder_without_plan_or_events_stays(run: Path, name: str) -> None:
    (run / name).unlink()
    with pytest.raises(CannotRemove, match="is no run folder"):
        removal.remove(run)
    assert (run / "04-merge").is_dir()


@pytest.mark.parametrize("text", ["", "{", "{}", '{"name": "my own plan"}', "[]"])
def test_a_folder_with_a_plan_that_is_none_of_ours_stays(run: Path, text: str) -> None:
    (run / "plan.json").write_text(text, encoding="utf-8")
    with pytest.raises(CannotRemove, match="is no run folder"):
        removal.remove(run)
    assert (run / "04-merge").is_dir()


def test_a_folder_that_holds_the_workflow_stays(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "project", STARTED, DONE, root=str(tmp_path / "project")).path
    (folder / "tone.yaml").touch()
    for whatever in (False, True):
        with pytest.raises(CannotRemove, match="holds the workflow file itself"):
            removal.remove(folder, whatever=whatever)
    assert (folder / "tone.yaml").is_file()


def test_files_of_somebody_else_keep_a_run_from_being_removed(run: Path) -> None:
    (run / "notes.txt").write_text("precious", encoding="utf-8")
    (run / "runs").mkdir()
    with pytest.raises(CannotRemove, match=r"also holds what no run writes: notes\.txt, runs$"):
        removal.remove(run)
    assert (run / "notes.txt").read_text(encoding="utf-8") == "precious"
    removal.remove(run, whatever=True)
    assert not run.exists()


def test_what_stages_leave_when_they_are_cut_off_is_a_runs_own(run: Path) -> None:
    for name in ("03-train.partial", "04-merge.old"):
        (run / name).mkdir()
    for name in ("report.html.tmp", ".plan.json.0123abcd"):
        (run / name).touch()
    assert removal.strange(run) == []


def test_a_removal_that_was_cut_off_is_finished_by_the_next(run: Path) -> None:
    rest = run.with_name(".b.removed-0123abcd")
    (rest / "03-train").mkdir(parents=True)
    (rest / "03-train" / "adapter").touch()
    looks_alike = run.with_name(".c.removed-by-me")
    looks_alike.mkdir()
    removal.remove(run)
    assert list(run.parent.iterdir()) == [looks_alike]


@pytest.mark.skipif(sys.platform == "win32", reason="other systems remove files that are open")
def test_a_file_that_is_open_does_not_matter_here(run: Path) -> None:
    with (run / "events.jsonl").open("rb") as file:
        removal.remove(run)
        assert file.read(1) == b"{"


@pytest.mark.skipif(sys.platform != "win32", reason="Windows keeps folders with open files")
def test_a_file_that_is_open_keeps_the_whole_run(run: Path) -> None:
    before = sorted(run.rglob("*"))
    with (run / "events.jsonl").open("rb"), pytest.raises(CannotRemove, match="open in another"):
        removal.remove(run)
    assert sorted(run.rglob("*")) == before


@pytest.mark.skipif(
    sys.platform == "win32" or getattr(os, "geteuid", lambda: 0)() == 0,
    reason="asks for permissions that hold for this user",
)
def test_a_folder_that_may_not_be_written_stays_whole(run: Path) -> None:
    run.parent.chmod(0o555)
    try:
        with pytest.raises(CannotRemove, match="could not be removed: permission denied"):
            removal.remove(run)
    finally:
        run.parent.chmod(0o755)
    assert (run / "plan.json").is_file()
    assert run_index.indexed() == [run]
