"""The panels' pages in a browser, without an editor around: vscode-extension/test/panels."""

from __future__ import annotations

import os
import subprocess

import pytest

from vscode import server

pytestmark = pytest.mark.editors


def test_the_pages_of_the_panels(installed: None) -> None:
    done = subprocess.run(
        [
            *(server.node(), "node_modules/vitest/vitest.mjs", "run"),
            *("--config", "test/panels/vitest.config.ts"),
        ],
        cwd=server.EXTENSION,
        env={**os.environ, "CHROMIUM": server.chromium(), "NO_COLOR": "1"},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
