"""The hook for pre-commit, run by pre-commit on a repository's files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from support.cli import ROOT, environment

pytest.importorskip("pre_commit", reason="needs the package pre-commit")
GIT = shutil.which("git")

MANIFEST = ROOT / ".pre-commit-hooks.yaml"
WRONG = """\
model: {name_or_path: org/model}
data: {train: [{dataset_name: org/rows}]}
trainig: {seed: 1}
"""

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(GIT is None, reason="needs git")]


def run(cwd: Path, *command: str) -> subprocess.CompletedProcess[str]:
    # Under a hook of git, what git says of that repository would be taken for ours.
    variables = {
        name: value for name, value in environment().items() if not name.startswith("GIT_")
    }
    return subprocess.run(
        command,
        cwd=cwd,
        env={**variables, "PRE_COMMIT_HOME": str(cwd.parent / "home")},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def committed(folder: Path, files: Mapping[str, str]) -> str:
    """Makes a repository of the files; gives its commit."""
    folder.mkdir()
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert GIT
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for command in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "All")):
        done = run(folder, GIT, *command)
        assert done.returncode == 0, done.stderr
    return run(folder, GIT, "rev-parse", "HEAD").stdout.strip()


def hooked(tmp_path: Path, *arguments: str) -> Path:
    """A repository whose workflows the hook checks.

    Ours is stood in for by one that has the manifest alone, with this Python's packages instead of
    an environment that would be made of those of an index.
    """
    (hook,) = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    program, *rest = hook["entry"].split()
    assert (program, hook["language"]) == ("pitchpipe", "python")
    python = Path(sys.executable).as_posix()
    entry = f'"{python}" -m pitchpipe_cli {" ".join(rest)}'
    manifest = yaml.safe_dump([{**hook, "entry": entry, "language": "system"}])
    revision = committed(tmp_path / "hooks", {MANIFEST.name: manifest})
    wanted = {"id": "pitchpipe-check", "args": list(arguments)}
    repository = {"repo": str(tmp_path / "hooks"), "rev": revision, "hooks": [wanted]}
    names = ("a.tune.yaml", "deep/pitchpipe.yml", "my-pitchpipe.yml", "compose.yaml", "b.tune.json")
    settings = {".pre-commit-config.yaml": yaml.safe_dump({"repos": [repository]})}
    committed(tmp_path / "project", {**settings, **dict.fromkeys(names, WRONG)})
    return tmp_path / "project"


def hook(project: Path) -> subprocess.CompletedProcess[str]:
    return run(project, sys.executable, "-m", "pre_commit", "run", "--all-files")


def test_the_manifest_is_one(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "pre_commit", "validate-manifest", str(MANIFEST))
    done = run(tmp_path, *command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_are_checked_and_nothing_else(tmp_path: Path) -> None:
    done = hook(hooked(tmp_path))
    assert done.returncode == 1, done.stdout + done.stderr
    found = [line for line in done.stdout.splitlines() if "error[unknown-key]" in line]
    names = sorted(line.partition(":")[0].replace(os.sep, "/") for line in found)
    assert names == ["a.tune.yaml", "deep/pitchpipe.yml"]


def test_with_fix_the_files_are_mended_and_the_commit_is_held_back(tmp_path: Path) -> None:
    project = hooked(tmp_path, "--fix")
    done = hook(project)
    assert done.returncode == 1
    assert "files were modified by this hook" in done.stdout
    mended = (project / "a.tune.yaml").read_text(encoding="utf-8")
    assert mended == WRONG.replace("trainig", "training")
    assert (project / "compose.yaml").read_text(encoding="utf-8") == WRONG
    assert hook(project).returncode == 0
