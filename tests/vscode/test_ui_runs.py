"""A run that is started by a click, watched, and compared. The tests share the window, in order."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from editors.project import RUN, until
from vscode.server import Server
from vscode.window import Frame, Window, opened

pytestmark = pytest.mark.editors

THEMES = {
    "dark": ("Default Dark Modern", "vs-dark"),
    "high-contrast": ("Default High Contrast", "hc-black"),
    "light": ("Default Light Modern", "vs"),
}


@pytest.fixture(scope="module")
def window(browser: Any, serving: Server, tone: Path) -> Iterator[Window]:
    with opened(browser, serving.address(tone.parent)) as window:
        window.open(tone.name)
        yield window


def events(tone: Path) -> list[list[dict[str, Any]]]:
    """What each run of the workflow has told so far, oldest run first."""
    logs = sorted((tone.parent / "runs").glob("*/events.jsonl"))
    return [[json.loads(line) for line in log.read_text("utf-8").splitlines()] for log in logs]


def run_panel(window: Window) -> Frame:
    return window.frame(lambda frame: frame.locator("ol.stages li").count() > 0, "the run's panel")


def test_a_smoke_run_is_watched_to_its_end_over_a_reload(window: Window, tone: Path) -> None:
    page = window.page
    window.lens("Smoke run").click()
    panel = run_panel(window)
    panel.locator(".pill.running").wait_for()
    window.shot("10-run-begins")
    until(lambda: any(e["kind"] == "stage-started" for e in events(tone)[0]), "a stage begins", RUN)
    reloaded = time.time()
    page.reload(wait_until="domcontentloaded")
    page.wait_for_selector(".monaco-workbench")
    panel = run_panel(window)
    window.shot("11-run-after-reload")
    panel.locator(".pill.done").wait_for(timeout=RUN * 1000)
    window.shot("12-run-done", shown_as="run")
    (told,) = events(tone)
    assert told[-1]["kind"] == "run-done"
    assert told[-1]["t"] > reloaded, "the run ended before the reload"
    assert all(
        "done" in (li.get_attribute("class") or "") for li in panel.locator(".stages li").all()
    )
    assert panel.locator("canvas").count() > 0


@pytest.mark.parametrize("name", THEMES)
def test_the_panel_wears_the_theme(window: Window, serving: Server, name: str) -> None:
    theme, kind = THEMES[name]
    serving.set(**{"workbench.colorTheme": theme})
    window.wears(kind)
    panel = run_panel(window)
    paper = panel.evaluate("getComputedStyle(document.body).backgroundColor")
    bright = sum(int(part) for part in paper.removeprefix("rgb(").removesuffix(")").split(",")[:3])
    assert (bright > 380) == (name == "light")
    window.shot(f"13-run-{name}")


def test_the_runs_view_lists_it_with_what_it_came_to(window: Window) -> None:
    page = window.page
    page.locator(".activitybar").get_by_role("tab", name="Pitchpipe").click()
    rows = page.locator(".pane-body .monaco-list-row")
    rows.filter(has_text="tone").first.wait_for()
    run = rows.filter(has_text="smoke").first
    run.wait_for()
    window.shot("14-runs-view", shown_as="runs")
    assert "predicted" in run.inner_text()


def test_a_second_run_is_laid_over_the_first(window: Window, tone: Path) -> None:
    page = window.page
    # Another seed: otherwise all of the first run would be taken over.
    tone.write_text(tone.read_text("utf-8").replace("seed: 7", "seed: 8"), encoding="utf-8")
    page.locator('.tab[data-resource-name="tone.tune.yaml"]').click()
    until(lambda: "seed: 8" in window.text(), "the editor has the change")
    window.lens("Smoke run").click()
    until(lambda: len(events(tone)) == 2, "another run begins")
    until(lambda: [e["kind"] for e in events(tone)[1]][-1:] == ["run-done"], "it ends", RUN)
    rows = page.locator(".pane-body .monaco-list-row").filter(has_text="smoke")
    until(lambda: rows.count() == 2, "both are listed")
    rows.nth(0).click()
    rows.nth(1).click(modifiers=["ControlOrMeta"])
    rows.nth(1).click(button="right")
    window.choose("Compare Runs")
    page.locator(".tab.active", has_text="2 runs").wait_for()
    window.frame(lambda f: f.locator("tbody .pill.done").count() == 2, "both in one panel")
    window.shot("15-runs-compared")
