"""The mistakes of `support.mistakes` are found, at the right line; docs/mistakes.md lists them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pitchpipe.findings import Finding, Severity
from pitchpipe.span import Lines
from support.analysis import analysis
from support.mistakes import MISTAKES, NATIVE, OLIVE, Expected, Mistake

PAGE = Path(__file__).parents[2] / "docs" / "mistakes.md"

INTRODUCTION = """\
# Mistakes, and what is said of them

Thirty-odd ways to get a fine-tuning file wrong, tried with Microsoft Olive 0.13.0: many of them it
finds after it has loaded the model, some never. Pitchpipe finds each before any model is loaded, in
Olive's files and in its own, at the line where it is. A test writes this table and holds it.

The exit code is that of `pitchpipe check`: 1 for errors, 0 for warnings and hints, with which a
file runs, as it is meant. Each code has a page: `pitchpipe explain CODE`.

| # | mistake | in an Olive file | exit | natively | exit |
|---|---|---|---|---|---|
"""

ON_THE_COMMAND_LINE = """
On the command line and in a run:

| # | mistake | what is said | exit |
|---|---|---|---|
"""

COMMANDS = (
    ("`pitchpipe finetune --method lroa`", "which methods there are"),
    ("`pitchpipe finetune --max_stepz 2`", "that there is no such option, and which was meant"),
    (
        "`report_to: tensorboard`, and the package is not installed",
        "`package-missing`, before anything is loaded",
    ),
)

CLOSING = """
QLoRA on a CPU, against which Olive's documentation warns, is no mistake.
"""


def found(text: str, mistake: Mistake) -> tuple[Finding, ...]:
    return analysis(text, overrides=mistake.settings, path="/home/me/project/f.yaml").findings


def fitting(text: str, expected: Expected, mistake: Mistake) -> Finding | None:
    """The finding that is expected; None also where none is."""
    lines = Lines(text)
    for finding in found(text, mistake):
        if finding.code == expected.code and lines.place(finding.span).line == expected.line:
            return finding
    return None


def cells(case: tuple[str, Expected] | None, mistake: Mistake) -> str:
    if case is None:
        return "– | –"
    finding = fitting(*case, mistake)
    code = 1 if any(f.severity is Severity.ERROR for f in found(case[0], mistake)) else 0
    said = f"{finding.severity.value} `{finding.code}`" if finding else "–"
    return f"{said} | {code}"


@pytest.mark.parametrize("text", [OLIVE, NATIVE], ids=["olive", "native"])
def test_without_mistakes_nothing_is_said(text: str) -> None:
    assert [f.code for f in analysis(text, path="/home/me/project/f.yaml").findings] == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=[m.name for m in MISTAKES])
def test_each_mistake_is_found_at_its_line(mistake: Mistake) -> None:
    for case in (mistake.olive, mistake.native):
        if case is None:
            continue
        text, expected = case
        codes = [(f.code, Lines(text).place(f.span).line) for f in found(text, mistake)]
        if expected.code is None:
            errors = [f for f in found(text, mistake) if f.severity is not Severity.HINT]
            assert errors == []
        else:
            assert fitting(text, expected, mistake) is not None, codes


def test_the_page_lists_them_all() -> None:
    rows = [
        f"| {number} | {m.name} | {cells(m.olive, m)} | {cells(m.native, m)} |\n"
        for number, m in enumerate(MISTAKES, start=1)
    ]
    commands = [
        f"| {number} | {name} | {what} | 2 |\n"
        for number, (name, what) in enumerate(COMMANDS, start=len(MISTAKES) + 1)
    ]
    page = INTRODUCTION + "".join(rows) + ON_THE_COMMAND_LINE + "".join(commands) + CLOSING
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(page, encoding="utf-8", newline="\n")
    assert PAGE.read_text(encoding="utf-8") == page, "refresh the page with UPDATE_GOLDEN=1"
