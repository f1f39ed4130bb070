"""What a user sees of a workflow in VS Code's window. The tests share the window and go in order.

Each leaves a picture in vscode-extension/test/screenshots, for a person to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from editors import project
from editors.project import until
from vscode.server import Server
from vscode.window import Window, opened

pytestmark = pytest.mark.editors


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project.make(tmp_path_factory.mktemp("editing") / "project")


@pytest.fixture(scope="module")
def window(browser: Any, serving: Server, file: Path) -> Iterator[Window]:
    with opened(browser, serving.address(file.parent)) as window:
        window.open(file.name)
        yield window


@pytest.fixture(autouse=True)
def taken_back(window: Window) -> Iterator[None]:
    """Every test begins with the file as it was."""
    yield
    window.undo()


def test_a_workflow_shows_findings_lenses_and_hints(window: Window) -> None:
    page = window.page
    window.squiggles().first.wait_for()
    for title in ("Run", "Smoke run", "Estimate"):
        window.lens(title).first.wait_for()
    page.get_by_text("60 rows").wait_for()
    page.get_by_text("needs about").wait_for()
    window.shot("01-findings-lenses-hints", shown_as="editing")
    assert page.locator(".statusbar").get_by_text("Pitchpipe workflow").count() == 1


def test_yaml_that_is_a_workflow_becomes_one_until_its_user_says_otherwise(
    window: Window, file: Path
) -> None:
    page, mode = window.page, window.page.locator("#status\\.editor\\.mode")
    plain = file.with_name("plain.yaml")
    plain.write_text(file.read_text("utf-8").replace("loging", "logging"), encoding="utf-8")
    other = file.with_name("other.yaml")
    other.write_text("services:\n  web: {image: nginx}\n", encoding="utf-8")
    window.open(plain.name)
    mode.get_by_text("Pitchpipe workflow").wait_for()
    window.lens("Smoke run").wait_for()
    mode.click()
    page.keyboard.type("YAML")
    window.pick("YAML")
    mode.get_by_text("YAML").wait_for()
    window.open(other.name)
    window.open(plain.name)
    page.wait_for_timeout(2000)  # in which it would have been changed again
    assert mode.inner_text().strip() == "YAML"
    window.open(file.name)


def test_templates_are_coloured_apart_from_their_text(window: Window) -> None:
    column, around = window.word("text"), window.word('"Wie klingt „ü“ 🎺?')
    colour = "(e) => getComputedStyle(e).color"
    assert column.evaluate(colour) != around.evaluate(colour)


def test_a_hover_explains_a_key(window: Window) -> None:
    window.word("max_steps").hover()
    window.hover("optimizer steps").wait_for()
    window.shot("02-hover-key", rest=False)


def test_a_hover_tells_memory_by_parts(window: Window) -> None:
    window.page.mouse.move(200, 5)
    window.word("lora").hover()
    window.hover("The peak").wait_for()
    window.shot("03-hover-memory", rest=False)
    window.page.mouse.move(200, 5)


def test_target_modules_are_completed_from_the_model(window: Window) -> None:
    page = window.page
    window.select("all-linear", len("all-linear"))
    page.keyboard.type("[q")
    row = page.locator(".suggest-widget.visible .monaco-list-row", has_text="q_proj")
    row.first.wait_for()
    window.shot("04-completion", rest=False)
    page.keyboard.press("Enter")
    until(lambda: "[q_proj]" in window.text(), "the module is written")


def test_a_quick_fix_mends_a_key(window: Window) -> None:
    page = window.page
    window.word("loging_steps").click()
    page.keyboard.press("Control+.")
    menu = page.locator(".action-widget .monaco-list-row")
    menu.filter(has_text="logging_steps").first.wait_for()
    window.shot("05-quick-fix", rest=False)
    page.keyboard.press("Enter")
    until(lambda: window.word("logging_steps").count() == 1, "the key is renamed")
    until(lambda: window.squiggles().count() == 0, "the finding has gone")


def test_problems_name_their_code_with_a_link(window: Window) -> None:
    page = window.page
    window.squiggles().first.wait_for()
    page.keyboard.press("Control+Shift+M")
    row = page.locator(".markers-panel .monaco-list-row", has_text="did you mean `logging_steps`?")
    row.wait_for()
    link = row.get_by_text("unknown-key")
    link.wait_for()
    window.shot("06-problems")
    page.keyboard.press("Control+Shift+M")
