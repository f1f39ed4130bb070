from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from editors import project
from vscode import server, window


@pytest.fixture(scope="session")
def installed() -> None:
    """Skips where VS Code is not there to be driven."""
    if sys.platform != "linux":
        pytest.skip("VS Code is set up for tests on Linux only")
    if not server.INSTALLED.exists():
        pytest.skip("VS Code is not installed: python .ci/code_server.py")


@pytest.fixture(scope="session")
def browser(installed: None) -> Iterator[Any]:
    with window.browsing() as opened:
        yield opened


@pytest.fixture(scope="session")
def vsix() -> Path:
    """The extension as `make build` leaves it."""
    found = sorted((server.ROOT / "dist").glob("*.vsix"))
    assert len(found) == 1, (
        "there is no .vsix: python -m build --outdir dist . && python .ci/vsix.py dist"
    )
    return found[0]


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workflow that runs in seconds, in a folder with its rows and its model."""
    file = project.make(tmp_path_factory.mktemp("tone") / "project")
    tone = file.with_name("tone.tune.yaml")
    tone.write_text(project.WORKFLOW.replace("loging", "logging"), encoding="utf-8")
    file.unlink()
    return tone


@pytest.fixture(scope="module")
def serving(
    vsix: Path, installed: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[server.Server]:
    """VS Code's server with the extension as users get it."""
    home = tmp_path_factory.mktemp("home")
    server.install(home, vsix)
    with server.serving(home) as started:
        yield started


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keeps a picture of the window of a test that failed."""
    report = yield
    shown = getattr(item, "funcargs", {}).get("window")
    if report.failed and isinstance(shown, window.Window):
        shown.shot(f"failed-{item.name}", rest=False)
    return report
