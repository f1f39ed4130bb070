"""A workspace that lies on no disk has language features, and nothing of files and runs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from vscode import server
from vscode.window import opened

pytestmark = pytest.mark.editors

FILES = server.EXTENSION / "test" / "ui" / "memory"


def test_a_virtual_workspace_has_language_features(
    browser: Any, vsix: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(FILES, home / "extensions" / "tests.memory-files-0.0.1")
    server.install(home, vsix)
    with (
        server.serving(home) as serving,
        opened(browser, f"http://127.0.0.1:{serving.port}/?folder=memory:/project") as window,
    ):
        window.open("tone.tune.yaml")
        window.squiggles().first.wait_for()
        window.shot("44-virtual-workspace")
        # One for the misspelt key: neither the model's folder nor the data are missed.
        assert window.squiggles().count() == 1
        assert window.page.get_by_text("Smoke run").count() == 0
        window.command("Pitchpipe: Run Workflow")
        window.page.locator(".notifications-toasts").get_by_text("Runs need files").wait_for()
