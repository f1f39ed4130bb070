"""The report in a real browser: it draws, fits, can be read and can be used by keyboard alone."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pytest

from pitchpipe_runner.report import build
from support.recorded_run import Recipe, write

# Only `make test-editors` installs it, so that neither tests nor type checks elsewhere need it.
playwright: Any = pytest.importorskip("playwright.sync_api")
Browser: TypeAlias = Any
Page: TypeAlias = Any

pytestmark = pytest.mark.browser

ARTIFACTS = Path(__file__).parent / ".artifacts"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (390, 1440)
RECIPES = {
    "done": Recipe(overrides={"training.seed": "7"}),
    "failed": Recipe(ends="failed", evaluation=False, export=False, nan_from=120),
    "resumed": Recipe(resumed_at=140, device="cuda"),
    "text": Recipe(classification=False),
    "bare": Recipe(metrics=False, evaluation=False, export=False),
}
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The address of each recipe's report."""
    made: dict[str, str] = {}
    for name, recipe in RECIPES.items():
        folder = write(tmp_path_factory.mktemp(name) / "20260314-100215-spam-subjects", recipe)
        (folder / "report.html").write_text(build(folder), encoding="utf-8", newline="\n")
        made[name] = (folder / "report.html").as_uri()
    return made


@pytest.fixture
def opened(browser: Browser) -> Iterator[Any]:
    """A function that opens an address, and fails the test on any error or request of the page."""
    troubles: list[str] = []
    contexts = []

    def open_(address: str, width: int = 1440, scheme: Literal["light", "dark"] = "light") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, locale="en-GB"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: troubles.append(f"console: {m.text}"))
        page.on("pageerror", lambda e: troubles.append(f"error: {e}"))
        page.on("requestfailed", lambda r: troubles.append(f"failed: {r.url}"))
        page.on("request", lambda r: _only(address, r.url, troubles))
        page.goto(address)
        page.wait_for_function("document.querySelectorAll('.plot canvas').length >= 0")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert troubles == []


