"""`pitchpipe runs`: what was run, how it went, and getting rid of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from filelock import FileLock

from support import recorded_run
from support.cli import Done, pitchpipe
from support.recorded_run import Recipe


class Shelf:
    """A folder with recorded runs in `runs`, and the command in that folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, recipe: Recipe | None = None) -> Path:
        return recorded_run.write(self.folder / "runs" / name, recipe)

    def runs(self, *arguments: str, stdin: str = "") -> Done:
        state = str(self.folder / "state")
        line = ["runs", *arguments]
        return pitchpipe(*line, cwd=self.folder, stdin=stdin, PITCHPIPE_STATE_DIR=state)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_no_runs_are_said(shelf: Shelf) -> None:
    assert shelf.runs("list").stdout == "no runs yet\n"
    assert json.loads(shelf.runs("list", "--format", "json").stdout) == {"version": 1, "runs": []}


def test_the_list_tells_state_stage_and_metrics(shelf: Shelf) -> None:
    shelf.put("a")
    shelf.put("b", Recipe(ends="failed"))
    shelf.put("c", Recipe(ends="killed"))
    shelf.put("d", Recipe(ends="interrupted"))
    lines = {line.split()[0]: line for line in shelf.runs("list").stdout.splitlines()}
    assert lines["RUN"].split() == ["RUN", "STATE", "STARTED", "AT", "LAST", "METRICS", "FOLDER"]
    assert " done " in lines["a"]
    assert str(Path("runs", "a")) in lines["a"]
    assert " failed " in lines["b"]
    assert " train 186/280 " in lines["b"]
    assert " stopped " in lines["c"]
    assert " interrupted " in lines["d"]
    assert "loss 0." in lines["d"]


def test_show_tells_stages_evaluation_and_paths(shelf: Shelf) -> None:
    shelf.put("a", Recipe(reused=("fetch",)))
    done = shelf.runs("show", "a")
    assert done.returncode == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["fetch", "reused", "from", "this", "run"] in lines
    assert ["report", str(Path("runs", "a", "report.html"))] in lines
    header = next(line for line in lines if line[:1] == ["base"])
    assert header == ["base", "tuned", "exported-int8", "exported-int4", "majority"]
    accuracy = next(line for line in lines if line[:1] == ["accuracy"])
    assert accuracy[1] == "0.556"
    assert accuracy[-1] == "0.551"
    assert "evaluated on 412 test rows" in done.stdout


def test_show_sets_what_was_predicted_beside_what_was_measured(shelf: Shelf) -> None:
    shelf.put("a")
    shown = shelf.runs("show", "a").stdout
    table = [line.split("  ") for line in shown[shown.index("training\n") :].splitlines()[1:6]]
    rows = {row[0]: [cell.strip() for cell in row[1:] if cell] for row in table}
    assert rows["tensors"] == ["1.85 GB", "1.85 GB", "-0.2 %"]
    assert rows["process"] == ["2.31 GB", "2.42 GB", "-4.5 %"]
    assert rows["tokens/s"] == ["640", "611", "+4.7 %"]
    assert rows["steps"] == ["8 min 24 s", "8 min 32 s", "-1.6 %"]
    compared = json.loads(shelf.runs("show", "a", "--format", "json").stdout)["run"]["training"]
    assert compared["allocated_bytes"]["predicted"] == 1_846_000_000


def test_a_run_of_an_older_version_is_listed_and_shown(shelf: Shelf) -> None:
    shelf.put("a", Recipe(forecast=False))
    assert " done " in shelf.runs("list").stdout
    shown = shelf.runs("show", "a")
    assert shown.returncode == 0
    assert "training\n" not in shown.stdout
    assert json.loads(shelf.runs("show", "a", "--format", "json").stdout)["run"]["training"] is None


def test_show_tells_why_a_run_failed(shelf: Shelf) -> None:
    shelf.put("b", Recipe(ends="failed"))
    done = shelf.runs("show", "b")
    assert "error[out-of-memory]: not enough memory in the stage `train`" in done.stdout


