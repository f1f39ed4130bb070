"""The tests of vscode-extension/test/host, each as a test of this run."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from editors import project
from vscode import host, server

pytestmark = pytest.mark.editors


@pytest.fixture(scope="module")
def outcomes(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, host.Outcome]:
    """Builds extension and tests and runs them all in one window."""
    for script in ("esbuild.mjs", "test/host/build.mjs"):
        subprocess.run([server.node(), script], check=True, cwd=server.EXTENSION)
    folder = project.make(tmp_path_factory.mktemp("host") / "project").parent
    results = folder.parent / "results.jsonl"
    host.install_stubs(folder.parent / "home")
    home = folder.parent / "home"
    with server.serving(home, driver=True, PITCHPIPE_HOST_RESULTS=str(results)) as serving:
        return host.run(serving, browser, folder, results)


def test_what_ran_is_what_the_sources_hold(outcomes: dict[str, host.Outcome]) -> None:
    assert sorted(outcomes) == sorted(host.titles())


@pytest.mark.parametrize("title", host.titles())
def test_in_the_extension_host(outcomes: dict[str, host.Outcome], title: str) -> None:
    assert title in outcomes, "it did not run"
    found = outcomes[title]
    if found.outcome == "skipped":
        pytest.skip("skipped by mocha")
    assert found.error is None
    assert found.outcome == "passed"
