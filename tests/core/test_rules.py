"""Every rule has a page, and what the pages show is what happens."""

from __future__ import annotations

import inspect
import os
import re
from importlib import import_module
from pathlib import Path

import pytest

from pitchpipe.checks import RULES, Rule
from pitchpipe.findings import Finding, Severity
from pitchpipe.fixing import SAFE
from pitchpipe.ide.choices import HAVE_CHOICES
from support.analysis import analysis, lines_of, whole
from support.golden import check_golden

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "schemas" / "pitchpipe_schemas" / "checks"
TOO_LARGE = "file-too-large"
"""The parser's; no rule, because no page can show a file of that kind."""
SHOWN = 3
"""Findings that a page shows of its wrong example."""

RULE = pytest.mark.parametrize("rule", RULES, ids=[r.code for r in RULES])


def page(rule: Rule) -> str:
    file = PAGES / f"{rule.code}.md"
    assert file.exists(), f"write {file.relative_to(ROOT)}: why, wrong, right"
    return file.read_text(encoding="utf-8")


def example(rule: Rule, heading: str) -> str:
    match = re.search(rf"^## {heading}\n\n```yaml\n(.*?)```$", page(rule), re.MULTILINE | re.DOTALL)
    assert match, f"the page of {rule.code} needs a `## {heading}` with a yaml block"
    return whole(match[1])


def of(rule: Rule, findings: tuple[Finding, ...]) -> list[Finding]:
    return [f for f in findings if f.code == rule.code]


@RULE
def test_the_wrong_example_is_found_out_as_the_page_says(rule: Rule) -> None:
    text = example(rule, "Wrong")
    found = of(rule, analysis(text).findings)
    assert found, "the wrong example does not fire the rule"
    block = "```text\n" + "\n".join(lines_of(found[:SHOWN], text)) + "\n```"
    written = page(rule)
    if os.environ.get("UPDATE_GOLDEN"):
        written = re.sub(r"```text\n.*?\n```", lambda _: block, written, flags=re.DOTALL)
        (PAGES / f"{rule.code}.md").write_text(written, encoding="utf-8", newline="\n")
    assert block in written, "refresh the pages with UPDATE_GOLDEN=1"


@RULE
def test_the_right_example_has_nothing_wrong(rule: Rule) -> None:
    text = example(rule, "Right")
    assert lines_of(analysis(text).findings, text) == []


@RULE
def test_the_severity_is_the_registered_one(rule: Rule) -> None:
    found = of(rule, analysis(example(rule, "Wrong")).findings)
    assert {f.severity for f in found} == {rule.severity}
    assert f"*{rule.severity.value.capitalize()}: " in page(rule)


@RULE
def test_the_page_says_how_to_silence_it_and_that_is_true(rule: Rule) -> None:
    ending = silencing(rule)
    written = page(rule)
    if os.environ.get("UPDATE_GOLDEN"):
        written = written.partition("\n## Silencing\n")[0] + "\n" + ending
        (PAGES / f"{rule.code}.md").write_text(written, encoding="utf-8", newline="\n")
    assert written.endswith("\n" + ending), "refresh the pages with UPDATE_GOLDEN=1"
    text = f"# pitchpipe: ignore-file[{rule.code}]\n{example(rule, 'Wrong')}"
    left = of(rule, analysis(text).findings)
    assert bool(left) == (rule.severity is Severity.ERROR or rule.of_ignores is not None)


def silencing(rule: Rule) -> str:
    """The last section of a page."""
    if rule.of_ignores is not None:
        how = "Mend the comment, or remove it. No other comment silences what is said of one."
    elif rule.severity is Severity.ERROR:
        how = "An error keeps a file from running, so no comment silences it."
    else:
        how = (
            f"`# pitchpipe: ignore[{rule.code}]` at the end of the line, or on a line above it;\n"
            f"`# pitchpipe: ignore-file[{rule.code}]` above the first key is about the whole file."
        )
    return f"## Silencing\n\n{how}\n"


def test_the_index_lists_every_rule() -> None:
    rows = [
        f"| [`{rule.code}`](../schemas/pitchpipe_schemas/checks/{rule.code}.md) "
        f"| {rule.severity.value} | {mending(rule)} | {first_sentence(rule)} |\n"
        for rule in sorted(RULES, key=lambda rule: rule.code)
    ]
    mended = sum(bool(mending(rule)) for rule in RULES)
    count = {s: sum(rule.severity is s for rule in RULES) for s in Severity}
    check_golden(
        ROOT / "docs" / "checks.md",
        "# What is checked\n\n"
        "The language server, `pitchpipe check` and the runner, before it starts, find the same.\n"
        f"There are {len(RULES)} rules: {count[Severity.ERROR]} errors, with which a file doesn't "
        f"run, {count[Severity.WARNING]} warnings\nand {count[Severity.HINT]} hints. "
        f"For {mended} of them there is a fix, as far as their pages show it:\n"
        "`check --fix` takes those that are safe, editors offer the others and choices.\n"
        "`pitchpipe explain CODE` shows a rule's page.\n\n"
        "| code | severity | fix | what |\n|---|---|---|---|\n" + "".join(rows),
    )


def mending(rule: Rule) -> str:
    """How what the page shows can be mended."""
    if any(finding.fix for finding in of(rule, analysis(example(rule, "Wrong")).findings)):
        return "safe" if rule.code in SAFE else "yes"
    return "a choice" if rule.code in HAVE_CHOICES else ""


def first_sentence(rule: Rule) -> str:
    """Of what its function finds; of a rule without one, of its page."""
    function = rule.find or rule.of_source or rule.of_ignores
    later = inspect.getclosurevars(function).nonlocals if function else {}
    if "family" in later:  # it is imported when it is needed
        family = import_module(f"pitchpipe.checks.{later['family']}")
        function = getattr(family, later["rule"])
    text = (function and function.__doc__) or page(rule).split("\n\n")[2]
    return re.split(r"(?<=[.;]) ", " ".join(text.split()))[0].rstrip(".;").replace("|", "\\|")


def test_no_page_without_a_rule() -> None:
    # What is no text never reaches the core: who reads the file says so.
    others = {"not-utf-8", TOO_LARGE}
    assert {p.stem for p in PAGES.glob("*.md")} == {r.code for r in RULES} | others


def test_codes_are_kebab_case_and_told_apart() -> None:
    codes = [r.code for r in RULES]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code) for code in codes)


def test_what_the_parser_finds_is_registered() -> None:
    syntax = ROOT / "server" / "pitchpipe" / "syntax"
    source = "".join(p.read_text(encoding="utf-8") for p in sorted(syntax.glob("*.py")))
    codes = set(re.findall(r'Finding\(\s*"([a-z0-9-]+)"', source))
    found_by_a_rule = {r.code for r in RULES if r.find or r.of_source or r.of_ignores}
    assert {r.code for r in RULES} - found_by_a_rule == codes - {TOO_LARGE}


def test_messages_are_lower_case_without_a_full_stop() -> None:
    for rule in RULES:
        for finding in analysis(example(rule, "Wrong")).findings:
            first, last = finding.message[0], finding.message[-1]
            assert (
                first in "`0123456789" or first.islower() or finding.message.startswith("YAML")
            ), finding
            assert last not in ".!", finding
