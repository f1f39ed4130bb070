"""Every rule has a page, and what the pages show is what happens."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from pitchpipe.checks import RULES, Rule
from pitchpipe.findings import Finding
from support.analysis import analysis, lines_of, whole

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "schemas" / "pitchpipe_schemas" / "checks"
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


def test_no_page_without_a_rule() -> None:
    # What is no text never reaches the core: who reads the file says so.
    from_edges = {"not-utf-8"}
    assert {p.stem for p in PAGES.glob("*.md")} == {r.code for r in RULES} | from_edges


def test_codes_are_kebab_case_and_told_apart() -> None:
    codes = [r.code for r in RULES]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code) for code in codes)


def test_what_the_parser_finds_is_registered() -> None:
    syntax = ROOT / "server" / "pitchpipe" / "syntax"
    source = "".join(p.read_text(encoding="utf-8") for p in sorted(syntax.glob("*.py")))
    codes = set(re.findall(r'Finding\(\s*"([a-z0-9-]+)"', source))
    found_by_a_rule = {r.code for r in RULES if r.find or r.of_source or r.of_ignores}
    assert {r.code for r in RULES} - found_by_a_rule == codes


def test_messages_are_lower_case_without_a_full_stop() -> None:
    for rule in RULES:
        for finding in analysis(example(rule, "Wrong")).findings:
            first, last = finding.message[0], finding.message[-1]
            assert first == "`" or first.islower() or finding.message.startswith("YAML"), finding
            assert last not in ".!", finding
