"""What a user of VS Code waits for: the workbench, the first finding, the extension's activation.

    python tests/bench/vscode.py [-n 5] [VSIX]

Needs what `make test-editors` sets up, and a `.vsix` as `make build` writes it into `dist`. Each
time is of a new window with a broken workflow in it; activation is VS Code's own account of it.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.pop(0)  # this folder, in which this very file would be found as `vscode`
sys.path.insert(0, str(Path(__file__).parents[1]))

from editors import project
from support.cli import ROOT
from vscode import server

if TYPE_CHECKING:
    from vscode.window import Window

_ACTIVATION = re.compile(r"(\d+)\s*ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vsix", nargs="?", type=Path, help="newest in dist where none is named")
    parser.add_argument("-n", type=int, default=5, help="windows")
    asked = parser.parse_args()
    if not server.INSTALLED.exists():
        print("VS Code is not set up; `make test-editors` does that")
        return
    from vscode import window  # needs Playwright, which comes with it

    vsix = asked.vsix or max((ROOT / "dist").glob("*.vsix"), key=lambda file: file.stat().st_mtime)
    opened: list[float] = []
    found: list[float] = []
    activated: list[float] = []
    with tempfile.TemporaryDirectory(prefix="pitchpipe-") as made:
        file = project.make(Path(made, "project"))
        server.install(Path(made, "home"), vsix)
        with server.serving(Path(made, "home")) as serving, window.browsing() as browser:
            address = serving.address(file.parent, [["openFile", serving.remote(file)]])
            for _ in range(asked.n):
                context = browser.new_context(viewport={"width": 1400, "height": 850})
                shown = window.Window(context.new_page())
                began = time.monotonic()
                shown.goto(address)
                opened.append(time.monotonic() - began)
                shown.squiggles().first.wait_for()
                found.append(time.monotonic() - began)
                activated.append(_activation(shown) / 1000)
                context.close()
    for name, seconds in (("workbench", opened), ("finding", found), ("activation", activated)):
        print(f"{name:<12}{_spread(seconds)}")


def _activation(shown: Window) -> int:
    """Milliseconds, as the list of running extensions says."""
    shown.command("Developer: Show Running Extensions")
    rows = shown.page.locator(".runtime-extensions-editor .monaco-list-row", has_text="Pitchpipe")
    rows.first.wait_for()
    said = _ACTIVATION.search(rows.first.inner_text())
    if said is None:
        raise SystemExit(
            f"VS Code does not say how long activation took: {rows.first.inner_text()}"
        )
    return int(said[1])


def _spread(seconds: Sequence[float]) -> str:
    least, most = min(seconds), max(seconds)
    return (
        f"median {statistics.median(seconds):.2f} s ({least:.2f} to {most:.2f}), n {len(seconds)}"
    )


if __name__ == "__main__":
    main()
