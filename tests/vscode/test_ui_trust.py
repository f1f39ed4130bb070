"""A workspace that nobody trusts runs nothing of its own."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from editors.project import until
from vscode import server
from vscode.window import Window, opened

pytestmark = pytest.mark.editors

QUIET = 5.0  # seconds in which a program that is going to be started would have been


def trap(program: Path, mark: Path) -> Path:
    """A program that leaves a mark and then does what Python does."""
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f'#!/bin/sh\ntouch "{mark}"\nexec "{sys.executable}" "$@"\n', "utf-8")
    program.chmod(0o755)
    return program


def test_restricted_mode_runs_no_interpreter_of_the_workspace(
    browser: Any, vsix: Path, tone: Path, tmp_path: Path
) -> None:
    named, found = tmp_path / "named", tmp_path / "found"
    marker = str(trap(tone.parent / "python", named))
    trap(tone.parent / ".venv" / "bin" / "python", found)
    settings = tone.parent / ".vscode" / "settings.json"
    settings.parent.mkdir()
    wanted = {
        "pitchpipe.python": marker,
        "pitchpipe.server.python": marker,
        "pitchpipe.server.environment": {"PITCHPIPE_PYTHON": marker},
        "pitchpipe.smokeOnSave": True,
    }
    settings.write_text(json.dumps(wanted), encoding="utf-8")
    wrong = tone.with_name("wrong.tune.yaml")
    wrong.write_text(tone.read_text("utf-8").replace("seed", "sed"), encoding="utf-8")
    server.install(tmp_path / "home", vsix)
    beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with (
        # Nothing but the workspace names an interpreter; the one on the PATH has Pitchpipe.
        server.serving(
            tmp_path / "home", trust=False, settings={"pitchpipe.server.python": ""}, PATH=beside
        ) as serving,
        opened(browser, serving.address(tone.parent)) as window,
    ):
        page = window.page
        page.locator(".statusbar").get_by_text("Restricted Mode").wait_for()
        window.open(wrong.name)
        window.squiggles().first.wait_for()
        window.shot("30-restricted-mode")
        until(lambda: window.lens("Run").count() > 0, "lenses")
        window.lens("Smoke run").click()
        page.wait_for_timeout(QUIET * 1000)
        assert not named.exists()
        assert not found.exists()
        assert not (tone.parent / "runs").exists()
        trust(window)
        until(named.exists, "the trusted workspace's interpreter is run")
        window.shot("31-trusted")


def trust(window: Window) -> None:
    window.command("Workspaces: Manage Workspace Trust")
    window.page.locator(".workspace-trust-editor").get_by_role("button", name="Trust").first.click()
