"""Workflows and runs that lie in folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from pitchpipe_server.runs.searching import Found, search
from support.run_events import DONE, STARTED, RunFolder


def found_in(root: Path, most: int = 2000) -> tuple[list[str], list[str]]:
    """Workflows and runs, relative to `root`."""
    found = search([root], most)
    return (
        [path.relative_to(root).as_posix() for path in found.workflows],
        [path.relative_to(root).as_posix() for path in found.runs],
    )


def write(file: Path, text: str = "version: 1\n") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_workflows_are_known_by_their_name_and_runs_by_what_they_hold(tmp_path: Path) -> None:
    for name in ("a.tune.yaml", "b/pitchpipe.yaml", "b/c/D.TUNE.YML", "other.yaml", "x.jsonl"):
        write(tmp_path / name)
    RunFolder(tmp_path / "b" / "runs" / "r", STARTED, DONE)
    (tmp_path / "b" / "runs" / "half").mkdir()
    write(tmp_path / "b" / "runs" / "half" / "plan.json", "{}")
    workflows, runs = found_in(tmp_path)
    assert workflows == ["a.tune.yaml", "b/pitchpipe.yaml", "b/c/D.TUNE.YML"]
    assert runs == ["b/runs/r"]


@pytest.mark.parametrize("folder", [".hidden", "node_modules", ".venv", "a/venv", "__pycache__"])
def test_what_others_put_there_is_left_alone(tmp_path: Path, folder: str) -> None:
    write(tmp_path / folder / "a.tune.yaml")
    RunFolder(tmp_path / folder / "runs" / "r", STARTED)
    assert found_in(tmp_path) == ([], [])


def test_what_lies_in_a_run_is_the_runs(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "runs" / "r", STARTED)
    write(run.path / "03-train" / "a.tune.yaml")
    assert found_in(tmp_path) == ([], ["runs/r"])


def test_links_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "real" / "a.tune.yaml")
    try:
        (tmp_path / "real" / "again").symlink_to(tmp_path, target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no links")
    assert found_in(tmp_path) == (["real/a.tune.yaml"], [])


def test_the_nearest_folders_are_looked_through_and_no_more(tmp_path: Path) -> None:
    for n in range(5):
        write(tmp_path / f"d{n}" / "deep" / "deeper" / "a.tune.yaml")
    write(tmp_path / "d4" / "b.tune.yaml")
    assert found_in(tmp_path, most=6)[0] == ["d4/b.tune.yaml"]
    assert len(found_in(tmp_path, most=13)[0]) == 3


def test_runs_are_found_where_a_workflow_says(tmp_path: Path) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    write(project / "a.tune.yaml", "output_dir: ../elsewhere\n")
    RunFolder(elsewhere / "r", STARTED)
    found = search([project])
    assert [path.resolve() for path in found.runs] == [elsewhere.resolve() / "r"]


def test_a_root_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    assert search([tmp_path / "gone"]) == Found((), ())
