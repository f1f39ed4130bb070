"""A window of VS Code in Chromium, and what a user does in it."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from editors.project import PATIENCE, until
from vscode.server import EXTENSION, chromium

# Only `make test-editors` installs it, so that neither tests nor type checks elsewhere need it.
playwright: Any = pytest.importorskip("playwright.sync_api")
Browser: TypeAlias = Any
Page: TypeAlias = Any
Locator: TypeAlias = Any
Frame: TypeAlias = Any

SCREENSHOTS = EXTENSION / "test" / "screenshots"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Whatever VS Code would look up elsewhere stays inside.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@contextmanager
def browsing() -> Iterator[Browser]:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[Window]:
    """A window with a memory of its own, which lasts over a reload."""
    context = browser.new_context(viewport={"width": 1400, "height": 850}, locale="en-GB")
    try:
        window = Window(context.new_page())
        window.goto(address)
        yield window
    finally:
        context.close()


class Window:
    """One window; it opens with `goto`."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(PATIENCE * 1000)

    def goto(self, address: str) -> None:
        self.page.goto(address, wait_until="domcontentloaded")
        self.page.wait_for_selector(".monaco-workbench")

    def row(self, name: str) -> Locator:
        """A row of the explorer."""
        return self.page.locator(
            ".explorer-folders-view .monaco-list-row",
            has=self.page.locator(".label-name", has_text=re.compile(rf"^{re.escape(name)}$")),
        )

    def open(self, name: str) -> None:
        self.row(name).dblclick()
        self.page.wait_for_selector(f'.tab.active[data-resource-name="{name}"]')
        self.page.wait_for_selector(".editor-instance .view-lines .view-line")

    def word(self, word: str, nth: int = 0) -> Locator:
        """A token of the text of the active editor."""
        spans = self.page.locator(".editor-instance .view-lines .view-line span > span")
        escaped = re.escape(word).replace("\\ ", r"\s")  # VS Code's are no-break spaces
        return spans.filter(has_text=re.compile(rf"^\s*{escaped}\s*$")).nth(nth)

    def squiggles(self, severity: str = "error") -> Locator:
        return self.page.locator(f".editor-instance .squiggly-{severity}")

    def lens(self, text: str) -> Locator:
        # An icon may stand before it, which is a character too.
        whole = re.compile(rf"^\W*{re.escape(text)}\W*$")
        return self.page.locator(".editor-instance .codelens-decoration a", has_text=whole)

    def hover(self, text: str) -> Locator:
        """The card that is shown over a word."""
        return self.page.locator(".monaco-hover:not(.hidden)", has_text=text).first

    def text(self) -> str:
        """The visible lines of the active editor."""
        lines = self.page.locator(".editor-instance .view-lines").first.inner_text()
        return lines.replace("\N{NO-BREAK SPACE}", " ")

    def undo(self) -> None:
        """Takes back all edits of the active editor since it was saved."""
        self.page.keyboard.press("Escape")
        dirty = self.page.locator(".tab.active.dirty")
        for _ in range(30):
            if not dirty.count():
                return
            self.page.keyboard.press("Control+Z")
            self.page.wait_for_timeout(100)
        raise AssertionError("undoing did not bring the saved text back")

    def select(self, word: str, length: int) -> None:
        """Selects what stands around a word by growing the selection to so many characters."""
        self.word(word).click()
        for _ in range(6):
            if self.page.locator(".statusbar").get_by_text(f"({length} selected)").count():
                return
            self.page.keyboard.press("Shift+Alt+ArrowRight")
            self.page.wait_for_timeout(500)
        raise AssertionError(f"no selection of {length} characters around {word}")

    def command(self, title: str) -> None:
        """Runs a command of the palette by its title, as in `Pitchpipe: Run Workflow`."""
        self.page.keyboard.press("F1")
        box = self.page.locator(".quick-input-widget input.input")
        box.wait_for()
        box.fill(f">{title}")
        row = self.page.locator(".quick-input-list .monaco-list-row").filter(
            has=self.page.locator(".label-name", has_text=re.compile(rf"^{re.escape(title)}"))
        )
        row.first.click()

    def pick(self, label: str) -> None:
        """Picks from the list that a command asks with."""
        rows = self.page.locator(".quick-input-list .monaco-list-row")
        rows.filter(has_text=label).first.click()

    def choose(self, label: str) -> None:
        """Chooses from a context menu, which passes over clicks while it is just coming up."""
        item = self.page.locator(".context-view .action-label", has_text=label)
        item.wait_for()
        for _ in range(9):
            self.page.wait_for_timeout(400)
            if not item.count():
                return
            item.click()
        raise AssertionError(f"the menu stays open on {label}")

    def frame(self, holds: Callable[[Frame], bool], what: str) -> Frame:
        """The document of a webview, found by what it holds."""

        def fits(frame: Frame) -> bool:
            try:
                return holds(frame)
            except playwright.Error:  # the frame has gone meanwhile
                return False

        found: list[Frame] = []
        until(lambda: found.extend(filter(fits, self.page.frames)) or found, what)
        return found[0]

    def wears(self, kind: str) -> None:
        """Waits until the workbench is `vs`, `vs-dark`, `hc-black` or `hc-light`."""
        self.page.wait_for_selector(f".monaco-workbench.{kind}")
        self.page.wait_for_timeout(500)  # panels repaint after it

    def shot(self, name: str, rest: bool = True, shown_as: str | None = None) -> Path:
        """A picture for a person to look at; the pointer goes aside, unless it is not to `rest`.

        With UPDATE_PICTURES set, the extension's README gets it under the name `shown_as`.
        """
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        if rest:
            self.page.mouse.move(200, 5)
        time.sleep(0.4)  # fades and delayed widgets
        file = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=file)
        if shown_as and os.environ.get("UPDATE_PICTURES"):
            shutil.copyfile(file, EXTENSION / "images" / f"{shown_as}.png")
        return file
