"""A workflow is mended, formatted and run in real editors, with the configuration we document.

The tests of an editor share its session and go in order, as a user would.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from editors import emacs, neovim, project
from editors.neovim import Neovim
from editors.project import RUN, Editor, until

pytestmark = [
    pytest.mark.editors,
    pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal"),
]

EDITORS: dict[str, Callable[[Path, Path], Editor]] = {
    "neovim": lambda file, home: Neovim(_neovim(), file, home),
    "eglot": lambda file, home: emacs.Eglot(_emacs("eglot"), file, home),
    "lsp-mode": lambda file, home: emacs.LspMode(_emacs("lsp-mode"), file, home),
}


ENDS = {"run-done", "failure", "interrupted"}
ASKED_AGAIN = 20.0  # seconds after which somebody who was told nothing asks again


def _program(name: str) -> str:
    """The program beside this Python, else on the PATH; without it the tests are skipped."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def _neovim() -> str:
    program = _program("nvim")
    if not neovim.is_new_enough(program):
        pytest.skip("Neovim is older than 0.11")
    return program


def _emacs(client: str) -> str:
    program = _program("emacs")
    for library in (client, "yaml-mode"):
        if not emacs.can_load(program, library):
            pytest.skip(f"Emacs has no {library}")
    return program


@pytest.fixture(scope="module", params=EDITORS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def file(name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project.make(tmp_path_factory.mktemp(name) / "project")


@pytest.fixture(scope="module")
def editor(name: str, file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    started = EDITORS[name](file, tmp_path_factory.mktemp("home"))
    yield started
    try:
        if any(ended not in ENDS for ended in endings(file)):
            started.command("cancel")
            until(lambda: all(ended in ENDS for ended in endings(file)), "what still ran ends", RUN)
    finally:
        started.close()


def line_of(editor: Editor, part: str) -> int:
    return next(n for n, line in enumerate(editor.text().split("\n"), 1) if part in line)


def events(file: Path) -> list[list[str]]:
    """What happened in each run of a workflow, oldest first."""
    logs = sorted((file.parent / "runs").glob("*/events.jsonl"))
    return [
        [json.loads(line)["kind"] for line in log.read_text("utf-8").splitlines()] for log in logs
    ]


def endings(file: Path) -> list[str]:
    """What happened last in each run, oldest first."""
    return [told[-1] for told in events(file) if told]


def test_findings_are_shown(editor: Editor) -> None:
    until(editor.findings, "the misspelt key is marked")
    assert len(editor.findings()) == 1
    assert "did you mean `logging_steps`?" in editor.findings()[0]


def test_a_hover_tells_what_a_key_does(editor: Editor) -> None:
    line = line_of(editor, "max_steps")
    asked = [float("-inf")]

    def shown() -> bool:
        # What is typed into a terminal while an editor is busy may be taken for something else.
        if time.monotonic() - asked[-1] > ASKED_AGAIN:
            asked.append(time.monotonic())
            editor.hover(line, "max_steps")
        return "Stop after so many optimizer steps" in editor.hovered()

    until(shown, "the hover is shown")


def test_a_fix_is_applied(editor: Editor) -> None:
    editor.fix(line_of(editor, "loging_steps"), "loging_steps")
    until(lambda: "  logging_steps: 1     # every step\n" in editor.text(), "the key is renamed")
    until(lambda: not editor.findings(), "the mark is gone")


def test_a_key_is_completed(editor: Editor) -> None:
    editor.complete(line_of(editor, "seed: 7"), "gradient_acc", "2")
    expected = "  seed: 7\n  gradient_accumulation_steps: 2\nevaluate:"
    until(lambda: expected in editor.text(), "the key is completed")
    until(lambda: not editor.findings(), "the marks of half a key are gone")


def test_the_file_is_formatted(editor: Editor) -> None:
    editor.format()
    until(lambda: "method: {type: lora, r: 4" in editor.text(), "spaces are taken away")
    assert "  logging_steps: 1  # every step\n" in editor.text()
    assert '"Wie klingt „ü“ 🎺? {text}"' in editor.text()


def test_a_smoke_run_is_followed_to_its_end(editor: Editor, file: Path) -> None:
    editor.save()
    until(lambda: file.read_text("utf-8") == editor.text(), "the file is saved")
    editor.command("smoke")
    until(lambda: endings(file) == ["run-done"], "the run ends", RUN)
    until(lambda: ": done" in editor.log(), "its end is told")
    shown = editor.progress()
    assert shown is None or any("train" in said for said in shown)


def test_a_run_is_stopped(editor: Editor, file: Path) -> None:
    editor.replace("max_steps: 4", "max_steps: 50000")
    editor.save()
    until(lambda: "50000" in file.read_text("utf-8"), "the file is saved")
    editor.command("run")
    until(lambda: len(events(file)) == 2 and "metrics" in events(file)[1], "the run trains", RUN)
    editor.command("cancel")
    until(lambda: endings(file) == ["run-done", "interrupted"], "the run stops", RUN)
    until(lambda: ": interrupted" in editor.log(), "its end is told")
