"""From nothing to a workflow that is looked at: installing, the walkthrough, the sample."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from editors.project import until
from vscode import server
from vscode.window import opened

pytestmark = pytest.mark.editors

INSTALLING = 240_000  # milliseconds until packages that are not there count as never coming


def test_from_nothing_to_the_sample(browser: Any, vsix: Path, tone: Path, tmp_path: Path) -> None:
    """All by clicks; the Python on the PATH has nothing installed."""
    home, bare = tmp_path / "home", tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    path = f"{bare / 'bin'}{os.pathsep}{os.environ['PATH']}"
    server.install(home, vsix)
    with (
        server.serving(home, settings={"pitchpipe.server.python": ""}, PATH=path) as serving,
        opened(browser, serving.address(tone.parent)) as window,
    ):
        page = window.page
        window.command("Welcome: Open Walkthrough")
        window.pick("Fine-tune with Pitchpipe")
        steps = page.locator(".getting-started-step")
        steps.nth(3).wait_for()
        window.shot("40-walkthrough")
        install = steps.filter(has_text="Install server")
        install.click()
        install.get_by_role("button", name="Install").click()
        window.pick("New environment in the workspace")
        window.shot("41-what-to-install")
        window.pick("The language server alone")
        page.locator(".terminal-wrapper.active").wait_for()
        install.locator(".codicon.complete").wait_for(timeout=INSTALLING)
        window.shot("42-installed")
        assert (tone.parent / ".venv" / "bin" / "python").exists()
        sample = steps.filter(has_text="Open a workflow")
        if not sample.get_by_role("button", name="Open Sample").is_visible():
            sample.click()
        sample.get_by_role("button", name="Open Sample").click()
        page.wait_for_timeout(1500)  # in which the walkthrough may take the focus
        window.pick("project")
        page.wait_for_selector('.tab.active[data-resource-name="tones.tune.yaml"]')
        window.command("View: Toggle Panel Visibility")
        until(lambda: window.lens("Smoke run").count() > 0, "lenses")
        assert window.squiggles().count() == 0
        window.shot("43-sample")
        window.open(tone.name)
        until(lambda: window.lens("Smoke run").count() > 0, "lenses")
        ticked = page.locator(".getting-started-step .codicon.complete")
        page.locator(".tab", has_text="Walkthrough").or_(
            page.locator(".tab", has_text="Welcome")
        ).first.click()
        until(lambda: ticked.count() == 3, "all but the run are ticked")