def _only(address: str, url: str, troubles: list[str]) -> None:
    if url != address and not url.startswith("data:"):
        troubles.append(f"request: {url}")


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_report_draws_itself_and_fits_the_window(
    opened: Any, reports: dict[str, str], name: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    page: Page = opened(reports[name], width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    drawn = page.evaluate("JSON.parse(document.getElementById('drawn').textContent).length")
    inks: list[float] = page.evaluate(INK)
    assert len(inks) == drawn
    assert all(ink > 0.002 for ink in inks), inks
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}-{scheme}-{width}.png", full_page=True)


@pytest.mark.parametrize("name", RECIPES)
def test_no_window_from_360_pixels_on_needs_sideways_scrolling(
    opened: Any, reports: dict[str, str], name: str
) -> None:
    page: Page = opened(reports[name], 360)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    for width in (360, 600, 768, 1024, 1120, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(60)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        widths = page.evaluate("[...document.querySelectorAll('canvas')].map((c) => c.clientWidth)")
        assert all(w <= width for w in widths)


# The share of each canvas' pixels that is painted.
INK = """[...document.querySelectorAll('.plot canvas')].map((canvas) => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let painted = 0;
  for (let i = 3; i < data.length; i += 4) painted += data[i] > 0 ? 1 : 0;
  return painted / (data.length / 4);
})"""


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_all_text_stands_out_from_its_background(
    opened: Any, reports: dict[str, str], name: str, scheme: Literal["light", "dark"]
) -> None:
    page: Page = opened(reports[name], 1440, scheme)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    found: list[dict[str, Any]] = page.evaluate(CONTRASTS)
    assert len(found) > 50
    assert [f for f in found if f["ratio"] < 4.5] == []


# WCAG's contrast of every element that has text of its own, against the nearest painted background.
CONTRASTS = """() => {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data;
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const found = rgba(getComputedStyle(e).backgroundColor);
      if (found[3] === 255) return found;
    }
    return [255, 255, 255, 255];
  };
  const own = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  return [...document.body.querySelectorAll('*')]
    .filter((e) => own(e) && e.checkVisibility() && !['SCRIPT', 'STYLE'].includes(e.tagName))
    .map((e) => {
      const [a, b] = [light(rgba(getComputedStyle(e).color)), light(behind(e))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      return { ratio, tag: e.tagName, of: e.className, text: e.textContent.trim().slice(0, 40) };
    });
}"""


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_toggle_turns_the_page_and_its_charts(
    opened: Any, reports: dict[str, str], scheme: Literal["light", "dark"]
) -> None:
    page: Page = opened(reports["done"], 1440, scheme)
    button = page.get_by_role("button", name="Dark theme")
    pixels = "document.querySelector('.plot canvas').toDataURL()"
    paper = "getComputedStyle(document.body).backgroundColor"
    before, drawn = page.evaluate(paper), page.evaluate(pixels)
    assert button.get_attribute("aria-pressed") == str(scheme == "dark").lower()
    button.click()
    page.wait_for_timeout(100)
    assert button.get_attribute("aria-pressed") == str(scheme == "light").lower()
    assert page.evaluate(paper) != before
    assert page.evaluate(pixels) != drawn
    page.reload()
    assert button.get_attribute("aria-pressed") == str(scheme == "light").lower()


def test_everything_can_be_reached_and_used_by_keyboard(
    opened: Any, reports: dict[str, str]
) -> None:
    page: Page = opened(reports["done"])
    reached: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
        if reached[-1] == "SUMMARY in plan":
            break
    assert reached[0] == "A.skip in "
    assert "BUTTON in " in reached
    assert "DIV.plot in training" in reached
    assert "SUMMARY in training" in reached
    assert "DIV.scroller in evaluation" in reached
    assert reached[-1] == "SUMMARY in plan"
    page.keyboard.press("Enter")
    assert page.locator("details.plan").evaluate("(d) => d.open")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "plan-search"


FOCUSED = """(() => {
  const e = document.activeElement;
  return `${e.tagName}${e.className ? '.' + e.className : ''} in ${e.closest('section')?.id ?? ''}`;
})()"""


def test_arrow_keys_read_the_values_of_a_chart(opened: Any, reports: dict[str, str]) -> None:
    page: Page = opened(reports["done"])
    chart = page.locator("[data-chart=loss]")
    chart.locator(".plot").focus()
    page.keyboard.press("End")
    page.wait_for_timeout(50)
    assert chart.locator(".legend .at").inner_text() == "step 280"
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(50)
    assert chart.locator(".legend .at").inner_text() == "step 2"
    assert float(chart.locator(".legend output").first.inner_text()) > 1
    # The cursors of the charts over steps go together.
    page.wait_for_timeout(50)
    rate = page.locator("[data-chart=learning-rate] .legend .at")
    assert rate.inner_text() == "step 2"


def test_a_drag_zooms_and_escape_shows_all_again(opened: Any, reports: dict[str, str]) -> None:
    page: Page = opened(reports["done"])
    plot = page.locator("[data-chart=loss] .plot")
    plot.scroll_into_view_if_needed()
    canvas = page.locator("[data-chart=loss] canvas")
    whole = canvas.evaluate("(c) => c.toDataURL()")
    box = page.locator("[data-chart=loss] .u-over").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 60, steps=4)
    page.mouse.up()
    page.wait_for_timeout(100)
    assert canvas.evaluate("(c) => c.toDataURL()") != whole
    page.mouse.move(1, 1)
    plot.focus()
    page.keyboard.press("Escape")
    page.wait_for_timeout(100)
    assert canvas.evaluate("(c) => c.toDataURL()") == whole


def test_a_logarithmic_axis_is_offered_for_the_loss(opened: Any, reports: dict[str, str]) -> None:
    page: Page = opened(reports["done"])
    canvas = page.locator("[data-chart=loss] canvas")
    linear = canvas.evaluate("(c) => c.toDataURL()")
    page.get_by_label("logarithmic").check()
    page.wait_for_timeout(100)
    assert canvas.evaluate("(c) => c.toDataURL()") != linear
    assert min(page.evaluate(INK)) > 0.002


def test_the_plan_can_be_searched(opened: Any, reports: dict[str, str]) -> None:
    page: Page = opened(reports["done"])
    page.locator("details.plan summary").click()
    page.get_by_label("Search").fill("LEARNING")
    rows = page.locator(".settings tr[data-kind]:visible")
    assert rows.count() == 1
    assert rows.first.inner_text().startswith("training.learning_rate")
    page.get_by_label("Search").fill("")
    page.get_by_label("without defaults").check()
    kinds = set(rows.evaluate_all("(all) => all.map((r) => r.dataset.kind)"))
    assert "default" not in kinds
    assert {"file", "command-line"} <= kinds


def test_what_a_user_wrote_is_not_run(opened: Any, tmp_path: Path) -> None:
    mark = (
        "</script><img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"
    )
    folder = write(tmp_path, Recipe(mark=mark))
    (tmp_path / "report.html").write_text(build(folder), encoding="utf-8")
    page: Page = opened((tmp_path / "report.html").as_uri())
    assert page.title() != "run"
    assert page.locator("img").count() == 0
    assert mark in page.locator("h1").inner_text()


def test_a_hundred_thousand_steps_are_drawn_at_once(opened: Any, tmp_path: Path) -> None:
    folder = write(tmp_path, Recipe(steps=100_000))
    (tmp_path / "report.html").write_text(build(folder), encoding="utf-8")
    began = time.perf_counter()
    page: Page = opened((tmp_path / "report.html").as_uri())
    assert min(page.evaluate(INK)) > 0.002
    assert time.perf_counter() - began < 20


def test_the_page_prints_light_with_its_charts(opened: Any, reports: dict[str, str]) -> None:
    page: Page = opened(reports["done"], 1440, "dark")
    printed = page.pdf(format="A4")
    ARTIFACTS.mkdir(exist_ok=True)
    (ARTIFACTS / "done.pdf").write_bytes(printed)
    assert printed.startswith(b"%PDF")
    light = "rgb(252, 252, 251)"
    paper = "getComputedStyle(document.body).backgroundColor"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(paper) == light
    widths = page.evaluate(
        "[...document.querySelectorAll('.plot canvas')].map((c) => c.clientWidth)"
    )
    assert widths
    assert max(widths) <= 660
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(paper) != light
