"""Which files `pitchpipe check` takes for the paths that it is given."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pitchpipe_cli.gathering import gather
from support.cli import Done, pitchpipe

WORKFLOW = "model:\n  name_or_path: org/model\ndata:\n  train:\n    - dataset_name: org/rows\n"
OTHER = "services:\n  web:\n    image: x\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with workflows in it, and with files that are none or should be left alone."""
    for name, text in {
        "one.tune.yaml": WORKFLOW,
        "deep/er/two.tune.yml": WORKFLOW,
        "by-keys.yaml": WORKFLOW + "method:\n  type: lora\n",
        "compose.yaml": OTHER,
        "rows.tune.json": "{}",
        ".hidden/three.tune.yaml": WORKFLOW,
        "node_modules/four.tune.yaml": WORKFLOW,
        "env/pyvenv.cfg": "",
        "env/five.tune.yaml": WORKFLOW,
        "runs/20261124T101500Z-six/plan.json": "{}",
        "runs/20261124T101500Z-six/events.jsonl": "",
        "runs/20261124T101500Z-six/workflow.yaml": WORKFLOW + "task: classification\n",
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path


def names(done: Done) -> list[str]:
    """The files that have been checked, by a finding that all of them have."""
    return [line.split(":")[0].replace(os.sep, "/") for line in done.stdout.splitlines()[:-1]]


def check(folder: Path, *paths: str) -> list[str]:
    for file in folder.rglob("*.y*ml"):
        file.write_text("task: 5\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    return names(pitchpipe("check", *paths, "--select", "wrong-type,invalid-value", cwd=folder))


def test_of_a_folder_it_takes_the_workflows_below(project: Path) -> None:
    assert check(project, ".") == ["by-keys.yaml", "deep/er/two.tune.yml", "one.tune.yaml"]


def test_a_file_is_taken_as_it_is_and_each_once(project: Path) -> None:
    paths = ["deep", "./compose.yaml", "compose.yaml", str(project / "one.tune.yaml"), "."]
    found = gather_in(project, *paths)
    one = str(project / "one.tune.yaml").replace(os.sep, "/")
    assert found == ["./compose.yaml", one, "by-keys.yaml", "deep/er/two.tune.yml"]


def gather_in(folder: Path, *paths: str) -> list[str]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        return [name.replace(os.sep, "/") for name in gather(paths).files]
    finally:
        os.chdir(before)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.tune.*", ["one.tune.yaml", "rows.tune.json"]),
        ("**/*.yml", ["deep/er/two.tune.yml"]),
        ("d*p", ["deep/er/two.tune.yml"]),
        ("[o]ne.tune.yam?", ["one.tune.yaml"]),
    ],
)
def test_patterns_that_the_shell_left_are_expanded(
    project: Path, pattern: str, found: list[str]
) -> None:
    assert gather_in(project, pattern) == found


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(project: Path) -> None:
    (project / "a[b].yaml").write_text("", encoding="utf-8")
    assert gather_in(project, "a[b].yaml") == ["a[b].yaml"]


def test_a_folder_without_a_workflow_is_an_error(project: Path) -> None:
    done = pitchpipe("check", "env", "runs", cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "pitchpipe: no workflow is in env\npitchpipe: no workflow is in runs\n"


def test_a_folder_that_is_named_is_not_passed_over(project: Path) -> None:
    assert gather_in(project, "node_modules") == ["node_modules/four.tune.yaml"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_to_folders_are_not_followed(project: Path) -> None:
    (project / "deep" / "loop").symlink_to(project, target_is_directory=True)
    assert gather_in(project, "deep") == ["deep/er/two.tune.yml"]


@pytest.mark.skipif(sys.platform == "win32", reason="has no named pipes in folders")
def test_what_is_no_file_is_passed_over(project: Path) -> None:
    assert sys.platform != "win32"
    os.mkfifo(project / "deep" / "pipe.tune.yaml")
    (project / "deep" / "gone.tune.yaml").symlink_to("nowhere")
    assert gather_in(project, "deep") == ["deep/er/two.tune.yml"]


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() == 0, reason="root may read anything")
def test_a_folder_that_cannot_be_read_is_said_if_it_was_named(project: Path) -> None:
    (project / "deep" / "er").chmod(0)
    done = pitchpipe("check", "deep/er", cwd=project)
    (project / "deep" / "er").chmod(0o755)
    assert done.stderr == "pitchpipe: cannot read deep/er: permission denied\n"


def test_stdin_is_taken_for_the_file_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "rows.jsonl").write_text('{"prompt": "a"}\n', encoding="utf-8")
    text = WORKFLOW.replace("dataset_name: org/rows", "path: rows.jsonl") + "trainin: {}\n"
    here = ("check", "-", "--stdin-filename", "sub/a.yaml")
    done = pitchpipe(*here, cwd=tmp_path, stdin=text)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].endswith(" in 1 file")
    assert "sub/a.yaml:6:1: error[unknown-key]" in done.stdout
    assert "data-file-not-found" not in done.stdout
    assert "data-file-not-found" in pitchpipe("check", "-", cwd=tmp_path, stdin=text).stdout


def test_a_thousand_files_are_checked_in_their_order(tmp_path: Path) -> None:
    for number in range(1000):
        (tmp_path / f"{number:04}.tune.yaml").write_text("task: 5\n", encoding="utf-8")
    done = pitchpipe("check", ".", "--select", "invalid-value,wrong-type", cwd=tmp_path)
    assert names(done) == [f"{number:04}.tune.yaml" for number in range(1000)]
    assert done.stdout.endswith("1,000 errors in 1,000 files\n")
