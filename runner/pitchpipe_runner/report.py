"""Stage 7: one HTML page that says what the run did, from its folder and nothing else."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

import pitchpipe_runner.reporting
from pitchpipe_runner.events import Events
from pitchpipe_runner.reporting import account, material
from pitchpipe_runner.reporting.charts import charts
from pitchpipe_runner.reporting.evaluation import evaluation
from pitchpipe_runner.reporting.forecast import forecast
from pitchpipe_runner.reporting.recording import read
from pitchpipe_runner.stages import move

REPORT = "report.html"

_HERE = Path(pitchpipe_runner.reporting.__file__).parent


def run(folder: Path, events: Events) -> dict[str, Any]:
    """Writes the page into the run folder."""
    size = write(folder)
    events.emit("artifact", stage="report", name="report", path=REPORT, bytes=size)
    return {"bytes": size}


def write(folder: Path) -> int:
    """Writes `report.html` into the run folder atomically, and gives its size in bytes."""
    temporary = folder / f"{REPORT}.tmp"
    temporary.write_text(build(folder), encoding="utf-8", newline="\n")
    move(temporary, folder / REPORT)
    return (folder / REPORT).stat().st_size


def build(run: Path) -> str:
    """The page for the run folder, whatever became of the run.

    It needs no network and no other file.
    """
    recording = read(run.resolve())
    drawn, plan = charts(recording), material.settings(recording)
    html = _template().render(
        title=account.title(recording),
        evaluation=evaluation(recording),
        charts=drawn,
        drawn=[chart.data for chart in drawn],
        forecast=forecast(recording),
        stages=account.stages(recording),
        data=material.data(recording),
        warnings=account.warnings(recording),
        exports=account.exports(recording),
        plan=plan,
        plan_said=material.settings_said(plan),
        versions=account.versions(recording),
        commands=account.commands(recording),
        train=recording.facts("train"),
        style=_asset("uplot/uPlot.min.css") + _asset("report.css"),
        script=_asset("uplot/uPlot.iife.min.js") + _asset("report.js"),
    )
    # JSON can hold halves of surrogate pairs, which no file can.
    return html.encode("utf-8", "replace").decode("utf-8")


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # `tojson` writes <, >, & and ' as escapes; without NaN, which is not JSON.
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    environment.filters["coded"] = _coded
    return environment.get_template("report.html.jinja")


@cache
def _asset(name: str) -> Markup:
    """A file of ours to be put into the page as it is."""
    return Markup((_HERE / name).read_text(encoding="utf-8"))


def _coded(text: str) -> Markup:
    """The text with what stands in backticks as code."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(text))))
