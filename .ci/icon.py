"""Draws .ci/icon.svg as the PNG that VS Code wants.

python .ci/icon.py     # needs the dependency group `browser` and a Chromium
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
DRAWN = HERE.parent / "vscode-extension" / "images" / "icon.png"
PIXELS = 128  # what VS Code asks for


def main() -> None:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": PIXELS, "height": PIXELS})
        svg = (HERE / "icon.svg").read_text(encoding="utf-8")
        page.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block }}</style>{svg}")
        page.screenshot(path=DRAWN, omit_background=True)
        browser.close()


if __name__ == "__main__":
    main()
