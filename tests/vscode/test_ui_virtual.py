"""A workspace that lies on no disk has colours, and no language server."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import psutil
import pytest

from vscode import server
from vscode.window import opened

pytestmark = pytest.mark.editors

FILES = server.EXTENSION / "test" / "ui" / "memory"
QUIET = 3.0  # seconds in which a server that is going to be started would have been


def test_a_virtual_workspace_starts_no_server(browser: Any, vsix: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(FILES, home / "extensions" / "tests.memory-files-0.0.1")
    server.install(home, vsix)
    with (
        server.serving(home) as serving,
        opened(browser, f"http://127.0.0.1:{serving.port}/?folder=memory:/project") as window,
    ):
        window.open("tone.tune.yaml")
        window.page.locator(".statusbar").get_by_text("Pitchpipe workflow").wait_for()
        window.command("Pitchpipe: Show Language Server Status")
        said = window.page.locator(".notifications-toasts")
        said.get_by_text("no language server in a virtual workspace").wait_for()
        window.page.wait_for_timeout(QUIET * 1000)
        window.shot("44-virtual-workspace")
        assert window.squiggles().count() == 0
        assert servers(home) == []


def servers(home: Path) -> list[int]:
    """The language servers among the processes that belong to a home."""
    return [process.pid for process in psutil.process_iter() if _serves(process, home)]


def _serves(process: psutil.Process, home: Path) -> bool:
    try:
        ours = process.environ().get("HOME") == str(home)
        return ours and "pitchpipe_server" in process.cmdline()
    except psutil.Error:  # it has ended, or is somebody else's
        return False