def test_show_takes_a_folder_and_gives_json(shelf: Shelf) -> None:
    folder = shelf.put("a")
    run = json.loads(shelf.runs("show", str(folder), "--format", "json").stdout)["run"]
    assert run["id"] == "a"
    assert run["state"] == "done"
    assert run["report"] == str(folder / "report.html")
    assert run["scores"]["rows"]["n"] == 412


def test_a_loss_that_is_no_number_is_null_in_json(shelf: Shelf) -> None:
    shelf.put("a", Recipe(nan_from=100))
    run = json.loads(shelf.runs("show", "a", "--format", "json").stdout)["run"]
    assert run["metrics"]["loss"] is None
    assert "loss not finite" in shelf.runs("show", "a").stdout


def test_a_run_that_is_not_there_is_2(shelf: Shelf) -> None:
    for action in ("show", "rm"):
        done = shelf.runs(action, "nope")
        assert done.returncode == 2
        assert done.stderr.startswith("pitchpipe: there is no run nope;")


@pytest.mark.parametrize("answer", ["", "n\n", "\n", "maybe\n"])
def test_a_run_is_not_removed_without_a_yes(shelf: Shelf, answer: str) -> None:
    folder = shelf.put("a")
    done = shelf.runs("rm", "a", stdin=answer)
    assert done.returncode == 2
    assert done.stderr.endswith("nothing was removed\n")
    assert (folder / "plan.json").is_file()


@pytest.mark.parametrize("arguments", [["a"], ["a", "--yes"]])
def test_a_run_is_removed_with_one(shelf: Shelf, arguments: list[str]) -> None:
    folder = shelf.put("a")
    kept = shelf.put("b")
    assert shelf.runs("list").stdout.count("\n") == 3
    done = shelf.runs("rm", *arguments, stdin="y\n")
    assert (done.returncode, done.stdout) == (0, f"removed {Path('runs', 'a')}\n")
    assert not folder.exists()
    assert kept.is_dir()
    assert shelf.runs("list").stdout.count("\n") == 2


def test_a_run_in_progress_is_not_removed(shelf: Shelf) -> None:
    folder = shelf.put("a", Recipe(ends="killed"))
    with FileLock(folder / "run.lock"):
        assert " running " in shelf.runs("list").stdout
        done = shelf.runs("rm", "a", "-y")
    assert done.returncode == 2
    assert done.stderr == "pitchpipe: run a is in progress\n"
    assert folder.is_dir()


def test_one_that_cannot_be_removed_keeps_all(shelf: Shelf) -> None:
    folder = shelf.put("a")
    done = shelf.runs("rm", "a", "nope", "-y")
    assert done.returncode == 2
    assert folder.is_dir()


def test_only_run_folders_are_removed(shelf: Shelf) -> None:
    folder = shelf.put("a")
    (folder / "events.jsonl").unlink()
    done = shelf.runs("rm", str(folder), "-y")
    assert done.returncode == 2
    assert "is no run folder" in done.stderr
    assert (folder / "plan.json").is_file()


def test_a_run_that_was_stopped_before_its_first_event_can_be_removed(shelf: Shelf) -> None:
    folder = shelf.put("a")
    (folder / "events.jsonl").write_bytes(b"")
    assert " waiting " in shelf.runs("list").stdout
    assert shelf.runs("rm", "a", "-y").returncode == 0
    assert not folder.exists()


def test_links_in_a_run_folder_are_not_followed(shelf: Shelf, tmp_path: Path) -> None:
    folder = shelf.put("a")
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "model").write_text("weights", encoding="utf-8")
    try:
        (folder / "link").symlink_to(tmp_path / "precious", target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no links")
    assert shelf.runs("rm", "a", "-y").returncode == 0
    assert (tmp_path / "precious" / "model").is_file()


def test_runs_of_an_output_dir_that_a_workflow_here_names_are_found(shelf: Shelf) -> None:
    recorded_run.write(shelf.folder / "far" / "away" / "runs" / "a")
    (shelf.folder / "tone.yaml").write_text("output_dir: far/away/runs\n", encoding="utf-8")
    assert shelf.runs("list").stdout.splitlines()[1].startswith("a ")
