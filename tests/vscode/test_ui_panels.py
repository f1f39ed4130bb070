"""What else the extension shows: estimates, rendered rows, new workflows, the walkthrough.

The tests share the window, in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from editors.project import RUN, until
from vscode.server import Server
from vscode.window import Window, opened

pytestmark = pytest.mark.editors


@pytest.fixture(scope="module")
def window(browser: Any, serving: Server, tone: Path) -> Iterator[Window]:
    with opened(browser, serving.address(tone.parent)) as window:
        window.open(tone.name)
        window.lens("Run").wait_for()
        yield window


def test_the_memory_panel_moves_while_the_file_is_edited(window: Window) -> None:
    page = window.page
    window.command("Pitchpipe: Show Memory Estimate")
    panel = window.frame(lambda frame: frame.locator("dl.figures").count() > 0, "the panel")
    figures = panel.locator("dl.figures")
    until(lambda: re.search(r"\d [KMG]B", figures.inner_text()), "the estimate")
    window.shot("20-memory", shown_as="memory")
    before = figures.inner_text()
    window.word("max_steps").click()
    window.select("64", 2)
    page.keyboard.type("512")
    until(lambda: figures.inner_text() != before, "another estimate")
    window.shot("21-memory-of-longer-rows")
    window.undo()
    until(lambda: figures.inner_text() == before, "the first estimate again")


def test_the_memory_panel_follows_what_others_change(window: Window, tone: Path) -> None:
    epochs = tone.with_name("epochs.tune.yaml")
    text = tone.read_text("utf-8").replace("max_steps: 4", "num_train_epochs: 1")
    epochs.write_text(text, encoding="utf-8")
    window.open(epochs.name)
    panel = window.frame(lambda frame: frame.locator("dl.figures").count() > 0, "the panel")
    figures = panel.locator("dl.figures")
    until(lambda: re.search(r"Steps\s+12\b", figures.inner_text()), "steps of 48 rows")
    rows = tone.with_name("rows.jsonl")
    before = rows.read_text("utf-8")
    rows.write_text(before * 2, encoding="utf-8")
    until(lambda: re.search(r"Steps\s+24\b", figures.inner_text()), "steps of 96 rows")
    rows.write_text(before, encoding="utf-8")
    until(lambda: re.search(r"Steps\s+12\b", figures.inner_text()), "the first estimate again")
    window.open(tone.name)
    epochs.unlink()


def test_the_preview_shows_rows_with_masked_tokens(window: Window) -> None:
    window.command("Pitchpipe: Preview Rendered Rows")
    panel = window.frame(lambda frame: frame.locator("ol.rows").count() > 0, "the preview")
    shown = panel.locator("ol.rows > li").or_(panel.get_by_role("alert"))
    shown.first.wait_for(timeout=RUN * 1000)
    assert panel.get_by_role("alert").all_inner_texts() == []
    assert panel.locator("ol.rows .learnt").count() > 0
    assert panel.locator("ol.rows .masked").count() > 0
    window.shot("22-preview")


def test_a_new_workflow_is_asked_for_step_by_step(window: Window, tone: Path) -> None:
    page = window.page
    before = set(tone.parent.glob("*.yaml"))
    window.command("Pitchpipe: New Workflow")
    window.pick("classification")
    page.locator(".quick-input-widget").get_by_text("Which model?").or_(
        page.locator(".quick-input-widget input[placeholder^='Which model']")
    ).first.wait_for()
    window.shot("23-new-workflow-model")
    page.locator(".quick-input-widget input.input").fill("model")
    page.keyboard.press("Enter")
    window.pick("rows.jsonl")
    window.pick("lora")
    until(lambda: set(tone.parent.glob("*.yaml")) - before, "the file is written")
    (made,) = set(tone.parent.glob("*.yaml")) - before
    page.wait_for_selector(f'.tab[data-resource-name="{made.name}"]')
    window.lens("Run").first.wait_for()
    window.shot("24-new-workflow")
    assert "rows.jsonl" in made.read_text("utf-8")


def test_the_walkthrough_leads_to_a_first_run(window: Window) -> None:
    page = window.page
    window.command("Welcome: Open Walkthrough...")
    window.pick("Fine-tune with Pitchpipe")
    steps = page.locator(".getting-started-step")
    steps.first.wait_for()
    assert steps.count() == 4
    # What was so before the page was there is ticked, too: Python, the server and a workflow.
    until(lambda: steps.locator(".codicon.complete").count() >= 3, "ticks")
    window.shot("25-walkthrough")
